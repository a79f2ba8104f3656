"""The run list, and opening what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import RunId, load_text, load_workflow

from .conftest import ETL, Opener
from .fake_engine import EPOCH, FakeEngine, failed, run_record, task

LOADED = load_text(ETL.encode(), "/flows/etl.yaml")


@pytest.mark.asyncio
async def test_without_a_file_the_list_of_runs_opens(opened: Opener, fake: FakeEngine) -> None:
    """Newest first, with state, id, name, when, how long, and how far."""
    fake.past(run_record("failed", id=RunId("old1"), finished_at=EPOCH + 2, done=1, total=6), LOADED)
    fake.past(run_record("succeeded", id=RunId("new2"), finished_at=EPOCH + 65, done=6, total=6), LOADED)
    async with opened(size=(80, 24)) as stage:
        lines = [line for line in stage.text().splitlines() if "etl" in line and "just now" in line]

        assert "✓ succeeded    new2  etl" in lines[0]
        assert "1m05s      6/6" in lines[0]
        assert "✗ failed       old1  etl" in lines[1]


@pytest.mark.asyncio
async def test_an_empty_store_says_how_to_begin(opened: Opener) -> None:
    """Nothing is ever just blank."""
    async with opened() as stage:
        assert "no runs yet; start one with: highway-tui FLOW.yaml" in stage.text()


@pytest.mark.asyncio
async def test_enter_opens_a_past_run(opened: Opener, fake: FakeEngine) -> None:
    """Its own definition is drawn, with the states it ended in; q goes back to the list."""
    fake.past(run_record("failed", finished_at=EPOCH + 2), LOADED, task("fetch", "succeeded"), failed("load"))
    async with opened() as stage:
        await stage.press("enter")
        shown = stage.text()
        assert "etl.yaml › run 7f3a  ✗ FAILED 00:00:02" in shown
        assert "✗ load" in shown
        assert "is_new" in shown

        await stage.press("q")
        assert stage.app.screen is stage.app.runs_screen


@pytest.mark.asyncio
async def test_resume_from_the_list_shows_the_run(opened: Opener, fake: FakeEngine) -> None:
    """R takes the run over and goes to it."""
    fake.past(run_record("interrupted"), LOADED, task("fetch", "succeeded"))
    async with opened() as stage:
        await stage.press("R")

        assert RunId("7f3a") == fake.handles[0].run_id
        assert "RUNNING" in stage.text()
        assert "✓ fetch" in stage.text()


@pytest.mark.asyncio
async def test_a_run_of_another_process_is_read_only(opened: Opener, fake: FakeEngine) -> None:
    """It is shown, its owner is named, and it cannot be resumed here."""
    fake.past(run_record("running"), LOADED, task("fetch"))
    fake.reader.owners[RunId("7f3a")] = 4711
    async with opened() as stage:
        await stage.press("enter")
        assert "run by process 4711" in stage.text()

        await stage.press("R")

        assert [] == fake.handles


@pytest.mark.asyncio
async def test_a_past_run_watches_its_file(opened: Opener, fake: FakeEngine, etl: Path) -> None:
    """The file of an opened run can be run again from there."""
    fake.past(run_record("succeeded", path=str(etl), finished_at=EPOCH + 2), load_workflow(str(etl)))
    async with opened() as stage:
        await stage.press("enter")
        await stage.settle()
        await stage.press("r")

        assert 1 == len(fake.handles)
