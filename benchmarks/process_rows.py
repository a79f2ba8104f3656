"""Child processes: 200 of them through a whole run beside a bare loop, and a million lines of output into a log."""

from __future__ import annotations

from .measure import Row, child_json

_BAR = 1.5
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
    return found
