"""A list of one-line rows with a cursor. Only what is visible is painted, so its length costs nothing."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..keymap import Place, bindings_of
from .ink import Ink


class LineList(ScrollView, Ink, can_focus=True, inherit_bindings=False):
    """Base of the task list and the run list: says how many rows there are and paints one."""

    PLACES: ClassVar[tuple[Place, ...]] = ("list",)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("list")

    class Moved(Message):
        """A person moved the cursor."""

        def __init__(self, source: LineList, index: int) -> None:
            self.source = source
            self.index = index
            super().__init__()

        @property
        def control(self) -> LineList:
            """The list."""
            return self.source

    class Chosen(Moved):
        """A person clicked a row twice."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._cursor = 0
        self._length = 0

    def paint(self, index: int, width: int) -> list[Segment]:
        """Give the segments of row `index`; what is wider than `width` is cut."""
        raise NotImplementedError

    @property
    def cursor(self) -> int:
        """Index of the selected row; 0 in an empty list."""
        return self._cursor

    def set_length(self, length: int) -> None:
        """Say how many rows there are; the cursor stays inside."""
        self._cursor = max(0, min(self._cursor, length - 1))
        if length != self._length:
            self._length = length
            self.virtual_size = Size(0, length)
        self.refresh()

    def move_to(self, index: int, *, by_person: bool = False) -> None:
        """Put the cursor on a row and show it."""
        index = max(0, min(index, self._length - 1))
        if index != self._cursor:
            self.refresh_line(self._cursor)
            self._cursor = index
            self.refresh_line(index)
        self.show_row(index)
        if by_person:
            self.post_message(self.Moved(self, index))

    def show_row(self, index: int) -> None:
        """Scroll as little as needed to see row `index`."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif height and index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if not 0 <= index < self._length:
            return self.finish([], width)
        strip = self.finish(self.paint(index, width), width)
        if index != self._cursor:
            return strip
        return Strip(
            [
                Segment(text, (style or self.paper) + self.ink("foreground", back="hw-cursor").background_style)
                for text, style, _ in strip
            ],
            width,
        )

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.show_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Select by mouse; twice opens."""
        offset = event.get_content_offset(self)
        if offset is None or not 0 <= (index := offset.y + self.scroll_offset.y) < self._length:
            return
        self.move_to(index, by_person=True)
        if event.chain == 2:
            self.post_message(self.Chosen(self, index))

    def action_up(self) -> None:
        self.move_to(self._cursor - 1, by_person=True)

    def action_down(self) -> None:
        self.move_to(self._cursor + 1, by_person=True)

    def action_page_up(self) -> None:
        self.move_to(self._cursor - max(1, self.size.height - 1), by_person=True)

    def action_page_down(self) -> None:
        self.move_to(self._cursor + max(1, self.size.height - 1), by_person=True)

    def action_first(self) -> None:
        self.move_to(0, by_person=True)

    def action_last(self) -> None:
        self.move_to(self._length - 1, by_person=True)
