"""Everything about one task that fits on a page: why it is in its state, times, attempts, arguments, result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from .. import cells
from ..widgets.text_pane import Line, TextPane

Fact = tuple[str, str]
"""(label, text); an empty label continues the one before."""


class DetailsModal(ModalScreen[None]):
    """Shows facts; scrolls."""

    CSS_PATH = "modals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss(None)", "Back")]

    def __init__(self, title: str, status: str, facts: Sequence[Fact]) -> None:
        """`status` is the word of the task's state; texts need not be clean."""
        super().__init__()
        self._heading = title
        self._status = status
        self._facts = list(facts)

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        with Vertical(classes="dialog details"):
            yield TextPane(id="facts")

    def on_mount(self) -> None:
        """Fill the page once its width is known."""
        self.call_after_refresh(self.fill)

    def add(self, facts: Sequence[Fact]) -> None:
        """Add what had to be read first."""
        self._facts += facts
        self.fill()

    def on_resize(self) -> None:
        """Wrap again."""
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Make the lines."""
        pane = self.query_one(TextPane)
        width = max(20, pane.scrollable_content_region.width)
        look = pane.task_ink(self._status)
        lines: list[Line] = [
            [
                Segment(f" {pane.glyphs.task(self._status)} ", look),
                Segment(cells.clean(self._heading), pane.ink("foreground", bold=True)),
            ],
            [],
        ]
        for label, text in self._facts:
            parts = [part for line in text.splitlines() or [""] for part in cells.wrap(cells.clean(line), width - 14)]
            for number, part in enumerate(parts[:400]):
                shown = cells.fit(label if number == 0 else "", 11)
                lines.append([Segment(f" {shown} ", pane.ink("accent")), Segment(part, pane.ink("foreground"))])
        pane.set_lines(lines)
