"""Between the engine's thread and the screen; the only module that holds both an Engine and the App.

The engine appends its turns to a deque and nothing else. A timer drains it up to 30 times a second, less often where
drawing takes more than its share, and only while a run of this process lives: an idle screen does no work at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Final

from engine import EngineError, JsonValue, RunId, RunReader, StoreError, TaskKey

from .bulkheads import Bulkheads
from .feeds import LiveFeed
from .messages import Drained, Ended
from .threads import in_thread

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

    from engine import Engine, Loaded, RunHandle  # database and compiler are imported after the first paint

    from .options import UiOptions

FASTEST_S: Final = 1 / 30
SLOWEST_S: Final = 0.5
"""People see a change within this time, whatever the drawing costs."""
SHARE: Final = 0.2
"""How much of a processor drawing may take from an engine that works in the same process."""
SWITCH_S: Final = 0.0005
"""How long the engine's thread waits for a UI that computes; Python's own 5 ms are a long time for a scheduler."""


class Bridge:
    """Owns the engine of this process, if there is one. Used on the UI's thread only."""

    def __init__(self, app: App[int], make_engine: Callable[[], Engine]) -> None:
        """`make_engine` is called on a thread, by `open`."""
        self._app = app
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._feed = LiveFeed()
        self._handles: dict[RunId, RunHandle] = {}
        self._starting = 0
        self._drained = 0.0
        self._used = 0.0
        self._timer: Timer | None = None
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def reader(self) -> RunReader | None:
        """The reading half of the store; None before `open`."""
        return None if self._engine is None else self._engine.reader

    @property
    def live(self) -> tuple[RunId, ...]:
        """Runs of this process that are not over."""
        return tuple(run_id for run_id, handle in self._handles.items() if not handle.done)

    @property
    def starting(self) -> bool:
        """True while a run of this process is being started or resumed."""
        return self._starting > 0

    async def open(self) -> None:
        """Open the store and start the engine's thread. Raises StoreError."""
        sys.setswitchinterval(SWITCH_S)
        engine = await in_thread(self._make_engine)
        self._engine = engine
        self._unsubscribe = engine.subscribe(self._feed.push)
        self._timer = self._app.set_interval(FASTEST_S, self._tick, pause=True)

    async def start(self, loaded: Loaded, options: UiOptions) -> RunHandle:
        """Start a run; no turn of it is drained before the caller knows its id.

        Raises WorkflowInvalid, UsageError, StoreError.
        """
        engine = self._opened()
        return await self._begin(
            lambda: engine.start(
                loaded,
                params=options.params,
                variables=options.variables,
                run_id=options.run_id,
                keep_going=options.keep_going,
            )
        )

    async def resume(self, run_id: RunId, secret_params: Mapping[str, JsonValue]) -> RunHandle:
        """Go on with a run. Raises OwnedElsewhere, UsageError, StoreError."""
        engine = self._opened()
        return await self._begin(lambda: engine.resume(run_id, secret_params=secret_params))

    def handle(self, run_id: RunId) -> RunHandle | None:
        """Give the handle on a live run; None where this process does not own it."""
        handle = self._handles.get(run_id)
        return None if handle is None or handle.done else handle

    async def bulkheads(self) -> Bulkheads:
        """Ask the engine's thread how its bulkheads are. Raises StoreError."""
        return await in_thread(self._opened().bulkheads)

    async def operate(self, work: Callable[[Engine], None]) -> None:
        """Let a call of the engine that may block do its work on a thread. Raises what it raises."""
        engine = self._opened()
        await in_thread(lambda: work(engine))

    def cancel(self, run_id: RunId) -> bool:
        """Ask for the end of a run; False where this process does not own it."""
        handle = self.handle(run_id)
        if handle is None:
            return False
        handle.cancel()
        return True

    def cancel_task(self, run_id: RunId, key: TaskKey) -> bool:
        """Ask for the end of one task; False where this process does not own the run."""
        handle = self.handle(run_id)
        if handle is None:
            return False
        handle.cancel_task(key)
        return True

    def flush(self) -> None:
        """Show everything that has arrived. Posts one message, whatever it was."""
        if self._starting:
            return
        if turns := self._feed.drain():
            self._app.post_message(Drained(turns))
        for run_id, handle in list(self._handles.items()):
            if handle.done and self._feed.empty:
                del self._handles[run_id]
                self._app.post_message(Ended(run_id, _given_up(handle)))
        if not self._handles and self._feed.empty and self._timer is not None:
            self._timer.pause()

    def close(self, timeout_s: float = 15.0) -> None:
        """Stop the engine; runs of this process become interrupted, resumable."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close(timeout_s)

    def _tick(self) -> None:
        now, used = monotonic(), thread_time()
        since = now - self._drained
        if since < SLOWEST_S and used - self._used > SHARE * since:
            return
        self._drained, self._used = now, used
        self.flush()

    async def _begin(self, call: Callable[[], RunHandle]) -> RunHandle:
        self._starting += 1
        try:
            handle = await in_thread(call)
        finally:
            self._starting -= 1
        self._handles[handle.run_id] = handle
        if self._timer is not None:
            self._timer.resume()
        return handle

    def _opened(self) -> Engine:
        if self._engine is None:
            raise StoreError("E-STORE", "the database is not open")
        return self._engine


def _given_up(handle: RunHandle) -> str:
    """Say why the engine gave a run up; empty where the run ended by itself."""
    try:
        handle.wait(0)
    except EngineError as error:
        return str(error)
    return ""
