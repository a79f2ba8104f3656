"""The keys of the focused pane; enter does what the selected line says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from .. import cells
from ..keymap import Action


class KeysModal(ModalScreen["Action | None"]):
    """Gives the action to do; None for escape."""

    CSS_PATH = "modals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", "Back"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, title: str, actions: Sequence[Action]) -> None:
        """`actions` are the pane's first, then the screen's, then the app's."""
        super().__init__()
        self._title = title
        self._actions = tuple(actions)

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        with Vertical(classes="dialog keys"):
            yield Static(Content(self._title), classes="question")
            yield OptionList(
                *(
                    Option(Content(f" {cells.fit(action.shown_key, 14)} {action.label}"), id=str(place))
                    for place, action in enumerate(self._actions)
                )
            )

    def on_mount(self) -> None:
        """Let arrows move."""
        self.query_one(OptionList).focus()

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Do it."""
        self.dismiss(self._actions[int(event.option_id or 0)])
