"""What a bulkhead with a circuit breaker costs a call, with the events it makes. Prints one JSON object.

The floor is `asyncio.Semaphore`, which counts permits and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time

from engine import load_text
from engine.core.breaker import Ending
from engine.definition.plan import Plan
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.runtime.bulkheads import Bulkheads

_CALLS = 10_000
_AT_ONCE = 8
_PAIRS = 20
_RUN = RunId("bench")
_FLOW = b"""\
max_parallel: 64
bulkheads:
  api: {max_concurrent_calls: 8, failure_threshold: 5, isolation_duration: 30, success_threshold: 3}
tasks:
  call: {function: log.info, args: [x], bulkhead: api}
"""


def _plan() -> Plan:
    plan = load_text(_FLOW, "bench.yaml").plan
    assert plan is not None
    return plan


def _bulkhead_us(plan: Plan) -> tuple[float, int]:
    """Microseconds of CPU a call, and how many events were made. Every 500th call begins a row of five failures."""
    bulkheads = Bulkheads(lambda _workflow, _name: None)
    bulkheads.open_run(_RUN, plan, lambda: None)
    keys = [TaskKey(ROOT, TaskId(f"call{number}")) for number in range(_AT_ONCE * 2)]
    now, ended, events = 0.0, 0, 0
    began = time.process_time()
    while ended < _CALLS:
        for key in keys:
            bulkheads.request(_RUN, key, "api", "python", now)
        while (key_now := bulkheads.take_ready(_RUN)) is not None:
            ending = Ending.FAILURE if ended % 500 < 5 else Ending.SUCCESS
            bulkheads.release(_RUN, key_now, ending, now)
            ended += 1
            events += len(bulkheads.take_changes(_RUN))
        if (due := bulkheads.next_look(now)) is not None:
            now = due
            bulkheads.look(now)
            events += len(bulkheads.take_changes(_RUN))
    return (time.process_time() - began) * 1e6 / ended, events


async def _semaphore_us() -> float:
    gate = asyncio.Semaphore(_AT_ONCE)
    began = time.process_time()
    for _ in range(_CALLS):
        await gate.acquire()
        gate.release()
    return (time.process_time() - began) * 1e6 / _CALLS


def _measure() -> dict[str, float]:
    plan = _plan()
    pairs = [(_bulkhead_us(plan), asyncio.run(_semaphore_us())) for _ in range(_PAIRS)]
    assert all(events >= _CALLS // 500 for (_, events), _ in pairs)
    return {
        "us_per_call": statistics.median(pair[0][0] for pair in pairs),
        "floor": statistics.median(pair[1] for pair in pairs),
    }


if __name__ == "__main__":
    print(json.dumps(_measure()))
