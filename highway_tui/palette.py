"""The command palette: every action of the table that has a place on the current screen, and every theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

if TYPE_CHECKING:
    from .app import HighwayApp


class ActionProvider(Provider):
    """Finds actions by their label."""

    def _offers(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        app: HighwayApp = self.app  # type: ignore[assignment]  # Provider knows only App
        for action in app.possible_actions(self.screen, self.focused):
            yield f"{action.label}", action.shown_key, partial(app.perform, action)
        for name in app.theme_names:
            yield f"Theme: {name}", "", partial(setattr, app, "theme", name)

    async def discover(self) -> Hits:
        """Offer everything."""
        for label, key, call in self._offers():
            yield DiscoveryHit(_line(Content(label), key), call, text=label)

    async def search(self, query: str) -> Hits:
        """Offer what fits."""
        matcher = self.matcher(query)
        for label, key, call in self._offers():
            if (score := matcher.match(label)) > 0:
                yield Hit(score, _line(matcher.highlight(label), key), call, text=label)


def _line(label: Content, key: str) -> Content:
    return Content.assemble(label, ("   " + key, "$hw-dim not bold")) if key else label
