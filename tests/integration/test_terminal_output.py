"""What reaches a terminal when everything that a run shows is hostile: by the bytes at the other end of a pty."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from .cli import Cli

_EVIL: Final = (
    "\x1b]52;c;RVZJTA==\x07 \x9d52;c;RVZJTA==\x9c \x1bP$qEVIL\x1b\\ \x1b[2J\x1b[6n\x1b[10;10H\x1b[?1049h \x9b2J \x1bc "
    "\x1b]0;EVIL\x07 \x1b_EVIL\x1b\\ \u202eEVIL\u2066 \u200b \x08\x07\x00 \x1b[31mred\x1b[0m end \x1b]52;c;RVZJTA=="
)
"""Clipboard, status query, clearing, moving, reset, title, bidi; colour, which is allowed; and one that never ends."""
_SGR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_OPENED: Final = re.compile(
    r"(?:\x1b[\]P_^X]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:EVIL|RVZJTA|52;c)|\x1bc|\u202e|\u2066"
)
"""For the UI, which sends sequences of its own: a control string with our words in it, a reset, bidi."""

_FLOW: Final = r"""
name: "flow EVIL_TEXT"
description: "EVIL_TEXT"
variables: {"key EVIL_TEXT": "EVIL_TEXT"}
tasks:
  says: {run: "cat evil.bin; cat evil.bin >&2", result_key: said, description: "EVIL_TEXT"}
  halves:
    run: |
      printf '\033'; sleep 0.1; printf ']52;c;RVZJ'; sleep 0.1; printf 'TA==\007'
      printf '\302'; sleep 0.1; printf '\2332J'; echo
  keeps: {dependencies: [says], function: memory.set, args: ["m EVIL_TEXT", "{{ results.said }}"]}
  fails: {run: "cat evil.bin >&2; exit 3", continue_on_error: true}
  raises: {function: "./evil.py:boom", continue_on_error: true, retry: {max_attempts: 2, delay: 10ms}}
  missing: {function: "no.such EVIL_TEXT", continue_on_error: true}
  skipped: {run: "true", when: "variables['key EVIL_TEXT'] == 'x'"}
"""


def _in_yaml(text: str) -> str:
    """Write a text for a double-quoted scalar."""
    return "".join(char if char.isascii() and char.isprintable() else f"\\u{ord(char):04x}" for char in text)


@pytest.fixture
def hostile(cli: Cli) -> Cli:
    """The command line beside a hostile workflow."""
    (cli.folder / "evil.bin").write_bytes(_EVIL.encode() + b"\xff\x9b2J\x9d52;c;RVZJTA==\n")
    cli.write("evil.py", f"def boom():\n    raise ValueError({_EVIL!r})\n")
    plain = _EVIL.replace("\x00", "")
    cli.write("flow.yaml", _FLOW.replace("EVIL_TEXT", _in_yaml(plain.replace("'", ""))))
    return cli


class _Terminal:
    """The other end of a pty."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        self.process = process
        self.fd = fd
        self.seen = b""

    def read(self, seconds: float) -> bool:
        """Take what arrives within the time; False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program is gone
            return False
        self.seen += data
        return bool(data)

    def press(self, key: bytes) -> None:
        """Press a key and leave it alone for a while: an escape right before another key is a different key."""
        os.write(self.fd, key)
        end = time.monotonic() + 0.3
        while (left := end - time.monotonic()) > 0 and self.read(left):
            pass

    def read_until(self, text: bytes, seconds: float = 40.0) -> None:
        """Read until `text` was seen."""
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end and self.read(0.1):
            pass
        assert text in self.seen, self.seen[-2000:]

    def rest(self, seconds: float = 40.0) -> str:
        """Read to the end and return everything as text; bytes that are no UTF-8 stay visible."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(0.1):
            pass
        return self.seen.decode("utf-8", "backslashreplace")


