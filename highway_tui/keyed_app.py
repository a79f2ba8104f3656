"""An app whose actions, help and palette come from the key table, and whose looks come from `themes/*.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widget import Widget

from . import cells
from .keymap import Action, actions_of, bindings_of
from .palette import ActionProvider
from .resources import themes_dir
from .states import Glyphs
from .terminal import mortal
from .themes import DEFAULT, fallback_variables, read_themes
from .widgets.ink import Ink

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel


class PlainBars(ScrollBarRender):
    """Scroll bars of whole cells, for terminals without block characters."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class KeyedApp(App[int]):
    """Base of the app: knows keys and themes, nothing of runs."""

    COMMANDS = {ActionProvider}  # noqa: RUF012 - Textual's own name and type
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    theme_names: tuple[str, ...] = ()
    """Ours, in the order of the theme key."""

    def get_driver_class(self) -> type[Driver]:
        return mortal(super().get_driver_class())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return fallback_variables()

    def use_themes(self, wanted: str) -> list[str]:
        """Register our themes and take one; one sentence for each file that cannot be used."""
        themes, bad = read_themes(themes_dir())
        for theme in themes:
            self.register_theme(theme)
        self.theme_names = tuple(theme.name for theme in themes)
        if self.theme_names:
            usual = DEFAULT if DEFAULT in self.theme_names else self.theme_names[0]
            self.theme = wanted if wanted in self.theme_names else usual
        return bad

    def _use_glyphs(self, *, ascii_only: bool) -> None:
        """Draw everything with the glyphs this terminal has, borders and scroll bars included."""
        Ink.glyphs = Glyphs(ascii=ascii_only)
        ScrollBar.renderer = PlainBars if ascii_only else ScrollBarRender
        self.set_class(ascii_only, "-ascii")

    def action_themes(self) -> None:
        """Take the next theme."""
        names = self.theme_names
        if names:
            self.theme = names[(names.index(self.theme) + 1) % len(names) if self.theme in names else 0]

    def action_keys(self) -> None:
        """List the keys of the focused pane; enter does one."""
        from .modals.keys import KeysModal

        focused = self.focused
        actions = self.possible_actions(self.screen, focused)
        self.push_screen(KeysModal("Keys", actions), lambda action: self.perform(action, focused) if action else None)

    def possible_actions(self, screen: Screen[Any], focused: Widget | None) -> tuple[Action, ...]:
        """List what can be done here: the pane's own first, then the screen's, then the app's."""
        places = [*getattr(focused, "PLACES", ()), *getattr(screen, "PLACES", ()), "app"]
        return tuple(action for place in places for action in actions_of(place))

    def perform(self, action: Action, focused: Widget | None = None) -> None:
        """Do what an action's key would do; `focused` is the pane it belongs to, None the one that has the focus."""
        pane = focused or self.focused or self.screen
        target = self if action.place == "app" else self.screen if action.place in {"run", "runs"} else pane
        self.call_later(self.run_action, action.name, target)

    def work(self, group: str, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Run a coroutine function beside the messages; of each group only the newest goes on, but for `start`."""
        worker = partial(work, *arguments)
        self.run_worker(worker, group=group, exclusive=group != "start")  # type: ignore[arg-type]  # Textual's type wants Coroutine[None, None]

    def tell(self, text: str, severity: SeverityLevel = "information") -> None:
        """Say something for a few seconds; `text` need not be clean."""
        self.notify(Ink.glyphs.plain(cells.clean(text)), severity=severity, markup=False, timeout=6)
