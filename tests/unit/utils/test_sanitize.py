"""Foreign text on its way to the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.utils.sanitize import Sanitizer, sanitize

PIECES = st.sampled_from(
    [
        *("\x1b", "[", "]", "P", "m", "31", ";", "\\", "\x07", "\x9b", "\x9d", "\x9c", "\x90", "\r", "\n", "\t", "c"),
        *("text", "é", "\u202e", "\u200b", "\x00", "\x18", "\ud800", "\x7f", "0", "?", " ", "(", "\x1b[1m", "\x1b]0;x"),
    ]
)
STREAMS = st.lists(PIECES | st.text(max_size=3), max_size=20)
SAFE = re.compile(
    r"(?:\x1b\[[0-9;:]*m|[^\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff])*"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("größe 数 👍", "größe 数 👍"),
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx"),
        ("\x9b1mx", "\x1b[1mx"),
        ("a\x1b[2Jb\x1b[10;5Hc\x1b[6nd\x1b[?25le", "abcde"),
        ("a\x1b[>4;2mb", "ab"),
        ("a\x1b[1 mb", "ab"),
        ("a\x1b]0;title\x07b\x1b]52;c;Zm9v\x1b\\c", "abc"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1bP1$r0m\x1b\\b\x90q\x9cc\x1b_x\x1b\\d\x1b^y\x1b\\e\x1bXz\x1b\\f", "abcdef"),
        ("a\x1b]0;never closed\nb", "a\nb"),
        ("a\x1b]0;never closed", "a"),
        ("a\x1b]0;cut by\x1b[1mb", "a\x1b[1mb"),
        ("a\x1b]0;cut\x18b", "ab"),
        ("a\x1bcb\x1b7c\x1b(0d\x1b#8e", "abcde"),
        ("a\x1b", "a"),
        ("a\x1b[", "a"),
        ("a\x1b[31", "a"),
        ("\x1b\x1b[1mx", "\x1b[1mx"),
        ("a\x1b[31\nb", "a\nb"),
        ("a\x00\x07\x08\x0b\x0c\x0e\x7f\x85\x9ab", "ab"),
        ("1%\r2%\r\n3%\r\r\n4%\r", "1%\n2%\n3%\n4%\n"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u2028f\U000e0041g", "a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>e<U+2028>f<U+E0041>g"),
        ("a\udc80b", "a\ufffdb"),
        ("", ""),
    ],
)
def test_only_text_and_colour_remain(text: str, expected: str) -> None:
    """What could move, query, rename or reorder is gone or visible; the rest is kept to the letter."""
    assert expected == sanitize(text)


def test_colour_goes_where_it_is_not_wanted() -> None:
    """Names and errors have no colour."""
    assert "red" == sanitize("\x1b[31mred\x9b0m", keep_sgr=False)


@given(STREAMS, st.booleans())
def test_result_is_safe(pieces: list[str], keep_sgr: bool) -> None:
    """No control character but newline and tab is left, and escapes only as colour."""
    safe = sanitize("".join(pieces), keep_sgr=keep_sgr)

    assert SAFE.fullmatch(safe)
    assert keep_sgr or "\x1b" not in safe


@given(STREAMS)
def test_chunks_make_no_difference(pieces: list[str]) -> None:
    """A sequence that is split over reads is treated as one that is not."""
    sanitizer = Sanitizer()
    fed = "".join(map(sanitizer.feed, pieces)) + sanitizer.finish()

    assert sanitize("".join(pieces)) == fed


@given(STREAMS)
def test_safe_text_stays_as_it_is(pieces: list[str]) -> None:
    """Sanitizing twice changes nothing more."""
    safe = sanitize("".join(pieces))

    assert safe == sanitize(safe)


@pytest.mark.parametrize("start", ["\x1b]0;", "\x1b[", "\x1b[1", "\x1b(", "\r", "\x1bP"])
def test_little_is_held_back(start: str) -> None:
    """However long a sequence goes on, only a few hundred characters of it are kept."""
    sanitizer = Sanitizer()
    sanitizer.feed(start)
    for filler in ("0" * 10_000, ";" * 10_000, " " * 10_000, "\r" * 10_000):
        sanitizer.feed(filler)
        assert len(sanitizer._held) < 400


def test_unclosed_string_hides_one_line() -> None:
    """Output after the line with an unterminated OSC is shown."""
    sanitizer = Sanitizer()

    assert ["a", "", "\nshown"] == [
        sanitizer.feed("a\x1b]52;c;"),
        sanitizer.feed("QUJD"),
        sanitizer.feed("REVG\nshown"),
    ]
