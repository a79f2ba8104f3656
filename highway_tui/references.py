"""What people type to name a task of a run, turned into its instances."""

from __future__ import annotations

from collections.abc import Iterable

from engine import TaskRecord, UsageError


def tasks_under(tasks: Iterable[TaskRecord], address: str) -> list[TaskRecord]:
    """Give the task at `address`, then everything inside it; all tasks where the address is empty.

    UsageError `E-TASK-UNKNOWN`, with the nearest address, where there is none.
    """
    known = list(tasks)
    if not address:
        return known
    at = [task for task in known if task.key.address == address]
    if not at:
        from difflib import get_close_matches

        near = get_close_matches(address, [task.key.address for task in known], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError("E-TASK-UNKNOWN", f"the run has no task {address!r}{hint}")
    return at + [
        task for task in known if task.key.scope.startswith((f"{address}[", f"{address}/")) or task.key.scope == address
    ]
