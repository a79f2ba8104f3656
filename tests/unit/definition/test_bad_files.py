"""Every code of the catalogue, on a file that deserves it, with its exact place and words."""

import os
import re
import socket
from pathlib import Path
from typing import Final

import pytest

from engine.definition.catalogue import CATALOGUE
from engine.definition.document import Limits
from engine.definition.loading import Loaded, load_text, load_workflow

_TABLE: Final = Path(__file__).with_name("bad_files.txt").read_text("utf-8")
_CASES: Final = [
    (name, *body.rsplit("---\n", 1))
    for name, body in (part.split("\n", 1) for part in re.split(r"^=== ", _TABLE, flags=re.MULTILINE)[1:])
]
_TOOLS: Final = frozenset(
    {"command.run", "fetch.get", "log.info", "memory.increment", "memory.set", "shell.run"},
)
_SMALL: Final = Limits(size_bytes=2_000, depth=8, aliases=3, nodes=200, tasks=2)
_ODD_FILES: Final = [
    (
        "100,000 brackets",
        b"tasks: " + b"[" * 100_000,
        Limits(),
        "1:71-72 E-DEPTH lists and maps are nested more than 64 deep",
    ),
    (
        "100,000 brackets in keys",
        b"{a: " * 100_000,
        Limits(),
        "1:257-258 E-DEPTH lists and maps are nested more than 64 deep",
    ),
    (
        "depth through aliases",
        b"a: &a [[[[x]]]]\nb: [[[[*a]]]]\n",
        _SMALL,
        "2:8-10 E-DEPTH lists and maps are nested more than 8 deep",
    ),
    ("aliases", b"a: &a x\nb: [*a, *a, *a, *a]\n", _SMALL, "2:17-19 E-ALIASES the file uses more than 3 aliases"),
    (
        "billion laughs",
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(9)),
        Limits(),
        "6:4-4 E-NODES the file holds more than 1,000,000 values, aliases expanded",
    ),
    (
        "values",
        b"a: [%s]\n" % (b"x," * 300),
        _SMALL,
        "1:403-403 E-NODES the file holds more than 200 values, aliases expanded",
    ),
    ("size", b"# %s\n" % (b"x" * 2_000), _SMALL, "1:1-1 E-TOO-BIG the file is larger than 2,000 bytes"),
    (
        "tasks",
        b"tasks:\n  a: {run: x}\n  b: {run: x}\n  c: {run: x}\n",
        _SMALL,
        "4:3-4 E-TASKS the file holds more than 2 tasks",
    ),
    (
        "NUL",
        b"tasks:\n  a: {run: 'x\0y'}\n",
        Limits(),
        (
            "2:14-15 E-CHARACTER the character U+0000 is not allowed"
            " | remove it, or write it as an escape in double quotes"
        ),
    ),
    (
        "UTF-16",
        "tasks: {}".encode("utf-16"),
        Limits(),
        "1:1-1 E-ENCODING the file is UTF-16, not UTF-8 | save it as UTF-8",
    ),
    (
        "UTF-32",
        "tasks: {}".encode("utf-32"),
        Limits(),
        "1:1-1 E-ENCODING the file is UTF-32, not UTF-8 | save it as UTF-8",
    ),
    (
        "Latin-1",
        b"version: 1\nname: caf\xe9\n",
        Limits(),
        "2:10-10 E-ENCODING the byte 0xe9 is no UTF-8 | save the file as UTF-8",
    ),
    (
        "long expression",
        b"tasks:\n  a: {function: log.info, args: ['{{ 1%s }}']}\n" % (b" + 1" * 1_100),
        Limits(),
        "2:37-4440 E-TOO-LARGE the expression is longer than 4096 bytes",
    ),
]


def _said(loaded: Loaded) -> list[str]:
    return [
        f"{p.line}:{p.column}-{p.end_column} {p.code} {p.message}" + (f" | {p.fix}" if p.fix else "")
        for p in loaded.problems
    ]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in _CASES], ids=[case[0] for case in _CASES])
