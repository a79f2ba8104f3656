"""Drives one run on the engine's loop: drain, decide, grant, save in one transaction, publish, submit.

Nothing is seen before it is saved. Nobody outside reads the state before the commit; if the commit fails for good, the
state is dropped and the run is left to be resumed.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..core import decisions as d
from ..core.breaker import Ending
from ..core.calls import Outcome, TaskCall
from ..core.events import Reason, TaskSpawned
from ..core.ports import Clock, Executor, LogBook, Recovering, Store
from ..core.records import RunRecord
from ..core.scheduler import Scheduler, Turn
from ..errors import ErrorInfo, UsageError
from ..keys import RunId, TaskKey
from .bulkheads import Bulkheads
from .bus import Bus
from .control import address_of, serving
from .failpoints import Failpoints
from .file_watch import FileWatch
from .timers import Timers
from .vault import SecretVault

_log = logging.getLogger(__name__)

_ENDINGS = {
    "succeeded": Ending.SUCCESS,
    "failed": Ending.FAILURE,
    "timed_out": Ending.FAILURE,
    "cancelled": Ending.IGNORED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all runs of an engine share."""

    store: Store
    bus: Bus
    clock: Clock
    executors: Mapping[str, Executor]
    bulkheads: Bulkheads
    failpoints: Failpoints
    watch: Callable[[], None]
    """Call after anyone may have begun to wait: lets the bulkheads be looked at when time alone changes something."""


