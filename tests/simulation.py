"""Runs a plan without a store, threads or time: the scheduler, real memory tools, and a test that plays the executor.

`Simulation` holds what a real engine would keep on disk (`entries`, `stored`), so that `crash()` can lose the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.compiler import load_text
from engine.core import decisions as d
from engine.core.breaker import Ending
from engine.core.bulkhead import Bulkhead
from engine.core.calls import Outcome, TaskCall
from engine.core.desk import Desk
from engine.core.events import JournalEntry, Reason, RunCreated
from engine.core.instances import Instance
from engine.core.scheduler import Scheduler
from engine.core.state import RunState
from engine.core.value_cache import ValueCache
from engine.core.values import ResultRef
from engine.definition.plan import BulkheadSpec, Plan
from engine.errors import ErrorInfo
from engine.keys import JsonValue, RunId, TaskKey, key_of
from engine.tools.registry import Registry

START = 1_750_000_000.0


def plan_of(tasks: Mapping[str, Any], **workflow: Any) -> Plan:
    """Compile tasks given as plain data; fails the test with the problems when they are not valid."""
    text = json.dumps({"name": "test", "tasks": tasks, **workflow})
    loaded = load_text(text.encode(), "test.json")
    assert loaded.plan is not None, "\n".join(str(problem) for problem in loaded.problems)
    return loaded.plan


def shell(**extra: Any) -> dict[str, Any]:
    """Build a task that needs a permit and an executor."""
    return {"run": "true", **extra}


class Simulation:
    """One run, driven by hand. Time moves only through `advance`."""

    def __init__(self, plan: Plan, *, keep_going: bool = False) -> None:
        """Start the run and settle the first turn."""
        self.plan = plan
        self.now = START
        self.entries: list[JournalEntry] = []
        self.stored: dict[str, JsonValue] = {}
        self._begin(RunState(RunId("run"), plan))
        created = RunCreated("test", plan.digest, {}, {}, keep_going)
        self.scheduler.create(created, 1)
        self.turn()

    def _begin(self, state: RunState) -> None:
        values = ValueCache(self._fetch)
        desk = Desk(state=state, values=values, tools=Registry(), env={}, now=self.now)
        self.scheduler = Scheduler(state, desk, "test.json", len(self.entries) + 1)
        self.permits: Bulkhead[TaskKey] = Bulkhead("run", BulkheadSpec(max_concurrent_calls=self.plan.max_parallel))
        self.running: dict[TaskKey, TaskCall] = {}
        self.stopping: set[TaskKey] = set()
        self.timers: dict[TaskKey, float] = {}
        self.files: dict[TaskKey, str] = {}

    def _fetch(self, refs: Iterable[ResultRef]) -> dict[str, JsonValue]:
        return {ref.digest: self.stored[ref.digest] for ref in refs}

    # --- the engine's side -----------------------------------------------------------------------------------------

    def turn(self) -> list[JournalEntry]:
        """Settle completely, 'save', carry the decisions out; return the new entries."""
        before = len(self.entries)
        more = True
        while more:
            more = self._settle()
            turn = self.scheduler.take()
            if turn is None:
                break
            self.entries.extend(turn.batch.entries)
            self.stored.update({value.ref.digest: json.loads(value.text) for value in turn.batch.values})
            for decision in turn.decisions:
                self._carry_out(decision)
        return self.entries[before:]

    def _settle(self) -> bool:
        while True:
            more = self.scheduler.settle()
            for request in self.scheduler.take_permit_requests():
                if isinstance(request, d.RequestPermit):
                    self.permits.request(request.key, self.now)
                else:
                    self.permits.release(request.key, Ending.IGNORED, self.now)
            granted = False
            while (key := self.permits.grant(self.now)) is not None:
                self.scheduler.start(key)
                granted = True
            if not granted:
                return more

    def _carry_out(self, decision: d.Decision) -> None:
        match decision:
            case d.StartCall(call):
                self.running[call.key] = call
            case d.StopCall(key, _):
                self.stopping.add(key)
            case d.ArmTimer(key, due_at, _):
                self.timers[key] = due_at
            case d.WatchFile(key, path, _):
                self.files[key] = path
            case d.DisarmTimer(key):
                self.timers.pop(key, None)
                self.files.pop(key, None)

    # --- the world's side ------------------------------------------------------------------------------------------

    def finish(self, address: str, value: JsonValue = None) -> Simulation:
        """Let a running call succeed."""
        return self.end(address, value=value)

    def fail(self, address: str, message: str = "boom", *, retryable: bool = True) -> Simulation:
        """Let a running call fail."""
        return self.end(address, error=ErrorInfo(code="E-EXIT", message=message, exit_code=1, retryable=retryable))

    def end(self, address: str, *, value: JsonValue = None, error: ErrorInfo | None = None) -> Simulation:
        """Deliver the outcome of a running call and take a turn."""
        self.deliver(self.outcome(address, value=value, error=error))
        return self

    def outcome(self, address: str, *, value: JsonValue = None, error: ErrorInfo | None = None) -> Outcome:
        """Build the outcome of a running call without delivering it."""
        call = self.running[key_of(address)]
        cancelled = call.key in self.stopping
        return Outcome(
            key=call.key,
            attempt=call.attempt,
            generation=call.generation,
            status="cancelled" if cancelled else "failed" if error else "succeeded",
            value=value,
            error=ErrorInfo(code="E-CANCELLED", message="cancelled") if cancelled else error,
        )

    def deliver(self, outcome: Outcome) -> bool:
        """Hand an outcome in and take a turn; False where the scheduler dropped it as late."""
        taken = self.scheduler.finish(outcome)
        if taken:
            self.permits.release(outcome.key, Ending.IGNORED, self.now)
            self.running.pop(outcome.key, None)
            self.stopping.discard(outcome.key)
        self.turn()
        return taken

    def advance(self, seconds: float) -> Simulation:
        """Let time pass, fire what is due, take a turn."""
        self.now += seconds
        self.scheduler.desk.now = self.now
        for key in [key for key, due in self.timers.items() if due <= self.now]:
            del self.timers[key]
            self.scheduler.timer_fired(key)
        self.turn()
        return self

    def cancel(self) -> Simulation:
        """Ask for the end of the run and take a turn."""
        self.scheduler.cancel(Reason("cancel", "cancelled by the test"))
        self.turn()
        return self

    def crash(self, keep: int | None = None) -> Simulation:
        """Lose everything but the journal (its first `keep` entries) and take over; returns self, resumed."""
        if keep is not None:
            del self.entries[keep:]
        epoch = self.state.epoch + 1
        self._begin(self.folded())
        self.scheduler.resume(epoch)
        self.turn()
        return self

    def folded(self, keep: int | None = None) -> RunState:
        """Fold the journal (or its first `keep` entries) into a state."""
        state = RunState(RunId("run"), self.plan)
        for entry in self.entries[:keep]:
            state.apply(entry.event, entry.at)
        return state

    def run_to_end(self, result: JsonValue = None) -> Simulation:
        """Let every call succeed and every timer fire until nothing is left."""
        while not self.state.status.terminal:
            if self.running:
                self.finish(next(iter(self.running)).address, result)
            else:
                assert self.timers, "nothing runs and no timer is armed"
                self.advance(max(0.0, min(self.timers.values()) - self.now))
        return self

    # --- looking ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> RunState:
        return self.scheduler.state

    @property
    def ready(self) -> set[str]:
        """Addresses of the calls that run now."""
        return {key.address for key in self.running}

    def task(self, address: str) -> Instance:
        """Return a live instance."""
        return self.state.instance(key_of(address))

    def statuses(self) -> dict[str, str]:
        """Status by address of the root scope."""
        return {instance.key.address: instance.status.value for instance in self.state.root.instances}

    def result(self, address: str) -> JsonValue:
        """Result of a live instance."""
        return self.scheduler.desk.values.read(self.task(address).result)

    def named(self, name: str) -> JsonValue:
        """`results.<name>` of the root scope."""
        return self.scheduler.desk.values.read(self.state.root.results[name])