def test_everything_is_said_at_once_with_its_place(text: str, expected: str) -> None:
    """A file gets all its problems in file order, and a plan exactly when none is an error."""
    loaded = load_text(text.encode(), "flow.yaml", tools=_TOOLS)

    assert expected.splitlines() == _said(loaded)
    assert (loaded.plan is None) == any(p.severity == "error" for p in loaded.problems)
    assert {p.file for p in loaded.problems} == {"flow.yaml"}


@pytest.mark.parametrize(
    ("source", "limits", "expected"), [case[1:] for case in _ODD_FILES], ids=[case[0] for case in _ODD_FILES]
)
def test_odd_bytes_and_limits_give_one_clean_problem(source: bytes, limits: Limits, expected: str) -> None:
    """What no reader should be handed ends in one problem, never in a crash."""
    loaded = load_text(source, "flow.yaml", limits=limits)

    assert [expected] == _said(loaded)
    assert loaded.plan is None


def test_every_code_of_the_catalogue_is_shown_on_a_file() -> None:
    """The tables, and the test of nested files, leave no code out and use none that is not in the catalogue."""
    tables = _TABLE + "\n".join(case[3] for case in _ODD_FILES)
    shown = set(re.findall(r"^[0-9:-]+ ([EWI]-[A-Z-]+) ", tables, flags=re.MULTILINE)) | {"E-NESTED"}

    assert set(CATALOGUE) == shown


def test_a_byte_order_mark_and_crlf_are_tolerated() -> None:
    """What editors on Windows write is read, and columns do not count the mark."""
    loaded = load_text(b"\xef\xbb\xbfnam: x\r\ntasks:\r\n  a: {run: echo}\r\n", "flow.yaml")

    assert ["1:1-4 E-UNKNOWN-KEY unknown key `nam` of the workflow | did you mean `name`?"] == _said(loaded)


def _unreadable(folder: Path, kind: str) -> str:
    """Make something that is no readable file and return its path."""
    path = folder / "flow.yaml"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            return "/dev/null"
        case "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
        case "folder that is a file":
            path.write_text("tasks: {}")
            return str(path / "flow.yaml")
        case "loop of links":
            path.symlink_to(path)
        case "name with NUL":
            return f"{path}\0"
    return str(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "the file does not exist"),
        ("directory", "the file cannot be read: it is a directory"),
        ("pipe", "the file cannot be read: it is a named pipe"),
        ("device", "the file cannot be read: it is a device"),
        ("socket", "the file cannot be read: it is a socket"),
        ("folder that is a file", "the file does not exist"),
        ("loop of links", "the file cannot be read: too many levels of symbolic links"),
        ("name with NUL", "the file cannot be read: its name is none"),
    ],
)
def test_what_is_no_regular_file_is_never_opened(tmp_path: Path, kind: str, message: str) -> None:
    """A path that leads to no readable file gives E-FILE, at once, for a pipe too."""
    path = _unreadable(tmp_path, kind)
    loaded = load_workflow(path)

    assert [("E-FILE", message, path)] == [(p.code, p.message, p.file) for p in loaded.problems]
    assert loaded.plan is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    """A file that must not be read gives E-FILE."""
    path = tmp_path / "flow.yaml"
    path.write_text("tasks: {}")
    path.chmod(0)

    assert ["the file cannot be read: permission denied"] == [p.message for p in load_workflow(str(path)).problems]


def test_a_file_over_the_limit_is_not_read_whole(tmp_path: Path) -> None:
    """The limit holds while reading, so that an endless file ends."""
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"#" * 3_000)

    problems = load_workflow(str(path), limits=_SMALL).problems
    assert [("E-TOO-BIG", "the file is larger than 2,000 bytes")] == [(p.code, p.message) for p in problems]
