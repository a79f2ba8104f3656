"""What is said of bulkheads: load, who waits, circuit. Pure: time is an argument.

Of a run of this process everything is known, from the engine's snapshots. Of others the loads are counted from the
tasks' records and the circuits are those of the journal; how many calls were rejected is not known then.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from engine import Plan, RunId, TaskKey

from .circuits import Circuit, circuit_word
from .view_models import RunView

Holder: TypeAlias = tuple[RunId, TaskKey]
Place: TypeAlias = tuple[str, str]
"""(workflow, name); the workflow of a runtime's bulkhead is empty."""
BAR_CELLS: Final = 5
_NAMED: Final = 20
"""Waiters that are named at most; there may be thousands."""


class _Breaker(Protocol):
    """What a breaker of the engine shows."""

    @property
    def state(self) -> str: ...
    @property
    def until(self) -> float | None: ...


class EngineBulkhead(Protocol):
    """What a bulkhead of the engine shows."""

    @property
    def limit(self) -> int: ...
    @property
    def holding(self) -> tuple[Holder, ...]: ...
    @property
    def waiting(self) -> tuple[Holder, ...]: ...
    @property
    def rejected(self) -> int: ...
    @property
    def breaker(self) -> _Breaker | None: ...


Bulkheads: TypeAlias = Mapping[Place, EngineBulkhead]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadRow:
    """One bulkhead as the pane shows it."""

    place: Place | None
    """Under which the engine knows it and can change it; None where it cannot."""
    name: str
    in_use: int
    limit: int | None
    """None where it is not known."""
    waiting: tuple[str, ...] = ()
    """Addresses, the next one first; those of other runs say so."""
    queued: int = 0
    rejected: int | None = None
    """None where it is not known."""
    circuit: str = ""
    """`closed`, `half-open`, `OPEN 21s`; empty without a breaker."""
    note: str = ""
    """Why the circuit is as it is."""

    @property
    def load(self) -> str:
        """Such as `▮▮▮▯▯ 3/5 +2q`."""
        more = f" +{self.queued}q" if self.queued else ""
        if self.limit is None:
            return f"{'▮' * min(self.in_use, BAR_CELLS):<{BAR_CELLS}} {self.in_use}{more}"
        return f"{load_bar(self.in_use, self.limit)} {self.in_use}/{self.limit}{more}"


