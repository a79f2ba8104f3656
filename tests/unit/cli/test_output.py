"""What is written is safe for any terminal, and a stream that fails is given up quietly."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from engine import RunStatus, TaskStatus
from highway_tui.glyphs import GLYPHS
from highway_tui.output import Output, cells, clean, shorten, speaks_utf8


class _Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _terminal(encoding: str = "utf-8") -> _Terminal:
    return _Terminal(io.BytesIO(), encoding=encoding)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("TERM", "xterm")


def test_every_status_has_a_glyph() -> None:
    """No state is without a look, and every ASCII sign is ASCII."""
    assert {*RunStatus, *TaskStatus} == set(GLYPHS)
    assert all(look.ascii.isascii() and 1 == len(look.ascii) == len(look.unicode) for look in GLYPHS.values())


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours; a pipe, a dumb terminal and NO_COLOR get none."""
    assert "\x1b[32m✓\x1b[0m" == Output(_terminal()).glyph("succeeded")
    assert "✓" == Output(io.StringIO()).paint("✓", "green")
    monkeypatch.setenv("TERM", "dumb")
    assert "v" == Output(_terminal()).glyph("succeeded")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "✓" == Output(_terminal()).glyph("succeeded")


@pytest.mark.parametrize(
    ("variable", "value", "encoding", "speaks"),
    [
        ("LANG", "de_DE.UTF-8", "utf-8", True),
        ("LC_ALL", "C.utf8", "utf-8", True),
        ("LC_ALL", "C", "utf-8", False),
        ("LC_ALL", "POSIX", "utf-8", False),
        ("LC_CTYPE", "de_DE.ISO-8859-1", "utf-8", False),
        ("LANG", "de_DE.UTF-8", "latin-1", False),
    ],
)
def test_unicode_needs_locale_and_stream(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, encoding: str, speaks: bool
) -> None:
    """Only where both say UTF-8 are signs drawn that need it."""
    monkeypatch.setenv(variable, value)

    assert speaks == speaks_utf8(_terminal(encoding))


def test_text_becomes_one_harmless_line() -> None:
    """Escapes, line ends and tabs of data do not reach the terminal, colours of data neither."""
    cleaned = clean("one\ntwo\tthree \x1b]52;c;AAAA\x07 \x1b[31mred\x1b[0m \x9b2J")

    assert "one two three" in cleaned
    assert not {"\x1b", "\n", "\t", "\x07", "\x9b"} & set(cleaned)
    assert "plain" == clean("plain")


def test_task_output_keeps_its_colours_on_a_terminal_only() -> None:
    """What a task coloured is coloured where colours are shown, and always ends."""
    assert "\x1b[31mred\x1b[0m" == Output(_terminal()).printed("\x1b[31mred")
    assert "red" == Output(io.StringIO()).printed("\x1b[31mred")


def test_widths_are_cells() -> None:
    """Wide characters take two cells, combining ones none."""
    assert (3, 4, 1) == (cells("abc"), cells("日本"), cells("e\u0301"))
    assert ("short", "lo...") == (shorten("short", 5), shorten("longer", 5))


def test_json_is_ascii_on_one_line() -> None:
    """A JSON document cannot carry a control character to a terminal."""
    stream = io.StringIO()

    Output(stream).json({"text": "ä\x9b\n", "n": 1})

    assert '{"text":"\\u00e4\\u009b\\n","n":1}\n' == stream.getvalue()


def test_a_stream_that_fails_is_given_up(tmp_path: Path) -> None:
    """After the first failure nothing is written, and nothing raises."""
    file = (tmp_path / "out").open("w", buffering=1, encoding="utf-8")
    reading_only = (tmp_path / "out").open("rb", buffering=0)
    with file, reading_only:
        import os

        os.dup2(reading_only.fileno(), file.fileno())
        out = Output(file)
        out.line("lost")
        assert out.is_closed()
        out.line("lost too")
        out.flush()
