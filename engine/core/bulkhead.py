"""A bulkhead: how many calls may run at once, who waits, when a breaker lets nobody in.

First come, first served. Pure: time is an argument, holders are any hashable value. Owned by the engine thread. Every
way out, of a call or of the line, is `release`, which may be called for anyone at any time: no permit leaks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..definition.plan import BulkheadSpec
from . import breaker as b
from .breaker import Breaker, BreakerState, Ending

Holder = TypeVar("Holder", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that may not even wait: `E-BULKHEAD-FULL` or `E-BREAKER-OPEN`, with a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[Holder]):
    """What people see of a bulkhead."""

    name: str
    limit: int
    holding: tuple[Holder, ...]
    waiting: tuple[Holder, ...]
    """In line, the next one first."""
    rejected: int
    """Calls refused or timed out so far."""
    breaker: Breaker | None
    """None where the bulkhead has no breaker."""


@dataclass(slots=True)
class _Waiting:
    since: float
    blocked_s: float = 0.0
    """Time spent behind an open breaker; it does not count to the queue's timeout."""


class Bulkhead(Generic[Holder]):
    """Permits for at most `limit` holders at once."""

    def __init__(self, name: str, spec: BulkheadSpec, breaker: Breaker | None = None) -> None:
        """`breaker` is a stored state to go on with; None starts closed."""
        self.name = name
        self.spec = spec
        self.limit = spec.max_concurrent_calls
        self.rejected = 0
        self.breaker = (breaker or Breaker()) if spec.breaker is not None else None
        self._holding: dict[Holder, int] = {}
        self._line: OrderedDict[Holder, _Waiting] = OrderedDict()
        self._blocked_since: float | None = None

    @property
    def in_use(self) -> int:
        """Permits given out now."""
        return len(self._holding)

    @property
    def in_line(self) -> int:
        """How many wait."""
        return len(self._line)

    def snapshot(self) -> Snapshot[Holder]:
        """Freeze what it looks like now."""
        return Snapshot(
            name=self.name,
            limit=self.limit,
            holding=tuple(self._holding),
            waiting=tuple(self._line),
            rejected=self.rejected,
            breaker=self.breaker,
        )

    # --- calls -----------------------------------------------------------------------------------------------------

    def request(self, holder: Holder, now: float) -> Refused | None:
        """Stand in line; a Refused where that is not possible. Nothing happens to who is in line or holds already."""
        if holder in self._holding or holder in self._line:
            return None
        self._look(now)
        if self.spec.on_open == "fail" and self._blocked():
            self.rejected += 1
            return Refused("E-BREAKER-OPEN", f"circuit breaker {self.name} is open")
        free = self.limit - len(self._holding)
        size = self.spec.max_queue_size
        if size is not None and len(self._line) >= size + max(0, free):
            self.rejected += 1
            return Refused("E-BULKHEAD-FULL", f"bulkhead {self.name} is full and {len(self._line)} wait already")
        self._line[holder] = _Waiting(now)
        return None

    def try_acquire(self, holder: Holder, now: float) -> bool:
        """Take a permit without standing in line; False, and nothing changed, where one would have to wait."""
        return not self._line and holder not in self._holding and self._take(holder, now)

    def grant(self, now: float) -> Holder | None:
        """Give the next in line a permit, if there is one and the breaker admits it."""
        self._look(now)
        if not self._line:
            return None
        holder = next(iter(self._line))
        if not self._take(holder, now):
            return None
        del self._line[holder]
        return holder

    def release(self, holder: Holder, ending: Ending, now: float) -> None:
        """Give the permit back, or leave the line; unknown holders are ignored."""
        era = self._holding.pop(holder, None)
        if era is None:
            self._line.pop(holder, None)
        elif self.breaker is not None and self.spec.breaker is not None:
            self._look(now)
            self._become(b.record(self.breaker, self.spec.breaker, ending, era, now), now)

    def expire(self, now: float) -> list[Holder]:
        """Take everyone out of the line who waited for longer than `queue_timeout`, and return them."""
        timeout_s = self.spec.queue_timeout_s
        if timeout_s is None:
            return []
        self._look(now)
        late = [holder for holder, waiting in self._line.items() if self._waited(waiting, now) >= timeout_s]
        for holder in late:
            del self._line[holder]
        self.rejected += len(late)
        return late

    def next_look(self, now: float) -> float | None:
        """Return when something changes by time alone (Unix seconds); None when nothing will."""
        moments: list[float] = []
        if self.breaker is not None and self.breaker.state is BreakerState.OPEN and self.breaker.until is not None:
            moments.append(self.breaker.until)
        elif self.spec.queue_timeout_s is not None and self._line:
            longest = max(self._waited(waiting, now) for waiting in self._line.values())
            moments.append(now + self.spec.queue_timeout_s - longest)
        return min(moments, default=None)

    def place(self, holder: Holder) -> int | None:
        """Return the place in line, from 1; None for who is not in line."""
        for place, other in enumerate(self._line, 1):
            if other == holder:
                return place
        return None

    def sentence(self, now: float) -> str:
        """Say why the next in line has to wait."""
        self._look(now)
        breaker = self.breaker
        if breaker is not None and breaker.state is BreakerState.OPEN and breaker.until is not None:
            return f"breaker {self.name}, {max(0.0, breaker.until - now):.0f} s"
        if breaker is not None and breaker.state is BreakerState.HALF_OPEN:
            return f"breaker {self.name} is half-open, a probe runs"
        return f"bulkhead {self.name} is full {len(self._holding)}/{self.limit}"

    # --- people ----------------------------------------------------------------------------------------------------

    def set_limit(self, limit: int) -> None:
        """Change how many may run; those that run already stay."""
        self.limit = max(1, limit)

    def force_open(self, now: float, duration_s: float | None = None) -> None:
        """Let nobody in for `duration_s` (None: the policy's time). Nothing happens without a breaker."""
        if self.breaker is not None and self.spec.breaker is not None:
            self._look(now)
            self._become(b.opened(self.breaker, self.spec.breaker, now, duration_s), now)

    def reset(self, now: float) -> None:
        """Close the breaker and forget what it counted."""
        if self.breaker is not None:
            self._become(b.closed(self.breaker), now)

    # --- the pieces ------------------------------------------------------------------------------------------------

    def _take(self, holder: Holder, now: float) -> bool:
        if len(self._holding) >= self.limit:
            return False
        era = 0
        if self.breaker is not None and self.spec.breaker is not None:
            self._look(now)
            if not b.admits(self.breaker, self.spec.breaker):
                return False
            self.breaker = b.admit(self.breaker)
            era = self.breaker.era
        self._holding[holder] = era
        return True

    def _blocked(self) -> bool:
        return self.breaker is not None and self.breaker.state is BreakerState.OPEN

    def _look(self, now: float) -> None:
        if self.breaker is not None and self.breaker.state is BreakerState.OPEN:
            self._become(b.look(self.breaker, now), now)

    def _become(self, breaker: Breaker, now: float) -> None:
        """Take the new value, and keep account of the time that waiters spend behind an open breaker."""
        self.breaker = breaker
        if self._blocked():
            if self._blocked_since is None:
                self._blocked_since = now
        elif self._blocked_since is not None:
            for waiting in self._line.values():
                waiting.blocked_s += now - max(self._blocked_since, waiting.since)
            self._blocked_since = None

    def _waited(self, waiting: _Waiting, now: float) -> float:
        blocked = 0.0 if self._blocked_since is None else now - max(self._blocked_since, waiting.since)
        return now - waiting.since - waiting.blocked_s - blocked
