"""Every action and its keys, in one table.
Bindings, help, palette and key hints are made from it; a pane's keys never shadow global ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from textual.binding import Binding, BindingType

Place: TypeAlias = Literal["app", "run", "runs", "list", "graph", "log", "text", "bulkheads"]
"""Who answers: the app, a screen, or every pane of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do."""

    place: Place
    name: str
    """The method is `action_<name>` on the widget of that place."""
    keys: tuple[str, ...]
    """As Textual names them; the first one is shown."""
    label: str
    hint: str = ""
    """The word in the status line; empty keeps the action out of it."""

    @property
    def shown_key(self) -> str:
        """What a person presses."""
        return " ".join(show_key(key) for key in self.keys[:2])


_NAMES: Final = {
    "question_mark": "?",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "exclamation_mark": "!",
}


def show_key(key: str) -> str:
    """Write a key as people do: `^q`, `?`, `↑`."""
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    return _NAMES.get(key, key)


def _action(place: Place, name: str, keys: str, label: str, hint: str = "") -> Action:
    return Action(place=place, name=name, keys=tuple(keys.split()), label=label, hint=hint)


ACTIONS: Final[tuple[Action, ...]] = (
    _action("app", "command_palette", "colon ctrl+p", "Command palette", "commands"),
    _action("app", "keys", "question_mark f1", "Keys of this pane", "help"),
    _action("app", "show_run", "1", "Show the run"),
    _action("app", "show_runs", "2", "Show all runs", "runs"),
    _action("app", "themes", "ctrl+t", "Next theme"),
    _action("app", "step_back", "q", "Back, then quit", "quit"),
    _action("app", "leave", "ctrl+q", "Quit"),
    _action("app", "interrupt", "ctrl+c", "Cancel the live run, else quit"),
    _action("run", "run", "r", "Run (again)", "run"),
    _action("run", "resume", "R", "Resume this run", "resume"),
    _action("run", "pause", "space", "Pause, or continue", "pause"),
    _action("run", "cancel_task", "c", "Cancel the selected task", "cancel task"),
    _action("run", "cancel_run", "C", "Cancel the run", "cancel run"),
    _action("run", "answer", "exclamation_mark", "Approve, reject or answer", "answer"),
    _action("run", "next_failure", "F", "Next failure", "next failure"),
    _action("run", "follow", "f", "Follow what runs", "follow"),
    _action("run", "details", "enter", "Details of the selected task", "details"),
    _action("run", "next_pane", "tab", "Next pane", "pane"),
    _action("run", "previous_pane", "shift+tab", "Previous pane"),
    _action("run", "next_tab", "right_square_bracket", "Next tab"),
    _action("run", "previous_tab", "left_square_bracket", "Previous tab"),
    _action("runs", "open", "enter", "Open the selected run", "open"),
    _action("runs", "resume", "R", "Resume the selected run", "resume"),
    _action("runs", "refresh", "f5 u", "Read the list again", "refresh"),
    _action("list", "up", "up k", "Up"),
    _action("list", "down", "down j", "Down"),
    _action("list", "page_up", "pageup ctrl+b", "Page up"),
    _action("list", "page_down", "pagedown ctrl+f", "Page down"),
    _action("list", "first", "g home", "First line"),
    _action("list", "last", "G end", "Last line"),
    _action("graph", "move_up", "up k", "To the task above"),
    _action("graph", "move_down", "down j", "To the task below"),
    _action("graph", "move_left", "left h", "To the task on the left"),
    _action("graph", "move_right", "right l", "To the task on the right"),
    _action("graph", "fold", "o", "Fold or open a group"),
    _action("graph", "fold_all", "O", "Fold or open all groups"),
    _action("graph", "first", "g home", "First task"),
    _action("graph", "last", "G end", "Last task"),
    _action("text", "up", "up k", "Scroll up"),
    _action("text", "down", "down j", "Scroll down"),
    _action("text", "left", "left h", "Scroll left"),
    _action("text", "right", "right l", "Scroll right"),
    _action("text", "page_up", "pageup ctrl+b", "Page up"),
    _action("text", "page_down", "pagedown ctrl+f", "Page down"),
    _action("text", "first", "g home", "To the beginning"),
    _action("text", "last", "G end", "To the end"),
    _action("log", "follow_log", "f", "Follow the log", "follow"),
    _action("log", "wrap", "w", "Wrap long lines", "wrap"),
    _action("bulkheads", "force_open", "b", "Open the circuit by hand"),
    _action("bulkheads", "reset_circuit", "B", "Close the circuit by hand"),
    _action("bulkheads", "set_limit", "L", "Set how many calls run at once"),
)


def actions_of(*places: Place) -> tuple[Action, ...]:
    """List the actions of some places, in the order of the table."""
    return tuple(action for action in ACTIONS if action.place in places)


def bindings_of(*places: Place) -> list[BindingType]:
    """Make the bindings that a widget of these places has."""
    return list(_bindings(actions_of(*places)))


def _bindings(actions: Iterable[Action]) -> Iterable[Binding]:
    for action in actions:
        yield Binding(
            ",".join(action.keys), action.name, action.label, show=bool(action.hint), priority=action.name in _FIRST
        )


_FIRST: Final = {"leave", "interrupt", "next_pane", "previous_pane"}
"""Answered before the focused widget sees the key, in text fields too."""
