"""Drives one run on the engine's loop: drain, decide, grant, save in one transaction, publish, submit.

Nothing is seen before it is saved. Nobody outside reads the state before the commit; if the commit fails for good, the
state is dropped and the run is left to be resumed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..core import decisions as d
from ..core.breaker import Ending
from ..core.bulkhead import Bulkhead
from ..core.calls import Outcome, TaskCall
from ..core.events import Reason, TaskSpawned
from ..core.ports import Clock, Executor, LogBook, Store
from ..core.records import RunRecord
from ..core.scheduler import Scheduler, Turn
from ..definition.plan import BulkheadSpec
from ..errors import ErrorInfo
from ..keys import TaskKey
from .bus import Bus
from .timers import Timers

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all runs of an engine share."""

    store: Store
    bus: Bus
    clock: Clock
    executors: Mapping[str, Executor]


class LiveRun:
    """One run while this process owns it. Used on the engine's loop only."""

    def __init__(self, scheduler: Scheduler, services: Services, logs: LogBook) -> None:
        """`scheduler` has not begun; the owner's lock is held."""
        self._scheduler = scheduler
        self._services = services
        self._logs = logs
        self._inputs: deque[Callable[[], object]] = deque()
        self._wake = asyncio.Event()
        self._permits: Bulkhead[TaskKey] = Bulkhead(
            "run", BulkheadSpec(max_concurrent_calls=scheduler.state.plan.max_parallel)
        )
        self._timers = Timers(services.clock, lambda key: self.feed(lambda: scheduler.timer_fired(key)))
        self._calls: dict[TaskKey, asyncio.Task[None]] = {}
        self.record: RunRecord | None = None
        """The run's row as last saved."""

    def feed(self, change: Callable[[], object]) -> None:
        """Let `change` happen in the next turn."""
        self._inputs.append(change)
        self._wake.set()

    def cancel(self, reason: Reason) -> None:
        """End the run in the next turn."""
        self.feed(lambda: self._scheduler.cancel(reason))

    def cancel_task(self, key: TaskKey, reason: Reason) -> None:
        """End one task in the next turn."""
        self.feed(lambda: self._scheduler.cancel_task(key, reason))

    async def drive(self, begin: Callable[[], None], saved: Callable[[RunRecord], None]) -> RunRecord:
        """Run to the end and return the last row; `saved` is called with the row of the first saved turn.

        StoreError and OwnershipLost end it early, with every call stopped and nothing more written.
        """
        self.feed(begin)
        try:
            more = False
            while True:
                if not more:
                    await self._wake.wait()
                more = await self._turn()
                if self.record is not None:
                    saved(self.record)
                    if self.record.status.terminal and not more:
                        return self.record
        finally:
            self._timers.close()
            await self._stop_calls()

    async def _turn(self) -> bool:
        """Do one turn; True where more is to do at once."""
        self._wake.clear()
        scheduler = self._scheduler
        scheduler.desk.now = self._services.clock.now()
        while self._inputs:
            self._inputs.popleft()()
        more = self._settle()
        turn = scheduler.take()
        if turn is not None:
            await self._services.store.append(turn.batch)
            self.record = turn.batch.run
            self._services.bus.publish(turn.batch)
            self._carry_out(turn)
        if more:
            await asyncio.sleep(0)
        return more

    def _settle(self) -> bool:
        """Decide and grant until neither has more to say: outcomes and the starts they cause are one turn."""
        scheduler, permits, now = self._scheduler, self._permits, self._scheduler.desk.now
        while True:
            more = scheduler.settle()
            for request in scheduler.take_permit_requests():
                if isinstance(request, d.RequestPermit):
                    permits.request(request.key, now)
                else:
                    permits.release(request.key, Ending.IGNORED, now)
            granted = False
            while not scheduler.is_full() and (key := permits.grant(now)) is not None:
                scheduler.start(key)
                granted = True
            if scheduler.is_full():
                return True
            if not granted:
                return more

    def _carry_out(self, turn: Turn) -> None:
        for decision in turn.decisions:
            match decision:
                case d.StartCall(call):
                    self._calls[call.key] = asyncio.create_task(self._run_call(call))
                case d.StopCall(key, _):
                    if key in self._calls:
                        self._calls[key].cancel()
                case d.ArmTimer(key, due_at, _):
                    self._timers.arm(key, due_at)
                case d.DisarmTimer(key):
                    self._timers.disarm(key)

    async def _run_call(self, call: TaskCall) -> None:
        """Run one attempt and feed its outcome; the one place where a call may raise."""
        scheduler = self._scheduler

        def spawned(pid: int, started: float) -> None:
            self.feed(lambda: scheduler.spawned(TaskSpawned(call.key, call.attempt, pid, started)))

        log = self._logs.open(call)
        try:
            outcome = await self._services.executors[call.runtime].run(call, log, spawned)
        except asyncio.CancelledError:
            outcome = _ended(call, "cancelled", ErrorInfo(code="E-CANCELLED", message="cancelled"))
        except Exception as error:  # noqa: BLE001 - an executor must not raise; a run must not hang because one did
            _log.exception("executor %s raised for %s", call.runtime, call.key.address)
            info = ErrorInfo(code="E-BUG-EXECUTOR", message=f"{type(error).__name__}: {error}")
            outcome = _ended(call, "failed", info)
        finally:
            log.close()
        self.feed(lambda: self._finish(outcome))

    def _finish(self, outcome: Outcome) -> None:
        self._permits.release(outcome.key, Ending.IGNORED, self._scheduler.desk.now)
        self._calls.pop(outcome.key, None)
        if not self._scheduler.finish(outcome):
            _log.warning("dropped a late outcome of %s, attempt %s", outcome.key.address, outcome.attempt)

    async def _stop_calls(self) -> None:
        calls = [call for call in self._calls.values() if not call.done()]
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls)


def _ended(call: TaskCall, status: str, error: ErrorInfo) -> Outcome:
    return Outcome(
        key=call.key,
        attempt=call.attempt,
        generation=call.generation,
        status="cancelled" if status == "cancelled" else "failed",
        error=error,
    )
