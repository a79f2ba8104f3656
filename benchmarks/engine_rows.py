"""The engine: cost per task in several shapes, what a bulkhead adds, and what 10,000 tasks cost in time and memory."""

from __future__ import annotations

from .measure import Row, child_json, interleaved

_BARS = {
    ("chain", 200): {"memory": 0.5, "user": 0.8},
    ("fan", 1000): {"memory": 0.2, "user": 0.4},
    ("layered", 1000): {},
}
_GUARD_US = 15.0
_REFUSED_MS = 50.0
_LARGE_ROUNDS = 3


def rows() -> list[Row]:
    """Measure every shape with both kinds of call, then the large run."""
    found: list[Row] = []
    for (shape, count), bars in _BARS.items():
        for call in ("memory", "user"):
            value, floor = _case(shape, count, call)
            found.append(
                Row(name=f"{shape} of {count}, {call}", value=value, unit="ms/task", floor=floor, bar=bars.get(call))
            )
    guard = child_json("benchmarks.bulkhead_case")
    found.append(
        Row(
            name="bulkhead and breaker, with events",
            value=guard["us_per_call"],
            unit="µs/call",
            floor=guard["floor"],
            bar=_GUARD_US,
        )
    )
    refused = child_json("benchmarks.expression_case")
    found.append(Row(name="the slowest hostile expression", value=refused["ms"], unit="ms CPU", bar=_REFUSED_MS))
    return [*found, *_large()]


def _case(shape: str, count: int, call: str) -> tuple[float, float]:
    return interleaved(
        lambda: child_json("benchmarks.engine_case", shape, count, call)["wall_ms"],
        lambda: child_json("benchmarks.engine_case", shape, count, "floor")["wall_ms"],
    )


def _large() -> list[Row]:
    found: list[Row] = []
    for call in ("memory", "user"):
        pairs = [
            (
                child_json("benchmarks.engine_case", "fan", 10_000, call),
                child_json("benchmarks.engine_case", "fan", 1_000, call),
            )
            for _ in range(_LARGE_ROUNDS)
        ]
        large = min(pair[0]["cpu_ms"] for pair in pairs)
        small = min(pair[1]["cpu_ms"] for pair in pairs)
        peak = max(pair[0]["peak_mb"] for pair in pairs)
        name = f"10,000 tasks against 1,000, {call}"
        found.append(Row(name=name, value=large, unit="ms/task", floor=small, bar=1.3, bar_is_ratio=True))
        found.append(Row(name=f"10,000 tasks, {call}: peak memory", value=peak, unit="MB", bar=150))
    return found
