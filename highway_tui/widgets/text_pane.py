"""Lines of prepared segments that scroll both ways: base of the variables, problems and details panes."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..keymap import Place, bindings_of
from .ink import Ink

Line: TypeAlias = list[Segment]


class TextPane(ScrollView, Ink, can_focus=True, inherit_bindings=False):
    """Shows lines; the subclass makes them."""

    PLACES: ClassVar[tuple[Place, ...]] = ("text",)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("text")

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self.lines: list[Line] = []

    def set_lines(self, lines: list[Line]) -> None:
        """Replace everything; the scroll position stays where it can."""
        self.lines = lines
        width = max((sum(segment.cell_length for segment in line) for line in lines), default=0)
        self.virtual_size = Size(width, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.scrollable_content_region.width
        index = y + top
        return self.finish(self.lines[index] if index < len(self.lines) else [], width, left=left)

    def action_up(self) -> None:
        self.scroll_to(y=self.scroll_offset.y - 1, animate=False, force=True)

    def action_down(self) -> None:
        self.scroll_to(y=self.scroll_offset.y + 1, animate=False, force=True)

    def action_left(self) -> None:
        self.scroll_to(x=self.scroll_offset.x - 8, animate=False, force=True)

    def action_right(self) -> None:
        self.scroll_to(x=self.scroll_offset.x + 8, animate=False, force=True)

    def action_page_up(self) -> None:
        self.scroll_to(y=self.scroll_offset.y - max(1, self.size.height - 1), animate=False, force=True)

    def action_page_down(self) -> None:
        self.scroll_to(y=self.scroll_offset.y + max(1, self.size.height - 1), animate=False, force=True)

    def action_first(self) -> None:
        self.scroll_to(x=0, y=0, animate=False, force=True)

    def action_last(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
