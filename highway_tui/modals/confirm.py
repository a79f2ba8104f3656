"""A question with a few answers, each of them a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from .. import cells


class Answer(NamedTuple):
    """One way to answer."""

    key: str
    id: str
    label: str


class ConfirmModal(ModalScreen[str]):
    """Gives the id of the answer; empty for escape."""

    CSS_PATH = "modals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss('')", "Back"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, question: str, detail: str, answers: Sequence[Answer]) -> None:
        """The first answer is selected."""
        super().__init__()
        self._question = question
        self._detail = detail
        self._answers = tuple(answers)

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        with Vertical(classes="dialog"):
            yield Static(Content(cells.clean(self._question)), classes="question")
            if self._detail:
                yield Static(Content(cells.clean(self._detail)), classes="detail")
            yield OptionList(
                *(Option(Content(f" {answer.key}  {answer.label}"), id=answer.id) for answer in self._answers)
            )

    def on_mount(self) -> None:
        """Let each answer's key answer."""
        for answer in self._answers:
            self._bindings.bind(answer.key, f"answer('{answer.id}')", answer.label)
        self.query_one(OptionList).focus()

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by enter or mouse."""
        self.dismiss(event.option_id or "")