class LiveRun:
    """One run while this process owns it. Used on the engine's loop only."""

    def __init__(self, scheduler: Scheduler, services: Services, logs: LogBook, vault: SecretVault) -> None:
        """`scheduler` has not begun; the owner's lock is held; `vault` has the run's secrets."""
        self._scheduler = scheduler
        self._services = services
        self._logs = logs
        self._vault = vault
        self._inputs: deque[Callable[[], object]] = deque()
        self._wake = asyncio.Event()
        self._answers: set[asyncio.Future[None]] = set()
        self._granted: list[asyncio.Future[None]] = []
        self._run_id = scheduler.state.run_id
        self._permits = services.bulkheads
        scheduler.desk.why_queued = self._why_queued
        self._timers = Timers(services.clock, lambda key: self.feed(lambda: scheduler.timer_fired(key)))
        self._files = FileWatch(lambda key: self.feed(lambda: scheduler.file_found(key)))
        self._calls: dict[TaskKey, asyncio.Task[None]] = {}
        self.record: RunRecord | None = None
        """The run's row as last saved."""

    def feed(self, change: Callable[[], object]) -> None:
        """Let `change` happen in the next turn."""
        self._inputs.append(change)
        self._wake.set()

    @property
    def run_id(self) -> RunId:
        """Of the run that lives here."""
        return self._run_id

    def wish(self, act: Callable[[Scheduler], object]) -> asyncio.Future[None]:
        """Let a person's wish happen in the next turn.

        The future ends when that is saved, or with the UsageError of a wish that does not fit and changed nothing; it
        is cancelled where the run ends first. Nobody has to wait for it.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(self._forget)
        self._answers.add(answer)

        def change() -> None:
            try:
                act(self._scheduler)
            except UsageError as error:
                _log.warning("run %s: %s", self._run_id, error)
                if not answer.done():
                    answer.set_exception(error)
            else:
                self._granted.append(answer)

        self.feed(change)
        return answer

    def cancel(self, reason: Reason) -> None:
        """End the run in the next turn."""
        self.feed(lambda: self._scheduler.cancel(reason))

    def cancel_task(self, key: TaskKey, reason: Reason) -> None:
        """End one task in the next turn."""
        self.feed(lambda: self._scheduler.cancel_task(key, reason))

    def _forget(self, answer: asyncio.Future[None]) -> None:
        """Drop an answer that was given; asking for its error keeps asyncio quiet where nobody waits for it."""
        self._answers.discard(answer)
        if not answer.cancelled():
            answer.exception()

    async def drive(self, begin: Callable[[], None], saved: Callable[[], None]) -> RunRecord:
        """Run to the end and return the last row; `saved` is called after each saved turn.

        StoreError and OwnershipLost end it early, with every call stopped and nothing more written.
        """
        differing = self._permits.open_run(self._run_id, self._scheduler.state.plan, self._wake.set)
        for name in differing:
            _log.warning("run %s: bulkhead %s keeps the limits of the run that is live", self._run_id, name)
        self.feed(begin)
        async with serving(self, address_of(self._services.store.run_folder(self._run_id))):
            return await self._drive(saved)

    async def _drive(self, saved: Callable[[], None]) -> RunRecord:
        try:
            more = False
            while True:
                if not more:
                    await self._wake.wait()
                more = await self._turn()
                if self.record is not None:
                    saved()
                    over = self.record.status.terminal or (self._scheduler.is_parked() and not self._inputs)
                    if over and not more:
                        return self.record
        finally:
            self._timers.close()
            self._files.close()
            await self._stop_calls()
            await self._sweep()
            self._permits.close_run(self._run_id, self._services.clock.now())
            for answer in list(self._answers):
                answer.cancel()

    async def _turn(self) -> bool:
        """Do one turn; True where more is to do at once."""
        self._wake.clear()
        scheduler = self._scheduler
        scheduler.desk.now = self._services.clock.now()
        while self._inputs:
            self._inputs.popleft()()
        more = self._settle()
        turn = scheduler.take()
        if turn is not None and turn.batch.entries:
            await self._save(turn)
        elif turn is not None:  # a look that found nothing is taken again later, and nothing happened
            self._carry_out(turn)
        while self._granted:
            answer = self._granted.pop()
            if not answer.done():
                answer.set_result(None)
        if more:
            await asyncio.sleep(0)
        return more

    async def _save(self, turn: Turn) -> None:
        """Make a turn durable, then seen, then done: in this order, whatever happens in between."""
        services, hit = self._services, self._services.failpoints.hit
        hit("turn.decided")
        await services.store.append(turn.batch)
        hit("turn.saved")
        self.record = turn.batch.run
        services.bus.publish(turn.batch)
        hit("turn.published")
        self._carry_out(turn)
        hit("turn.submitted")

    def _settle(self) -> bool:
        """Decide and grant until neither has more to say: outcomes and the starts they cause are one turn."""
        scheduler = self._scheduler
        while True:
            more = scheduler.settle()
            progress = self._ask_for_permits()
            while not scheduler.is_full() and (key := self._permits.take_ready(self._run_id)) is not None:
                scheduler.start(key)
                progress = True
            for event, record in self._permits.take_changes(self._run_id):
                scheduler.bulkhead_changed(event, record)
            if scheduler.is_full():
                return True
            if not progress:
                return more

    def _ask_for_permits(self) -> bool:
        """Hand requests on; True where one was refused, so that there is more to decide."""
        self._hand_on_requests()
        refused = False
        while (refusal := self._permits.take_refused(self._run_id)) is not None:
            key, why = refusal
            self._scheduler.reject(key, ErrorInfo(code=why.code, message=why.text))
            refused = True
        self._services.watch()
        return refused

    def _hand_on_requests(self) -> None:
        now = self._scheduler.desk.now
        for request in self._scheduler.take_permit_requests():
            if isinstance(request, d.RequestPermit):
                self._permits.request(self._run_id, request.key, request.bulkhead, request.runtime, now)
            else:
                self._permits.release(self._run_id, request.key, Ending.IGNORED, now)

    def _why_queued(self, named: str | None, runtime: str) -> str:
        """Say why a call that asks now would wait, behind everyone who asked before it in this very turn."""
        self._hand_on_requests()
        return self._permits.sentence(self._run_id, named, runtime, self._scheduler.desk.now)

    def _carry_out(self, turn: Turn) -> None:
        for decision in turn.decisions:
            match decision:
                case d.StartCall(call):
                    task = self._calls[call.key] = asyncio.create_task(self._run_call(call))
                    task.add_done_callback(functools.partial(self._if_never_begun, call))
                case d.StopCall(key, _):
                    if key in self._calls:
                        self._calls[key].cancel()
                case d.ArmTimer(key, due_at, _):
                    self._timers.arm(key, due_at)
                case d.WatchFile(key, path, poll_s):
                    self._files.watch(key, path, poll_s)
                case d.DisarmTimer(key):
                    self._timers.disarm(key)
                    self._files.forget(key)

    async def _run_call(self, call: TaskCall) -> None:
        """Run one attempt and feed its outcome; the one place where a call may raise."""
        scheduler = self._scheduler

        def spawned(pid: int, started: float) -> None:
            self.feed(lambda: scheduler.spawned(TaskSpawned(call.key, call.attempt, pid, started)))

        log = self._vault.sink(self._logs.open(call))
        try:
            self._services.failpoints.hit("call.begun")
            outcome = await self._services.executors[call.runtime].run(self._vault.fill(call), log, spawned)
        except asyncio.CancelledError:
            outcome = _ended(call, "cancelled", ErrorInfo(code="E-CANCELLED", message="cancelled"))
        except Exception as error:  # noqa: BLE001 - an executor must not raise; a run must not hang because one did
            trace = self._vault.text(traceback.format_exc())
            _log.error("executor %s raised for %s\n%s", call.runtime, call.key.address, trace)
            info = ErrorInfo(code="E-BUG-EXECUTOR", message=f"{type(error).__name__}: {error}")
            outcome = _ended(call, "failed", info)
        finally:
            log.close()
        self._services.failpoints.hit("call.ended")
        cleaned = self._vault.clean(outcome)
        self.feed(lambda: self._finish(cleaned))

    def _if_never_begun(self, call: TaskCall, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step runs nothing, not even its own clean-up."""
        if task.cancelled():
            error = ErrorInfo(code="E-CANCELLED", message="cancelled before it began")
            self.feed(lambda: self._finish(_ended(call, "cancelled", error)))

    def _finish(self, outcome: Outcome) -> None:
        self._permits.release(self._run_id, outcome.key, _ENDINGS[outcome.status], self._scheduler.desk.now)
        self._calls.pop(outcome.key, None)
        if not self._scheduler.finish(outcome):
            _log.warning("dropped a late outcome of %s, attempt %s", outcome.key.address, outcome.attempt)

    async def _stop_calls(self) -> None:
        calls = [call for call in self._calls.values() if not call.done()]
        for call in calls:
            call.cancel()
        if calls:
            await asyncio.wait(calls)

    async def _sweep(self) -> None:
        """End what executors took over from an earlier owner and no call has asked for."""
        for executor in self._services.executors.values():
            if isinstance(executor, Recovering):
                await executor.sweep(self._run_id)


def _ended(call: TaskCall, status: str, error: ErrorInfo) -> Outcome:
    return Outcome(
        key=call.key,
        attempt=call.attempt,
        generation=call.generation,
        status="cancelled" if status == "cancelled" else "failed",
        error=error,
    )
