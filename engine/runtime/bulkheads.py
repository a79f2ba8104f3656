"""The bulkheads of one engine: named ones shared by its runs, one per runtime, one per run. Used on its loop only.

A call takes its permits one after the other: its named bulkhead's, its runtime's, its run's. The order is the same for
all, and nobody who runs waits for a permit, so no two calls can wait for each other. Two processes share none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..core.breaker import Breaker, BreakerState, Ending
from ..core.bulkhead import Bulkhead, Refused, Snapshot
from ..core.events import BulkheadChanged
from ..core.records import BulkheadRecord
from ..definition.plan import BulkheadSpec, Plan
from ..errors import UsageError
from ..keys import RunId, TaskKey

Holder: TypeAlias = tuple[RunId, TaskKey]
LoadBreaker: TypeAlias = Callable[[str, str], Breaker | None]
"""`(workflow, name)` to the stored breaker, None where there is none."""

RUNTIME_LIMITS: Mapping[str, int] = {"python": 256, "shell": 256, "docker": 32}
"""Calls of one runtime at once, over all runs of the engine."""


@dataclass(slots=True)
class _Run:
    """What is kept for one live run."""

    workflow: str
    own: Bulkhead[Holder]
    wake: Callable[[], None]
    ready: deque[TaskKey] = field(default_factory=deque)
    """Calls that have all their permits and were not told yet."""
    refused: deque[tuple[TaskKey, Refused]] = field(default_factory=deque)
    changes: list[tuple[BulkheadChanged, BulkheadRecord]] = field(default_factory=list)


class Bulkheads:
    """Gives out permits and tells runs when theirs have come."""

    def __init__(self, load: LoadBreaker) -> None:
        """`load` finds the breaker that an earlier engine left behind."""
        self._load = load
        self._runs: dict[RunId, _Run] = {}
        self._named: dict[tuple[str, str], Bulkhead[Holder]] = {}
        self._runtimes = {
            name: Bulkhead[Holder](name, BulkheadSpec(max_concurrent_calls=limit))
            for name, limit in RUNTIME_LIMITS.items()
        }
        self._paths: dict[Holder, tuple[Bulkhead[Holder], ...]] = {}
        self._told: dict[tuple[str, str], BreakerState] = {}

    # --- runs ------------------------------------------------------------------------------------------------------

    def open_run(self, run_id: RunId, plan: Plan, wake: Callable[[], None]) -> list[str]:
        """Take a run in; return the names whose limits differ from those already in force (which stay)."""
        own = Bulkhead[Holder]("max_parallel", BulkheadSpec(max_concurrent_calls=plan.max_parallel))
        self._runs[run_id] = _Run(plan.name, own, wake)
        differing: list[str] = []
        for name, spec in plan.bulkheads.items():
            standing = self._named.get((plan.name, name))
            if standing is None:
                breaker = self._load(plan.name, name) if spec.breaker is not None else None
                self._named[plan.name, name] = Bulkhead(name, spec, breaker)
            elif standing.spec != spec:
                if any(run.workflow == plan.name for other, run in self._runs.items() if other != run_id):
                    differing.append(name)
                else:
                    self._named[plan.name, name] = Bulkhead(name, spec, standing.breaker if spec.breaker else None)
        return differing

    def close_run(self, run_id: RunId, now: float) -> None:
        """Give back whatever a run still holds."""
        for holder in [holder for holder in self._paths if holder[0] == run_id]:
            self.release(run_id, holder[1], Ending.IGNORED, now)
        self._runs.pop(run_id, None)

    # --- calls -----------------------------------------------------------------------------------------------------

    def request(self, run_id: RunId, key: TaskKey, named: str | None, runtime: str, now: float) -> None:
        """Stand in line for everything a call needs; the answer comes through `take_ready` or `take_refused`."""
        run, holder = self._runs[run_id], (run_id, key)
        if holder in self._paths:
            return
        first = (self._named[run.workflow, named],) if named is not None else ()
        path = (*first, self._runtimes[runtime], run.own)
        self._paths[holder] = path
        self._climb(holder, path, now)

    def release(self, run_id: RunId, key: TaskKey, ending: Ending, now: float) -> None:
        """Give back all permits of a call, or take it out of line; unknown calls are ignored."""
        path = self._paths.pop((run_id, key), ())
        for bulkhead in path:
            bulkhead.release((run_id, key), ending, now)
        for bulkhead in path:
            if bulkhead.breaker is not None:
                self._note(bulkhead, run_id, now)
            if bulkhead.in_line:
                self._advance(bulkhead, now)

    def look(self, now: float) -> None:
        """Let time pass: expire who waited too long, admit probes."""
        for bulkhead in list(self._named.values()):
            for run_id, key in bulkhead.expire(now):
                self._paths.pop((run_id, key), None)
                text = f"waited longer than {bulkhead.spec.queue_timeout_s:g} s for bulkhead {bulkhead.name}"
                self._refuse(run_id, key, Refused("E-BULKHEAD-TIMEOUT", text))
            self._advance(bulkhead, now)
            self._note(bulkhead, None, now)

    def next_look(self, now: float) -> float | None:
        """Return when time alone changes something (Unix seconds); None for never."""
        return min((due for item in self._named.values() if (due := item.next_look(now)) is not None), default=None)

    def take_ready(self, run_id: RunId) -> TaskKey | None:
        """Return the next call of the run that has all its permits."""
        ready = self._runs[run_id].ready
        while ready:
            key = ready.popleft()
            if (run_id, key) in self._paths:
                return key
        return None

    def take_refused(self, run_id: RunId) -> tuple[TaskKey, Refused] | None:
        """Return the next call of the run that will not get its permits."""
        refused = self._runs[run_id].refused
        return refused.popleft() if refused else None

    def take_changes(self, run_id: RunId) -> list[tuple[BulkheadChanged, BulkheadRecord]]:
        """Return what this run has to journal."""
        run = self._runs[run_id]
        changes, run.changes = run.changes, []
        return changes

    def sentence(self, run_id: RunId, named: str | None, runtime: str, now: float) -> str:
        """Say why a call that asks now would wait; empty where it would start at once."""
        run = self._runs[run_id]
        path = [self._named[run.workflow, named]] if named is not None else []
        for bulkhead in [*path, self._runtimes[runtime], run.own]:
            # No snapshot: it lists everyone in line, and everyone in line was asked about here.
            blocked = bulkhead.breaker is not None and bulkhead.breaker.state is not BreakerState.CLOSED
            if blocked or bulkhead.in_line or bulkhead.in_use >= bulkhead.limit:
                return f"queued: {bulkhead.sentence(now)}, {_ordinal(bulkhead.in_line + 1)} in line"
        return ""

    # --- people ----------------------------------------------------------------------------------------------------

    def snapshots(self) -> dict[tuple[str, str], Snapshot[Holder]]:
        """Freeze every named bulkhead, by workflow and name, and the runtimes' under the empty workflow."""
        named = {place: bulkhead.snapshot() for place, bulkhead in self._named.items()}
        return named | {("", name): bulkhead.snapshot() for name, bulkhead in self._runtimes.items()}

    def change(self, workflow: str, name: str, act: Callable[[Bulkhead[Holder]], None], why: str, now: float) -> None:
        """Let a person change a named bulkhead; UsageError for an unknown one."""
        bulkhead = self._named.get((workflow, name))
        if bulkhead is None:
            raise UsageError("E-BULKHEAD-UNKNOWN", f"the workflow {workflow!r} has no bulkhead {name!r} here")
        act(bulkhead)
        self._advance(bulkhead, now)
        self._note(bulkhead, None, now, why)

    # --- the pieces ------------------------------------------------------------------------------------------------

    def _climb(self, holder: Holder, path: tuple[Bulkhead[Holder], ...], now: float) -> None:
        """Take permits along the rest of a call's path, and stand in line at the first that has none."""
        for bulkhead in path:
            if bulkhead.try_acquire(holder, now):
                continue
            refused = bulkhead.request(holder, now)
            if refused is not None:
                self.release(*holder, Ending.IGNORED, now)
                self._refuse(*holder, refused)
            return
        run = self._runs[holder[0]]
        run.ready.append(holder[1])
        run.wake()

    def _advance(self, bulkhead: Bulkhead[Holder], now: float) -> None:
        """Grant what can be granted, and let those who got it go on to their next permit."""
        while (holder := bulkhead.grant(now)) is not None:
            path = self._paths[holder]
            self._climb(holder, path[path.index(bulkhead) + 1 :], now)

    def _refuse(self, run_id: RunId, key: TaskKey, refused: Refused) -> None:
        run = self._runs.get(run_id)
        if run is not None:
            run.refused.append((key, refused))
            run.wake()

    def _note(self, bulkhead: Bulkhead[Holder], cause: RunId | None, now: float, why: str = "") -> None:
        """Hand a change of the breaker to the run that caused it, else to any live run of that workflow."""
        breaker = bulkhead.breaker
        if breaker is None:
            return
        place = next(place for place, other in self._named.items() if other is bulkhead)
        before = self._told.get(place, BreakerState.CLOSED)
        if breaker.state is before:
            return
        run = self._runs.get(cause) if cause is not None else None
        run = run or next((item for item in self._runs.values() if item.workflow == place[0]), None)
        if run is None:
            return
        self._told[place] = breaker.state
        text = why or _why(bulkhead, before, breaker, now)
        change = BulkheadChanged(place[1], breaker.state.value, breaker.until, text)
        run.changes.append((change, BulkheadRecord(workflow=place[0], name=place[1], breaker=breaker)))
        run.wake()


def _why(bulkhead: Bulkhead[Holder], before: BreakerState, after: Breaker, now: float) -> str:
    name = bulkhead.name
    if after.state is BreakerState.OPEN:
        cause = "a probe failed" if before is BreakerState.HALF_OPEN else "too many failures"
        return f"circuit {name} opened for {(after.until or now) - now:.0f} s: {cause}"
    if after.state is BreakerState.HALF_OPEN:
        return f"circuit {name} is half-open: probes may run"
    return f"circuit {name} closed: its probes succeeded"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
