"""Bulkheads and breakers by name: the known failures of other libraries, and what the dialect promises."""

from __future__ import annotations

from engine.core.breaker import BreakerState, Ending
from engine.core.bulkhead import Bulkhead, Refused
from engine.definition.plan import BreakerSpec, BulkheadSpec

BREAKER = BreakerSpec(
    failure_threshold=2, isolation_s=10, max_isolation_s=30, half_open_max_calls=1, success_threshold=2
)


def bulkhead(limit: int = 5, breaker: BreakerSpec | None = BREAKER, **spec: object) -> Bulkhead[str]:
    """Build one with a breaker that opens after two failures."""
    return Bulkhead("api", BulkheadSpec(max_concurrent_calls=limit, breaker=breaker, **spec))  # type: ignore[arg-type]  # options of BulkheadSpec


def call(item: Bulkhead[str], holder: str, ending: Ending, now: float) -> bool:
    """Let one call run through; False where it was not admitted."""
    item.request(holder, now)
    granted = item.grant(now)
    item.release(holder, ending, now)
    return granted == holder


def broken(now: float = 0.0) -> Bulkhead[str]:
    """Build one whose breaker has just opened."""
    item = bulkhead()
    for holder in ("a", "b"):
        assert call(item, holder, Ending.FAILURE, now)
    assert state(item) is BreakerState.OPEN
    return item


def state(item: Bulkhead[str]) -> BreakerState:
    """Read the breaker's state afresh."""
    assert item.breaker is not None
    return item.breaker.state


def test_an_open_breaker_admits_nobody_until_its_time_is_over() -> None:
    """Silence while open, then one probe."""
    item = broken(now=0)

    assert not call(item, "c", Ending.SUCCESS, 9.9)
    assert call(item, "c", Ending.SUCCESS, 10)


def test_only_as_many_probes_run_at_once_as_allowed() -> None:
    """Half-open is no open door: of twenty callers one gets in."""
    item = broken()
    for number in range(20):
        item.request(f"p{number}", 10)

    granted = [item.grant(10) for _ in range(20)]

    assert [holder for holder in granted if holder is not None] == ["p0"]


def test_a_cancelled_probe_makes_room_for_another() -> None:
    """A permit given back without a result must not leave the breaker half-open for ever."""
    item = broken()
    item.request("p", 10)
    assert item.grant(10) == "p"

    item.release("p", Ending.IGNORED, 11)

    assert call(item, "q", Ending.SUCCESS, 11)
    assert call(item, "r", Ending.SUCCESS, 11)
    assert state(item) is BreakerState.CLOSED


def test_a_failed_probe_opens_it_again_for_twice_as_long_up_to_the_maximum() -> None:
    """10, 20, 30, 30 seconds; a full recovery starts at 10 again."""
    item = broken(now=0)
    now, lengths = 0.0, []
    for _ in range(4):
        assert item.breaker is not None
        assert item.breaker.until is not None
        lengths.append(item.breaker.until - now)
        now = item.breaker.until
        assert call(item, "p", Ending.FAILURE, now)

    assert lengths == [10, 20, 30, 30]


def test_half_open_is_entered_once_not_again_by_each_look() -> None:
    """Looking twice after the time has passed is one transition; the probe's count survives."""
    item = broken()
    item.request("p", 10)
    assert item.grant(10) == "p"
    assert item.breaker is not None
    era = item.breaker.era

    item.request("q", 12)
    assert item.grant(12) is None

    assert item.breaker.era == era
    assert item.breaker.probes == 1


def test_calls_from_before_the_opening_do_not_count_for_the_probes() -> None:
    """A slow success that began while closed neither closes a half-open breaker nor fills its probes."""
    item = bulkhead()
    item.request("slow", 0)
    assert item.grant(0) == "slow"
    for holder in ("a", "b"):
        call(item, holder, Ending.FAILURE, 0)
    item.request("p", 10)
    assert item.grant(10) == "p"

    item.release("slow", Ending.FAILURE, 11)

    assert state(item) is BreakerState.HALF_OPEN
    assert item.breaker is not None
    assert item.breaker.probes == 1


def test_cancelled_calls_count_neither_as_failure_nor_as_success() -> None:
    """Two failures with cancelled calls between them are two in a row."""
    item = bulkhead()
    for holder, ending in (("a", Ending.FAILURE), ("b", Ending.IGNORED), ("c", Ending.FAILURE)):
        call(item, holder, ending, 0)

    assert state(item) is BreakerState.OPEN


def test_the_failure_rate_opens_it_without_a_row_of_failures() -> None:
    """Every second call fails: half of the window is enough once it has the minimum of calls."""
    item = bulkhead(breaker=BreakerSpec(failure_threshold=100, failure_rate=0.5, window=10, minimum_calls=6))
    endings = [Ending.SUCCESS, Ending.FAILURE] * 3
    states = []
    for number, ending in enumerate(endings):
        call(item, str(number), ending, 0)
        states.append(state(item))

    assert states == [BreakerState.CLOSED] * 5 + [BreakerState.OPEN]


def test_a_full_queue_refuses_the_next_call() -> None:
    """`max_queue_size` waiting calls; one more is rejected at once."""
    item = bulkhead(limit=1, max_queue_size=1)
    assert item.request("a", 0) is None
    assert item.grant(0) == "a"
    assert item.request("b", 0) is None

    refused = item.request("c", 0)

    assert isinstance(refused, Refused)
    assert refused.code == "E-BULKHEAD-FULL"
    assert item.rejected == 1


def test_on_open_fail_refuses_instead_of_waiting() -> None:
    """The caller may prefer an error to a wait."""
    item = bulkhead(on_open="fail")
    for holder in ("a", "b"):
        call(item, holder, Ending.FAILURE, 0)

    refused = item.request("c", 1)

    assert isinstance(refused, Refused)
    assert refused.code == "E-BREAKER-OPEN"


def test_time_behind_an_open_breaker_does_not_count_to_the_queue_timeout() -> None:
    """Ten seconds of an open breaker and four of a full bulkhead are four seconds in the queue."""
    item = bulkhead(limit=1, queue_timeout_s=5)
    for holder in ("a", "b"):
        call(item, holder, Ending.FAILURE, 0)
    item.request("first", 0)
    item.request("second", 0)
    assert item.grant(10) == "first"

    assert item.expire(14.9) == []
    assert item.expire(15) == ["second"]
    assert item.next_look(15) is None


def test_a_restart_goes_on_with_the_stored_breaker() -> None:
    """An open breaker is still open after the engine has come back."""
    stored = broken(now=0).breaker

    again: Bulkhead[str] = Bulkhead("api", BulkheadSpec(max_concurrent_calls=1, breaker=BREAKER), stored)

    again.request("x", 5)
    assert again.grant(5) is None
    assert again.grant(10) == "x"


def test_people_can_open_close_and_widen_it() -> None:
    """Force open, reset and set limit work at once."""
    item = bulkhead(limit=1)
    item.force_open(0, 60)
    item.request("a", 1)
    item.request("b", 1)
    assert item.grant(1) is None
    item.reset(2)
    assert item.grant(2) == "a"
    assert item.grant(2) is None
    item.set_limit(2)

    assert item.grant(2) == "b"
    assert item.place("a") is None
