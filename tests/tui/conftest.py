"""The app over a synthetic engine, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias, cast

import pytest
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from engine import Engine
from highway_tui.app import HighwayApp
from highway_tui.options import UiOptions

from .fake_engine import EPOCH, FakeEngine

ETL = """\
name: etl
variables: {region: eu}
tasks:
  fetch: {function: fetch.get, args: ["http://127.0.0.1:9/"]}
  is_new: {condition: "{{ variables.region == 'eu' }}", if_true: load, if_false: note, dependencies: [fetch]}
  load: {function: log.info, args: [load], retry: {max_attempts: 3}}
  note: {function: log.info, args: [note]}
  each: {items: [1, 2, 3], dependencies: [load], loop_body: [{task_id: one, function: log.info, args: [x]}]}
  done: {function: log.info, args: [done], dependencies: [each, note]}
"""


class Stage:
    """One app under test."""

    def __init__(self, app: HighwayApp, pilot: Pilot[int], fake: FakeEngine) -> None:
        self.app = app
        self.pilot = pilot
        self.fake = fake

    async def settle(self) -> None:
        """Wait until workers that end by themselves have ended and their messages are handled."""
        for _ in range(1000):
            if not self.app.screen_stack:
                await self.pilot.pause(0.005)  # the first screen is being pushed
                continue
            if self.app.session.path is None or self.app.session.loaded is not None:
                break
            await self.pilot.pause(0.005)  # a thread reads the file
        for _ in range(4):
            workers = [worker for worker in self.app.workers if worker.group not in {"watch", "journal"}]
            for worker in workers:
                with suppress(WorkerCancelled):  # a newer one has taken its place
                    await worker.wait()
            self.app.bridge.flush()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys and let everything that follows happen."""
        await self.pilot.press(*keys)
        await self.settle()

    def text(self) -> str:
        """What a person sees, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


Opener: TypeAlias = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def fake(tmp_path: Path) -> FakeEngine:
    """The engine behind the app."""
    return FakeEngine(tmp_path / "store")


@pytest.fixture
def etl(tmp_path: Path) -> Path:
    """A workflow file."""
    path = tmp_path / "etl.yaml"
    path.write_text(ETL, encoding="utf-8")
    return path


@pytest.fixture
def opened(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Opens the app on a file, or on none, in a terminal of some size."""
    monkeypatch.setenv("TZ", "UTC")

    @asynccontextmanager
    async def open_app(
        path: Path | None = None,
        *,
        size: tuple[int, int] = (120, 40),
        make_engine: Callable[[], object] = lambda: fake,
        **options: object,
    ) -> AsyncIterator[Stage]:
        chosen = UiOptions(url="sqlite:///:memory:", workflow=path, **options)  # type: ignore[arg-type]  # the tests name fields of UiOptions
        app = HighwayApp(chosen, make_engine=lambda: cast("Engine", make_engine()), now=lambda: EPOCH + 3)
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot, fake)
            await stage.settle()
            yield stage

    return open_app
