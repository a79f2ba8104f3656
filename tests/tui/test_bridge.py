"""Between the engine's thread and the screen."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from time import perf_counter
from typing import cast

import pytest
from textual.app import App

from engine import Engine, RunId, load_text
from highway_tui.bridge import Bridge
from highway_tui.feeds import LiveFeed
from highway_tui.messages import Drained, Ended
from highway_tui.options import UiOptions
from highway_tui.threads import in_thread

from .conftest import ETL
from .fake_engine import FakeEngine, batch, run_record, task

OPTIONS = UiOptions(url="")


class Listener(App[int]):
    """Remembers what the bridge posts."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Drained | Ended] = []

    def on_drained(self, message: Drained) -> None:
        self.heard.append(message)

    def on_ended(self, message: Ended) -> None:
        self.heard.append(message)


@pytest.mark.asyncio
async def test_one_message_a_drain_in_order(tmp_path: Path) -> None:
    """However many turns have arrived, one message carries them all, oldest first."""
    fake, app = FakeEngine(tmp_path), Listener()
    async with app.run_test() as pilot:
        bridge = Bridge(app, lambda: cast("Engine", fake))
        await bridge.open()
        for number in range(1000):
            fake.publish(batch(run_record(done=number)))
        bridge.flush()
        await pilot.pause()

        assert 1 == len(app.heard)
        drained = app.heard[0]
        assert isinstance(drained, Drained)
        assert list(range(1000)) == [turn.run.done for turn in drained.batches]


@pytest.mark.asyncio
async def test_the_end_comes_after_the_last_turn(tmp_path: Path) -> None:
    """A run is not over on the screen before all it did has been shown."""
    fake, app = FakeEngine(tmp_path), Listener()
    async with app.run_test() as pilot:
        bridge = Bridge(app, lambda: cast("Engine", fake))
        await bridge.open()
        handle = await bridge.start(load_text(ETL.encode()), OPTIONS)
        assert (handle.run_id,) == bridge.live
        fake.finish("succeeded", task("fetch", "succeeded"))
        bridge.flush()
        await pilot.pause()

        assert [Drained, Ended] == [type(message) for message in app.heard]
        assert not bridge.live


@pytest.mark.asyncio
async def test_runs_that_nobody_owns_cannot_be_cancelled(tmp_path: Path) -> None:
    """Only a live run of this process is asked to end."""
    fake, app = FakeEngine(tmp_path), Listener()
    async with app.run_test():
        bridge = Bridge(app, lambda: cast("Engine", fake))
        await bridge.open()

        assert not bridge.cancel(RunId("other"))


def test_the_engine_is_never_blocked() -> None:
    """A turn costs the engine's thread an append, whatever the screen does: 100,000 of them while nobody drains."""
    feed, turn = LiveFeed(), batch(run_record())
    began = perf_counter()
    engine = threading.Thread(target=lambda: [feed.push(turn) for _ in range(100_000)])
    engine.start()
    engine.join(5)

    assert not engine.is_alive()
    assert perf_counter() - began < 5
    assert 100_000 == sum(len(feed.drain()) for _ in range(20))
    assert feed.empty


@pytest.mark.asyncio
async def test_work_on_a_thread_gives_its_value_or_error() -> None:
    """Whoever awaits it gets what happened."""

    def fail() -> None:
        raise KeyError("x")

    assert 7 == await in_thread(lambda: 7)
    with pytest.raises(KeyError):
        await in_thread(fail)


@pytest.mark.asyncio
async def test_work_that_hangs_can_be_left_behind() -> None:
    """Cancelling the wait leaves a daemon thread, which never keeps the program."""
    gate = threading.Event()
    waiting = asyncio.ensure_future(in_thread(gate.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    workers = [thread for thread in threading.enumerate() if thread.name == "highway-ui-work"]
    assert all(thread.daemon for thread in workers)
    gate.set()
    for thread in workers:
        thread.join(5)
