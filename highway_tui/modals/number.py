"""A question whose answer is a whole number from 1."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from .. import cells


class NumberModal(ModalScreen["int | None"]):
    """Gives the number; None for escape."""

    CSS_PATH = "modals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, detail: str, value: int) -> None:
        """`value` stands in the field."""
        super().__init__()
        self._question = question
        self._detail = detail
        self._value = value

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        with Vertical(classes="dialog"):
            yield Static(Content(cells.clean(self._question)), classes="question")
            yield Static(Content(cells.clean(self._detail)), classes="detail")
            yield Input(str(self._value), type="integer", max_length=6, select_on_focus=True)

    def on_mount(self) -> None:
        """Let a person type."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what is a number; anything else stays in the field."""
        if event.value.isdecimal() and int(event.value) >= 1:
            self.dismiss(int(event.value))
        else:
            self.app.bell()