@contextmanager
def _terminal(cli: Cli, *arguments: str) -> Iterator[_Terminal]:
    """Run a verb in a terminal of 120x40."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        cli.command(*arguments),
        cwd=cli.folder,
        env=cli.environment(TERM="xterm-256color"),
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    try:
        yield _Terminal(process, parent)
    finally:
        process.kill()
        process.wait(10)
        os.close(parent)


def _shown(cli: Cli, *arguments: str) -> str:
    with _terminal(cli, *arguments) as terminal:
        return terminal.rest()


def _forbidden(text: str) -> list[str]:
    """Return what must not be there, colours and line ends aside, each with what stands around it."""
    plain = _SGR.sub("", text)
    return [repr(plain[max(0, at - 30) : at + 30]) for at in (found.start() for found in _FORBIDDEN.finditer(plain))]


def test_no_verb_lets_control_sequences_through(hostile: Cli) -> None:
    """Output of tasks, their errors, names and values: printable text and colour alone, on stdout and stderr."""
    verbs = {
        "run": ["flow.yaml", "--no-ui", "-v"],
        "show": ["show", "@latest"],
        "show says": ["show", "@latest/says"],
        "show raises": ["show", "@latest/raises"],
        "logs": ["logs", "@latest"],
        "logs says": ["logs", "@latest", "says"],
        "runs": ["runs"],
        "validate": ["validate", "flow.yaml"],
        "resume": ["resume", "@latest", "--no-ui"],
        "json": ["flow.yaml", "--no-ui", "--json"],
        "show --json": ["show", "@latest", "--json"],
    }
    shown = {verb: _shown(hostile, *arguments) for verb, arguments in verbs.items()}

    assert {} == {verb: found for verb, text in shown.items() if (found := _forbidden(text))}
    assert all("red end" in shown[verb] or "red\x1b[0m end" in shown[verb] for verb in ("run", "show", "logs", "json"))
    assert "\x1b[31mred" in shown["logs says"]


def test_what_is_typed_and_found_is_cleaned(cli: Cli) -> None:
    """Names of files, references and keys with errors come back as text."""
    name = f"f{_EVIL.replace(chr(0), '').replace('/', '')}.yaml"[:100]
    cli.write(name, 'tasks:\n  "a ' + _in_yaml(_EVIL) + '": {run: x, "' + _in_yaml(_EVIL) + '": 1}\n')
    reference = _EVIL.replace("\x00", "")
    shown = [
        _shown(cli, "validate", name),
        _shown(cli, name, "--no-ui"),
        _shown(cli, "show", reference),
        _shown(cli, "resume", reference, "--no-ui"),
        _shown(cli, "cancel", reference),
        _shown(cli, reference),
        _shown(cli, "--log-file", reference, name, "--no-ui"),
        _shown(cli, name, "--no-ui", "-p", reference),
    ]

    assert [] == [found for text in shown for found in _forbidden(text)]
    assert all(text.strip() for text in shown)


def test_the_ui_lets_no_control_sequence_of_a_run_through(hostile: Cli) -> None:
    """Task list, graph, log, variables and problems of a hostile run, until it is over and left."""
    with _terminal(hostile, "flow.yaml") as terminal:
        terminal.read_until(b"skipped")
        for key in (b"\t", b"\t", b"l", b"v", b"p", b"g", b"?", b"\x1b", b"j", b"j", b"\r", b"\x1b"):
            terminal.press(key)
        end = time.monotonic() + 30
        while time.monotonic() < end and "succeeded" not in hostile("runs").out:
            terminal.read(0.2)
        end = time.monotonic() + 30
        while time.monotonic() < end and b"<U+202E>" not in terminal.seen:  # until a hostile text is on the screen
            terminal.press(b"j")
        os.write(terminal.fd, b"q")
        text = terminal.rest(5.0)

    assert [] == [repr(found.group()) for found in _OPENED.finditer(text)]
    assert "<U+202E>" in text
