"""The circuit breaker: closed → open → half-open → closed, as pure functions over a frozen value. Time is an argument.

```
closed     enough failures (in a row, or as a share of the window)  → open, for `isolation_duration`
open       the time has passed                                      → half_open
half_open  `success_threshold` probes succeeded                     → closed
half_open  one probe failed                                         → open, for twice as long (at most the maximum)
```
At most `half_open_max_calls` probes run at once, and no more are started than successes are still missing. Calls that
were admitted before the state changed are counted for nothing but their permit. Cancelled calls count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ..definition.plan import BreakerSpec


class BreakerState(StrEnum):
    """The field's words."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Ending(StrEnum):
    """What a call means for the breaker."""

    SUCCESS = "success"
    FAILURE = "failure"
    IGNORED = "ignored"
    """Cancelled, or ended before it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One breaker. `era` grows with every change of state: an outcome from an earlier era changes nothing."""

    state: BreakerState = BreakerState.CLOSED
    era: int = 0
    consecutive_failures: int = 0
    recent: tuple[bool, ...] = ()
    """The last calls, oldest first, True for a failure; at most `window` of them."""
    until: float | None = None
    """When an open breaker lets probes through, Unix seconds; None unless open."""
    isolation_s: float = 0.0
    """How long it was opened last; 0 while it has never been."""
    probes: int = 0
    """Probes running now."""
    successes: int = 0
    """Probes that succeeded since it became half-open."""


def look(breaker: Breaker, now: float) -> Breaker:
    """Let time pass: an open breaker whose time is over becomes half-open."""
    if breaker.state is BreakerState.OPEN and breaker.until is not None and now >= breaker.until:
        return _enter(breaker, BreakerState.HALF_OPEN)
    return breaker


def admits(breaker: Breaker, spec: BreakerSpec) -> bool:
    """Say whether one more call may start now; `look` first."""
    if breaker.state is BreakerState.CLOSED:
        return True
    if breaker.state is BreakerState.OPEN:
        return False
    wanted = min(spec.half_open_max_calls, spec.success_threshold - breaker.successes)
    return breaker.probes < wanted


def admit(breaker: Breaker) -> Breaker:
    """Count an admitted call; only probes are counted."""
    return replace(breaker, probes=breaker.probes + 1) if breaker.state is BreakerState.HALF_OPEN else breaker


def record(breaker: Breaker, spec: BreakerSpec, ending: Ending, era: int, now: float) -> Breaker:
    """Take in how a call ended that was admitted in `era`."""
    if era != breaker.era:
        return breaker
    if breaker.state is BreakerState.HALF_OPEN:
        return _record_probe(breaker, spec, ending, now)
    if breaker.state is BreakerState.OPEN or ending is Ending.IGNORED:
        return breaker
    failed = ending is Ending.FAILURE
    if not failed and len(breaker.recent) >= spec.window and True not in breaker.recent:
        return breaker  # one more success after nothing else: what most calls are
    counted = Breaker(
        era=era,
        isolation_s=breaker.isolation_s,
        consecutive_failures=breaker.consecutive_failures + 1 if failed else 0,
        recent=(*breaker.recent, failed)[-spec.window :],
    )
    return opened(counted, spec, now) if failed and _is_broken(counted, spec) else counted


def opened(breaker: Breaker, spec: BreakerSpec, now: float, duration_s: float | None = None) -> Breaker:
    """Open it, for `duration_s` or the next isolation time of its policy."""
    again = breaker.state is BreakerState.HALF_OPEN and breaker.isolation_s > 0
    planned = min(breaker.isolation_s * 2, spec.max_isolation_s) if again else spec.isolation_s
    isolation_s = planned if duration_s is None else duration_s
    return replace(_enter(breaker, BreakerState.OPEN), until=now + isolation_s, isolation_s=isolation_s)


def closed(breaker: Breaker) -> Breaker:
    """Close it and forget what was counted."""
    return replace(_enter(breaker, BreakerState.CLOSED), isolation_s=0.0)


def _record_probe(breaker: Breaker, spec: BreakerSpec, ending: Ending, now: float) -> Breaker:
    after = replace(breaker, probes=breaker.probes - 1)
    if ending is Ending.FAILURE:
        return opened(after, spec, now)
    if ending is Ending.IGNORED:
        return after
    after = replace(after, successes=after.successes + 1)
    return closed(after) if after.successes >= spec.success_threshold else after


def _is_broken(breaker: Breaker, spec: BreakerSpec) -> bool:
    if breaker.consecutive_failures >= spec.failure_threshold:
        return True
    calls = len(breaker.recent)
    return calls >= spec.minimum_calls and sum(breaker.recent) / calls >= spec.failure_rate


def _enter(breaker: Breaker, state: BreakerState) -> Breaker:
    """Change the state and start counting anew; the next era."""
    return Breaker(state=state, era=breaker.era + 1, isolation_s=breaker.isolation_s)
