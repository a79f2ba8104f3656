"""What the process returns. The code of a run comes from the run's row; the code of an error from its class."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine import RunRecord, TaskRecord


class Exit(IntEnum):
    """Exit codes, a public interface (docs/cli.md)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    STORAGE = 4
    OWNED = 5
    BUG = 70
    TIMED_OUT = 124
    CANCELLED = 130


_OF_STATUS: Final = {
    "succeeded": Exit.OK,
    "failed": Exit.FAILED,
    "timed_out": Exit.TIMED_OUT,
    "cancelled": Exit.CANCELLED,
    "waiting": Exit.WAITING,
    "paused": Exit.WAITING,
}


def exit_of_run(record: RunRecord | None, signum: int | None = None) -> int:
    """Code for a run this process has finished with; `signum` is the signal that asked for its end, if one did.

    A run that still ended in another way keeps its own code. None, or a run left unfinished, means that the store gave
    up: 4.
    """
    if record is None:
        return Exit.STORAGE
    if record.status == "cancelled" and signum is not None:
        return 128 + signum
    return _OF_STATUS.get(record.status, Exit.STORAGE)


def exit_of_task(tasks: Iterable[TaskRecord]) -> int:
    """Code of the process whose task failed first (`-x`); 1 where no failed task had one."""
    failed = [task for task in tasks if task.status == "failed" and task.error and task.error.exit_code]
    first = min(failed, key=lambda task: task.finished_at or 0.0, default=None)
    return Exit.FAILED if first is None or first.error is None else first.error.exit_code or Exit.FAILED


def exit_of_error(error: Exception) -> int:
    """Code for an exception that ended a command."""
    from engine import EngineBug, EngineError, OwnedElsewhere, OwnershipLost, StoreError, UsageError, WorkflowInvalid

    if isinstance(error, EngineBug):
        return Exit.BUG
    if isinstance(error, OwnedElsewhere | OwnershipLost):
        return Exit.OWNED
    if isinstance(error, StoreError):
        return Exit.STORAGE
    if isinstance(error, UsageError | WorkflowInvalid):
        return Exit.USAGE
    return Exit.FAILED if isinstance(error, EngineError) else Exit.BUG


SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Each asks once for a graceful end."""
