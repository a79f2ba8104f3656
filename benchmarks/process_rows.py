"""Child processes: 200 through a whole run beside a bare loop; a million lines of output into a log; a container."""

from __future__ import annotations

from .measure import Row, child_json

_BAR = 1.5
_CONTAINER_BAR = 1.15
_LINE_US = 5.0
"""200,000 lines a second."""
_RISE_MB = 50.0


def rows() -> list[Row]:
    """Measure; the pairs of the first rows are interleaved in one process."""
    spawns = child_json("benchmarks.process_case", "spawns")
    lines = child_json("benchmarks.process_case", "lines")
    found = [
        Row(
            name=f"200 × true, 16 at once, {kind}",
            value=spawns[kind],
            unit="ms/call",
            floor=spawns[f"{kind}_floor"],
            bar=_BAR,
            bar_is_ratio=True,
        )
        for kind in ("command", "script")
    ]
    found.append(Row(name="a million log lines", value=lines["us_per_line"], unit="µs/line", bar=_LINE_US))
    found.append(Row(name="a million log lines: memory rise", value=lines["rise_mb"], unit="MB", bar=_RISE_MB))
    containers = child_json("benchmarks.container_case")
    if containers:
        found.append(
            Row(
                name="a container, from start to end",
                value=containers["engine"],
                unit="ms",
                floor=containers["sdk"],
                bar=_CONTAINER_BAR,
                bar_is_ratio=True,
            )
        )
    else:
        print("a container, from start to end: not measured, no Docker Engine can be started here")
    return found
