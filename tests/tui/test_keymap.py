"""The one table of keys: everything in it works, is in the help and in the palette."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

from highway_tui.app import HighwayApp
from highway_tui.keymap import ACTIONS, Action, Place, actions_of
from highway_tui.palette import ActionProvider
from highway_tui.screens.run_screen import RunScreen
from highway_tui.screens.runs_screen import RunsScreen
from highway_tui.widgets.dag_view import DagView
from highway_tui.widgets.line_list import LineList
from highway_tui.widgets.log_pane import LogPane
from highway_tui.widgets.resources_pane import ResourcesPane
from highway_tui.widgets.text_pane import TextPane

from .conftest import Opener

HOMES: dict[Place, Any] = {
    "app": HighwayApp,
    "run": RunScreen,
    "runs": RunsScreen,
    "list": LineList,
    "graph": DagView,
    "text": TextPane,
    "log": LogPane,
    "bulkheads": ResourcesPane,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}.{action.name}")
def test_every_action_is_bound_and_has_a_method(action: Action) -> None:
    """A key in the table is a key that does something."""
    home = HOMES[action.place]
    bound = {key for binding in home.BINDINGS for key in binding.key.split(",")}

    assert hasattr(home, f"action_{action.name}")
    assert set(action.keys) <= bound


@pytest.mark.parametrize("pane", ["list", "graph", "text", "log", "bulkheads"])
def test_pane_keys_shadow_nothing_global(pane: Place) -> None:
    """A key means the same everywhere, but for `f`, which follows what the pane shows."""
    everywhere = {key for action in actions_of("app", "run", "runs") for key in action.keys}
    own = {key for action in actions_of(pane) for key in action.keys}

    assert everywhere & own <= {"f"}


def test_no_key_means_two_things_in_one_place() -> None:
    """Within a place each key has one action."""
    for place in HOMES:
        keys = [key for action in actions_of(place) for key in action.keys]
        assert len(keys) == len(set(keys))


@pytest.mark.asyncio
@pytest.mark.parametrize("pane", ["tasks", "graph", "log", "vars", "resources", "problems"])
async def test_help_and_palette_offer_every_action_of_a_pane(opened: Opener, etl: Path, pane: str) -> None:
    """`?` and `:` know all keys that work on the focused pane."""
    async with opened(etl) as stage:
        widget: Widget = stage.app.run_screen.query_one(f"#{pane}")
        widget.focus()
        await stage.settle()
        offered = stage.app.possible_actions(stage.app.screen, stage.app.focused)
        places: tuple[Place, ...] = (*getattr(widget, "PLACES", ()), "run", "app")
        provider = ActionProvider(stage.app.screen)
        labels = {hit.text async for hit in provider.discover()}

        assert set(actions_of(*places)) == set(offered)
        assert {action.label for action in offered} <= labels
        assert {"Theme: highway-dark", "Theme: highway-light"} <= labels


@pytest.mark.asyncio
async def test_help_executes(opened: Opener, etl: Path) -> None:
    """Enter on a line of the help does what its key would do."""
    async with opened(etl) as stage:
        await stage.press("question_mark", "down", "down", "down", "down", "down", "enter")

        assert stage.app.run_screen.selected is not None
        assert "done" == stage.app.run_screen.selected.task


@pytest.mark.asyncio
async def test_themes_switch_live(opened: Opener, etl: Path) -> None:
    """Each press of ^t takes the next theme, round and round."""
    async with opened(etl) as stage:
        seen = [stage.app.theme]
        for _ in stage.app.theme_names:
            await stage.press("ctrl+t")
            seen.append(stage.app.theme)

        assert seen[0] == seen[-1]
        assert set(stage.app.theme_names) == set(seen)


@pytest.mark.asyncio
async def test_the_palette_finds_and_does(opened: Opener, etl: Path) -> None:
    """A word typed into the palette finds the action; choosing it does it."""
    async with opened(etl) as stage:
        await stage.settle()
        hits = [hit async for hit in ActionProvider(stage.app.screen).search("all runs")]
        best = max(hits, key=lambda hit: hit.score)
        best.command()
        await stage.settle()

        assert stage.app.screen is stage.app.runs_screen
