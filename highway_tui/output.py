"""What the command line writes, line by line. Data goes through `clean`; a reader that leaves is no error."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import lru_cache
from typing import Final, TextIO

from .glyphs import GLYPHS

_SGR: Final = {
    "grey": "90",
    "purple": "35",
    "blue": "1;36",
    "orange": "33",
    "yellow": "33",
    "green": "32",
    "red": "1;31",
    "error": "1;31",
    "warning": "33",
    "info": "36",
    "dim": "2",
}
"""By the hues of `glyphs.py`, the severities of problems, and `dim`; the terminal chooses the shades."""

_ASCII_TERMINALS: Final = frozenset({"linux", "dumb"})


class Output:
    """One stream, used by one thread. After its reader has left, writing does nothing."""

    def __init__(self, stream: TextIO | None = None, *, ascii_only: bool = False) -> None:
        """`stream` is stdout where None; `ascii_only` adds to what locale and terminal ask for."""
        self._stream = sys.stdout if stream is None else stream
        is_terminal = self._stream.isatty()
        terminal = os.environ.get("TERM", "")
        self.colour = is_terminal and not os.environ.get("NO_COLOR") and terminal != "dumb"
        self.ascii_only = ascii_only or not speaks_utf8(self._stream) or (is_terminal and terminal in _ASCII_TERMINALS)
        self._closed = False

    def is_closed(self) -> bool:
        """Whether the reader has left, so that nothing more needs to be made for it."""
        return self._closed

    def line(self, text: str = "") -> None:
        """Write one line. The caller has cleaned what is data in it."""
        self._write(text + "\n")

    def raw(self, text: str) -> None:
        """Write `text` as it is."""
        self._write(text)

    def json(self, document: object) -> None:
        """Write one JSON document on one line."""
        import json

        self.line(json.dumps(document, ensure_ascii=True, separators=(",", ":")))

    def flush(self) -> None:
        """Hand over what is buffered."""
        if not self._closed:
            try:
                self._stream.flush()
            except OSError:
                self._give_up()

    def paint(self, text: str, hue: str) -> str:
        """Colour `text` where the stream shows colours."""
        return f"\x1b[{_SGR[hue]}m{text}\x1b[0m" if self.colour else text

    def printed(self, text: str) -> str:
        """Output of a task, sanitised already: with its own colours only where the stream shows colours."""
        if "\x1b" not in text:
            return text
        from engine import sanitize

        return f"{text}\x1b[0m" if self.colour else sanitize(text, keep_sgr=False)

    def glyph(self, status: str) -> str:
        """Painted sign of a run's or task's status."""
        look = GLYPHS[status]
        return self.paint(look.ascii if self.ascii_only else look.unicode, look.hue)

    def word(self, status: str, width: int = 0) -> str:
        """Painted word of a status, padded to `width` cells."""
        return self.paint(status.ljust(width), GLYPHS[status].hue)

    def _write(self, text: str) -> None:
        if not self._closed:
            try:
                self._stream.write(text)
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        """Point the stream at nowhere, so that neither we nor Python's exit stumble over it again."""
        self._closed = True
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def speaks_utf8(stream: TextIO) -> bool:
    """Whether locale and stream agree on UTF-8. Python writes UTF-8 under `LC_ALL=C` too, but the terminal may not."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "UTF-8")
    return all("utf8" in name.lower().replace("-", "") for name in (locale, stream.encoding or ""))


def clean(text: str) -> str:
    """One printable line, without colours, of whatever a file, a task or an error said."""
    if text.isascii() and text.isprintable():
        return text
    from engine import sanitize

    return " ".join(sanitize(text, keep_sgr=False).split("\n")).replace("\t", " ")


def shorten(text: str, limit: int) -> str:
    """Cut cleaned `text` to `limit` characters, the cut marked."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def cells(text: str) -> int:
    """Width of cleaned text in terminal cells."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def clock(at: float) -> str:
    """`HH:MM:SS` in the person's own zone."""
    return _clock(int(at))


@lru_cache(maxsize=16)
def _clock(second: int) -> str:
    import time

    return time.strftime("%H:%M:%S", time.localtime(second))


def complain(text: str) -> None:
    """Write one diagnostic to stderr; `text` is cleaned here."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"highway-tui: {clean(text)}\n")
        sys.stderr.flush()
