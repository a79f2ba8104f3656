"""The bulkhead's table under any order of requests, ends, waits and operators' hands, against a naive account."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.core.breaker import BreakerState, Ending
from engine.core.bulkhead import Bulkhead
from engine.definition.plan import BreakerSpec, BulkheadSpec

LIMIT, PROBES = 3, 2
SPEC = BulkheadSpec(
    max_concurrent_calls=LIMIT,
    max_queue_size=4,
    queue_timeout_s=20,
    breaker=BreakerSpec(
        failure_threshold=3, isolation_s=5, max_isolation_s=15, half_open_max_calls=PROBES, success_threshold=3
    ),
)


class BulkheadMachine(RuleBasedStateMachine):
    """Holds its own list of who runs, and what the breaker said when each was admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.item: Bulkhead[int] = Bulkhead("api", SPEC)
        self.names = 0
        self.running: dict[int, BreakerState] = {}
        self.era: dict[int, int] = {}
        self.line: list[int] = []
        self.limit = LIMIT

    @property
    def state(self) -> BreakerState:
        assert self.item.breaker is not None
        return self.item.breaker.state

    @rule()
    def request(self) -> None:
        self.names += 1
        if self.item.request(self.names, self.now) is None:
            self.line.append(self.names)

    @rule()
    def acquire(self) -> None:
        self.names += 1
        nobody_waits, free = not self.line, len(self.running) < self.limit
        if self.item.try_acquire(self.names, self.now):
            assert nobody_waits, "nobody overtakes the line"
            assert free
            self._runs(self.names)
        else:
            assert not (nobody_waits and free and self.state is BreakerState.CLOSED), "a free permit is given"

    @rule()
    def grant(self) -> None:
        holder = self.item.grant(self.now)
        if holder is not None:
            assert holder == self.line.pop(0), "first come, first served"
            self._runs(holder)

    def _runs(self, holder: int) -> None:
        assert self.state is not BreakerState.OPEN, "an open breaker admits nobody"
        assert self.item.breaker is not None
        self.running[holder] = self.state
        self.era[holder] = self.item.breaker.era

    @precondition(lambda self: self.running)
    @rule(choice=st.integers(0, 9), ending=st.sampled_from(list(Ending)))
    def end(self, choice: int, ending: Ending) -> None:
        holder = sorted(self.running)[choice % len(self.running)]
        self.item.release(holder, ending, self.now)
        del self.running[holder]
        self.item.release(holder, ending, self.now)  # a second time is no harm

    @precondition(lambda self: self.line)
    @rule(choice=st.integers(0, 9))
    def leave(self, choice: int) -> None:
        self.item.release(self.line.pop(choice % len(self.line)), Ending.IGNORED, self.now)

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for holder in self.item.expire(self.now):
            self.line.remove(holder)

    @rule()
    def force_open(self) -> None:
        self.item.force_open(self.now)

    @rule()
    def reset(self) -> None:
        self.item.reset(self.now)

    @rule(limit=st.integers(1, 5))
    def set_limit(self, limit: int) -> None:
        self.limit = limit
        self.item.set_limit(limit)

    @invariant()
    def permits_are_exact(self) -> None:
        snapshot = self.item.snapshot()
        assert set(snapshot.holding) == set(self.running)
        assert list(snapshot.waiting) == self.line

    @invariant()
    def probes_are_bounded(self) -> None:
        breaker = self.item.breaker
        assert breaker is not None
        probes = [holder for holder in self.running if self.era[holder] == breaker.era]
        if breaker.state is BreakerState.HALF_OPEN:
            assert breaker.probes == len(probes) <= PROBES
            assert breaker.probes + breaker.successes <= 3
        else:
            assert breaker.probes == 0
        assert (breaker.until is not None) == (breaker.state is BreakerState.OPEN)

    def teardown(self) -> None:
        """Whatever happened, once everyone has left and time has passed the next call gets in and can recover it."""
        for holder in list(self.running):
            self.item.release(holder, Ending.IGNORED, self.now)
        for holder in self.line:
            self.item.release(holder, Ending.IGNORED, self.now)
        self.now += 1000
        for _ in range(3):
            self.item.request(-1, self.now)
            assert self.item.grant(self.now) == -1
            self.item.release(-1, Ending.SUCCESS, self.now)
        assert self.state is BreakerState.CLOSED


TestBulkhead = BulkheadMachine.TestCase
