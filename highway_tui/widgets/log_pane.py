"""The log of one task: the newest lines, coloured by level, following until a person scrolls.
Holds a bounded number of lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from .. import cells
from ..keymap import Place, bindings_of
from .text_pane import Line, TextPane

if TYPE_CHECKING:
    from engine import LogLine

MAX_LINES: Final = 5000
"""Older lines are in the file only."""
MAX_CHARS: Final = 2000
"""A longer line is cut on the screen, not in the file."""
_STAMP: Final = 13
_TOKENS: Final = {"error": "state-failed", "warning": "state-waiting", "debug": "hw-dim", "info": "foreground"}


class LogPane(TextPane):
    """Shows what a task wrote."""

    PLACES: ClassVar[tuple[Place, ...]] = ("log", "text")
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")
    """Besides those of every text pane."""

    class Following(Message):
        """Following began or ended."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty and following."""
        super().__init__(id=id)
        self._log: deque[LogLine | str] = deque(maxlen=MAX_LINES)
        self._empty = ""
        self.following = True
        self.wrapping = False
        self.total = 0
        """Lines read so far."""

    def clear(self, empty: str) -> None:
        """Forget everything and say `empty` until there are lines."""
        self._log.clear()
        self._empty = empty
        self.total = 0
        self.following = True
        self._build()

    def say_empty(self, empty: str) -> None:
        """Say something else where there are no lines."""
        if empty != self._empty and not self._log:
            self._empty = empty
            self._build()

    def append(self, lines: Iterable[LogLine | str]) -> None:
        """Add lines; a plain text is a heading of ours, such as the number of an attempt."""
        before = len(self._log)
        new = list(lines)
        if not new:
            return
        self._log.extend(new)
        self.total += sum(1 for line in new if not isinstance(line, str))
        if before and before + len(new) <= MAX_LINES:
            self._add([part for line in new for part in self._paint(line)])
        else:
            self._build()

    def _build(self) -> None:
        lines = [part for line in self._log for part in self._paint(line)]
        if not lines and self._empty:
            lines = [[Segment(f" {cells.clean(self._empty)}", self.ink("hw-dim"))]]
        self.set_lines(lines)
        self._keep_up()

    def _add(self, lines: list[Line]) -> None:
        self.lines += lines
        width = max(sum(segment.cell_length for segment in line) for line in lines)
        self.virtual_size = Size(max(self.virtual_size.width, width), len(self.lines))
        self.refresh()
        self._keep_up()

    def _keep_up(self) -> None:
        if self.following:
            self.scroll_to(y=max(0, len(self.lines) - self.scrollable_content_region.height), animate=False, force=True)

    def _paint(self, line: LogLine | str) -> list[Line]:
        if isinstance(line, str):
            return [[Segment(f" ── {line} ──", self.ink("hw-dim"))]]
        stamp = datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
        level = (line.level or "").lower()
        token = _TOKENS.get(level, "state-waiting" if line.stream == "stderr" else "foreground")
        style = self.ink(token, bold=level == "error")
        word = f"{level.upper():<8}" if level in {"error", "warning", "debug"} else ""
        parts = self._wrapped([Segment(word, style)] * bool(word) + self._coloured(line.text[:MAX_CHARS], style))
        dim = self.ink("hw-dim")
        rest = Segment(" " * (_STAMP + 1), dim)
        return [[Segment(f" {stamp} ", dim) if number == 0 else rest, *part] for number, part in enumerate(parts)]

    def _coloured(self, text: str, style: Style) -> Line:
        """Make segments of output, with the colours that it brought itself over `style`."""
        if "\x1b" not in text:
            return [Segment(cells.clean(text), style)]
        from engine import sanitize

        kept = " ".join(sanitize(text, keep_sgr=True).split("\n")).replace("\t", " ")
        parts = Text.from_ansi(kept, end="").render(self.app.console)
        return [Segment(part.text, style if part.style is None else style + _visible(part.style)) for part in parts]

    def _wrapped(self, line: Line) -> list[Line]:
        width = self.scrollable_content_region.width - _STAMP - 1
        if not self.wrapping or width <= 8 or sum(segment.cell_length for segment in line) <= width:
            return [line]
        places: list[int] = []
        for part in chop_cells("".join(segment.text for segment in line), width):
            places.append(cell_len(part) + (places[-1] if places else 0))
        return [list(part) for part in Strip(line).divide(places)]

    def on_resize(self) -> None:
        """Wrap again, and keep the end in sight."""
        if self.wrapping:
            self._build()
        self._keep_up()

    def repaint(self) -> None:
        """Take the colours of another theme."""
        self._build()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        bottom = round(new_value) >= len(self.lines) - self.scrollable_content_region.height
        if bottom != self.following:
            self.following = bottom
            self.post_message(self.Following())

    def action_follow_log(self) -> None:
        """Go to the end and stay there; a second time stays here."""
        self.following = not self.following
        self._keep_up()
        self.post_message(self.Following())

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping
        self.scroll_to(x=0, animate=False, force=True)
        self._build()


def _visible(style: Style) -> Style:
    """Colours and weight of foreign output; nothing that blinks, hides or links."""
    return Style(
        color=style.color,
        bgcolor=style.bgcolor,
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=style.reverse,
    )
