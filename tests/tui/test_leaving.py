"""Leaving: never silently away from a live run, always with the last run's code."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from textual.selection import SELECT_ALL
from textual.widgets import Static

from engine import RunStatus

from .conftest import Opener
from .fake_engine import FakeEngine, batch, failed, task


@pytest.mark.asyncio
async def test_leaving_without_a_live_run_is_immediate(opened: Opener, etl: Path) -> None:
    """With nothing live q leaves, with 0 where nothing ran."""
    async with opened(etl, start=False) as stage:
        await stage.pilot.press("q")

        assert 0 == stage.app.return_value


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("timed_out", 124), ("cancelled", 130)])
async def test_the_code_is_that_of_the_last_run(
    opened: Opener, etl: Path, fake: FakeEngine, status: str, code: int
) -> None:
    """What the shell gets is how the last run ended."""
    async with opened(etl) as stage:
        fake.finish(status, failed("load"))
        await stage.settle()
        await stage.pilot.press("q")

        assert code == stage.app.return_value


@pytest.mark.asyncio
@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_a_live_run_asks(opened: Opener, etl: Path, fake: FakeEngine, key: str) -> None:
    """Stay stays, and nothing is cancelled."""
    async with opened(etl) as stage:
        await stage.press(key)
        assert "A run is still going" in stage.text()

        await stage.press("s")

        assert stage.app.screen is stage.app.run_screen
        assert [] == fake.handles[0].cancelled
        assert stage.app.return_value is None


@pytest.mark.asyncio
async def test_cancel_and_leave_waits_for_the_end(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """The window stays until the run has ended, then goes with its code."""
    async with opened(etl) as stage:
        await stage.press("q", "c")
        assert [""] == fake.handles[0].cancelled
        assert stage.app.return_value is None

        fake.finish("cancelled", task("fetch", "cancelled"))
        await stage.settle()

        assert 130 == stage.app.return_value


@pytest.mark.asyncio
async def test_ctrl_c_cancels_and_leaves_when_the_run_has_ended(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """The first one asks nothing, ends the run gracefully and says how to go at once."""
    async with opened(etl) as stage:
        await stage.press("ctrl+c")
        assert [""] == fake.handles[0].cancelled
        assert ["cancelling, then leaving; ^c leaves at once"] == [note.message for note in stage.app._notifications]
        assert stage.app.return_value is None

        fake.finish("cancelled", task("fetch", "cancelled"))
        await stage.settle()

        assert 130 == stage.app.return_value


@pytest.mark.asyncio
async def test_ctrl_c_twice_leaves_at_once(opened: Opener, etl: Path) -> None:
    """The run is still being cancelled: the code says what ended it, and what runs gets half a second."""
    async with opened(etl) as stage:
        await stage.press("ctrl+c")
        await stage.pilot.press("ctrl+c")

        assert 130 == stage.app.return_value
        assert stage.app.leaving.patience_s < 1


@pytest.mark.asyncio
async def test_ctrl_c_copies_what_is_selected(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """With text selected it is a copy, as everywhere else on a desktop; the run goes on."""
    async with opened(etl) as stage:
        await stage.press("q")
        screen = stage.app.screen
        screen.selections = {screen.query(Static).first(): SELECT_ALL}
        selected = screen.get_selected_text()
        assert selected
        await stage.press("ctrl+c")

        assert selected == stage.app.clipboard
        assert not screen.get_selected_text()
        assert [] == fake.handles[0].cancelled


@pytest.mark.asyncio
async def test_space_pauses_and_goes_on(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """One key for both; a run that is over cannot be paused."""
    async with opened(etl) as stage:
        await stage.press("space")
        assert ["pause"] == fake.handles[0].paused
        known = fake.reader.known[fake.handles[0].run_id]
        fake.publish(batch(replace(known, status=RunStatus.PAUSED)))
        await stage.settle()
        assert "PAUSED" in stage.text()

        await stage.press("space")
        assert ["pause", "unpause"] == fake.handles[0].paused

        fake.finish("succeeded")
        await stage.settle()
        await stage.press("space")

        assert "nothing runs here that could be paused" == list(stage.app._notifications)[-1].message


@pytest.mark.asyncio
async def test_a_second_wish_leaves_now(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """Who asks again while the run is being cancelled does not wait for it."""
    async with opened(etl) as stage:
        await stage.press("q", "c")
        await stage.pilot.press("q")

        assert stage.app.return_value is not None


@pytest.mark.asyncio
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_signals_cancel_gracefully(
    opened: Opener, etl: Path, fake: FakeEngine, number: signal.Signals, code: int
) -> None:
    """SIGTERM and a closed terminal end the run, then the window, with the signal's code."""
    async with opened(etl) as stage:
        os.kill(os.getpid(), number)
        await stage.settle()
        assert [""] == fake.handles[0].cancelled

        fake.finish("cancelled")
        await stage.settle()

        assert code == stage.app.return_value
