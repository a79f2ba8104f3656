"""One painted line: base of the header, the notice, the detail and the key hints."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from .. import cells
from .ink import Ink


class Bar(Ink):
    """Shows prepared segments, `right` flush at the right end where both have room."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        """Start blank."""
        super().__init__(id=id)
        self._left: list[Segment] = []
        self._right: list[Segment] = []

    def set(self, left: list[Segment], right: list[Segment] | None = None) -> None:
        """Replace the line; nothing is sent where nothing changed."""
        right = right or []
        if left != self._left or right != self._right:
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return self.finish([], width)
        right = sum(segment.cell_length for segment in self._right)
        if not right:
            return self.finish(self._left, width)
        left = Strip(self._left).adjust_cell_length(max(0, width - right))
        return self.finish([*left, *self._right], width)


class DetailBar(Bar):
    """The one sentence why the selected task is in its state."""

    def show(self, status: str, name: str, sentence: str) -> None:
        """Say it; `sentence` need not be clean."""
        look = self.task_ink(status)
        self.set(
            [
                Segment(f" {self.glyphs.task(status)} ", look),
                Segment(cells.clean(name), self.ink("foreground", bold=True)),
                Segment("  "),
                Segment(cells.clean(sentence), self.ink("foreground")),
            ]
        )

    def say(self, text: str) -> None:
        """Say something without a task."""
        self.set([Segment(f" {cells.clean(text)}", self.ink("hw-dim"))])

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        used = sum(segment.cell_length for segment in self._left)
        if y or used <= width or not self._left:
            return super().render_line(y)
        last = self._left[-1]
        room = width - (used - last.cell_length)
        return self.finish([*self._left[:-1], Segment(cells.fit(last.text, room), last.style)], width)


class NoticeBar(Bar):
    """Something is wrong with the program's surroundings; hidden while nothing is."""

    def say(self, text: str) -> None:
        """Show one line, or hide with an empty text."""
        self.display = bool(text)
        self.set([Segment(f" ! {cells.clean(text)}", self.ink("state-failed", bold=True))])


class HintBar(Bar):
    """The keys that matter here; whole hints only, and the way to all others at the right."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start blank."""
        super().__init__(id=id)
        self._hints: list[tuple[str, str, bool]] = []
        self._always: list[tuple[str, str]] = []

    def show(self, hints: list[tuple[str, str, bool]], always: list[tuple[str, str]]) -> None:
        """Take (key, word, possible now) and the hints that are always there."""
        self._hints, self._always = hints, always
        self._layout_hints()

    def on_resize(self) -> None:
        """Fit."""
        self._layout_hints()

    def _layout_hints(self) -> None:
        right = [part for key, word in self._always for part in self._hint(key, word, possible=True)]
        room = self.size.width - sum(segment.cell_length for segment in right) - 1
        left: list[Segment] = []
        for key, word, possible in self._hints:
            cost = cell_len(key) + cell_len(word) + 3
            if cost <= room:
                room -= cost
                left += self._hint(key, word, possible=possible)
        self.set(left, right)

    def _hint(self, key: str, word: str, *, possible: bool) -> list[Segment]:
        dim = self.ink("hw-dim")
        return [
            Segment(" "),
            Segment(key, self.ink("primary", bold=True) if possible else dim),
            Segment(f" {word} ", dim),
        ]
