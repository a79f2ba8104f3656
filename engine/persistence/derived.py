"""What a reader sees where no owner lives: `interrupted`, derived at each look and never written by looking. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..core.events import Reason
from ..core.records import AttemptRecord, RunRecord, TaskRecord
from ..core.status import RunStatus, TaskStatus

ORPHANED: Final = Reason("interrupted", "interrupted: the process that ran it ended without finishing it")

_NEEDS_OWNER: Final = frozenset({RunStatus.RUNNING, RunStatus.CANCELLING})
_MAY_REST: Final = frozenset({RunStatus.CREATED, RunStatus.WAITING, RunStatus.PAUSED})
_IN_HAND: Final = frozenset({TaskStatus.RUNNING, TaskStatus.QUEUED})


def needs_look(record: RunRecord) -> bool:
    """True where the lock decides what is shown."""
    return record.status in _NEEDS_OWNER or record.status in _MAY_REST


def orphaned_run(record: RunRecord, *, deserted: bool) -> RunRecord:
    """Return the run as seen while nobody holds its lock; `deserted` where an owner went without releasing it."""
    if record.status in _NEEDS_OWNER or (deserted and record.status in _MAY_REST):
        return replace(record, status=RunStatus.INTERRUPTED)
    return record


def orphaned_task(record: TaskRecord) -> TaskRecord:
    """Return a task of an interrupted run as seen."""
    if record.status in _IN_HAND:
        return replace(record, status=TaskStatus.INTERRUPTED, reason=ORPHANED)
    return record


def orphaned_attempt(record: AttemptRecord) -> AttemptRecord:
    """Return an attempt of an interrupted run as seen."""
    return replace(record, status=TaskStatus.INTERRUPTED) if record.status is TaskStatus.RUNNING else record