def load_bar(in_use: int, limit: int) -> str:
    """Draw a load in BAR_CELLS cells; one cell per permit where there are few, and never empty while one is used."""
    cells = max(1, min(limit, BAR_CELLS))
    full = min(cells, -(-in_use * cells // max(1, limit)))
    return ("▮" * full + "▯" * (cells - full)).ljust(BAR_CELLS)


def has_circuits(view: RunView) -> bool:
    """Say whether the journal of the run can speak of circuits."""
    return view.plan is not None and any(spec.breaker is not None for spec in view.plan.bulkheads.values())


def bulkhead_rows(
    view: RunView, run_id: RunId | None, known: Bulkheads, runtimes: Container[str], now: float
) -> list[BulkheadRow]:
    """List the named bulkheads of the workflow, those of `runtimes`, and the run's own."""
    plan = view.plan
    if plan is None:
        return []
    rows = [_named(view, plan, run_id, known.get((plan.name, name)), name, now) for name in plan.bulkheads]
    rows += [
        _from_engine(place, item, run_id) for place, item in known.items() if not place[0] and place[1] in runtimes
    ]
    elsewhere = {key for item in known.values() for other, key in item.waiting if other == run_id}
    own = [key for key in view.queued if key not in elsewhere and (known or _bulkhead_of(view, key) is None)]
    rows.append(
        BulkheadRow(
            place=None,
            name="this run",
            in_use=len(view.busy),
            limit=plan.max_parallel,
            waiting=tuple(key.address for key in own[:_NAMED]),
            queued=len(own),
        )
    )
    return rows


def runtimes_in_use(run_id: RunId | None, known: Bulkheads) -> set[str]:
    """Name the runtimes that a run has calls in, or calls that wait for one."""
    return {
        name
        for (workflow, name), item in known.items()
        if not workflow and any(holder[0] == run_id for holder in (*item.holding, *item.waiting))
    }


def queue_sentence(key: TaskKey, run_id: RunId | None, known: Bulkheads, now: float) -> str:
    """Say what a queued task waits for, and its place in line; empty where that is not known."""
    for (workflow, name), item in known.items():
        place = next((number for number, holder in enumerate(item.waiting, 1) if holder == (run_id, key)), None)
        if place is None:
            continue
        breaker = item.breaker
        word = "" if breaker is None else circuit_word(Circuit(breaker.state, breaker.until), now, live=True)
        kind = "bulkhead" if workflow else "runtime"
        cause = f"{kind} {name} is full {len(item.holding)}/{item.limit}"
        if word.startswith("OPEN"):
            cause = f"circuit {name} is open, {word.removeprefix('OPEN ')} left"
        elif word == "half-open":
            cause = f"circuit {name} is half-open, probes run"
        return f"queued: {cause}, {ordinal(place)} in line"
    return ""


def ordinal(number: int) -> str:
    """Write `1st`, `2nd`, `11th`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(names: Sequence[str], total: int, width: int) -> str:
    """Name as many of `total` as fit into `width` cells, the first always, and count the others."""
    shown = ""
    for number, name in enumerate(names, 1):
        longer = f"{shown}, {name}" if shown else name
        more = f" and {total - number} more" if total > number else ""
        if shown and len(longer) + len(more) > width:
            return f"{shown} and {total - number + 1} more"
        shown = longer
    return f"{shown} and {total - len(names)} more" if total > len(names) else shown


def _named(
    view: RunView, plan: Plan, run_id: RunId | None, item: EngineBulkhead | None, name: str, now: float
) -> BulkheadRow:
    spec = plan.bulkheads[name]
    if item is not None:
        row = _from_engine((plan.name, name), item, run_id)
        seen = None if item.breaker is None else _circuit(view, name, item.breaker)
    else:
        waiting = [key for key in view.queued if _bulkhead_of(view, key) == name]
        row = BulkheadRow(
            place=None,
            name=name,
            in_use=sum(1 for key in view.busy if _bulkhead_of(view, key) == name),
            limit=spec.max_concurrent_calls,
            waiting=tuple(key.address for key in waiting[:_NAMED]),
            queued=len(waiting),
        )
        seen = None if spec.breaker is None else view.circuits.get(name) or Circuit("closed")
    if seen is None:
        return row
    return replace(row, circuit=circuit_word(seen, now, live=view.live or item is not None), note=seen.text)


def _circuit(view: RunView, name: str, breaker: _Breaker) -> Circuit:
    """Take the state from the engine, and why from the journal where that speaks of the same state."""
    told = view.circuits.get(name)
    return Circuit(breaker.state, breaker.until, told.text if told is not None and told.state == breaker.state else "")


def _from_engine(place: Place, item: EngineBulkhead, run_id: RunId | None) -> BulkheadRow:
    return BulkheadRow(
        place=place,
        name=place[1],
        in_use=len(item.holding),
        limit=item.limit,
        waiting=tuple(_addresses(item.waiting, run_id)),
        queued=len(item.waiting),
        rejected=item.rejected,
    )


def _addresses(holders: Sequence[Holder], run_id: RunId | None) -> Iterator[str]:
    """Name holders; the rest of a long line is only counted."""
    for other, key in holders[:_NAMED]:
        yield key.address if other == run_id else f"{key.address} (run {other})"


def _bulkhead_of(view: RunView, key: TaskKey) -> str | None:
    node = view.node(key)
    return None if node is None else node.bulkhead
