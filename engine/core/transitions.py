"""The transition tables of runs and task instances. An event missing in a row is illegal there and changes nothing.

`None` as a next status means: allowed, and the status stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ..errors import IllegalTransition
from . import events as e
from .status import RunStatus as R
from .status import TaskStatus as T

TaskRow: TypeAlias = Mapping[type[e.TaskEvent], T | None]
RunRow: TypeAlias = Mapping[type[e.RunEvent], R | None]

_NOT_STARTED: Final[TaskRow] = {e.TaskFailed: T.FAILED, e.TaskCancelled: T.CANCELLED}
_ENDED: Final[TaskRow] = {e.TaskReset: T.PENDING}

TASK_TRANSITIONS: Final[Mapping[T, TaskRow]] = {
    T.PENDING: {
        **_NOT_STARTED,
        e.TaskQueued: T.QUEUED,
        e.TaskStarted: T.RUNNING,  # tools that run inside the turn need no permit
        e.OperatorEntered: T.RUNNING,
        e.TaskWaiting: T.WAITING,
        e.TaskSkipped: T.SKIPPED,
        e.TaskUpstreamFailed: T.UPSTREAM_FAILED,
    },
    T.QUEUED: {
        **_NOT_STARTED,
        e.TaskStarted: T.RUNNING,
        e.TaskRetryScheduled: T.RETRY_WAIT,
        e.TaskTimedOut: T.TIMED_OUT,
        e.TaskInterrupted: T.INTERRUPTED,
    },
    T.RUNNING: {
        e.TaskSpawned: None,
        e.ConditionEvaluated: None,
        e.BranchTaken: None,
        e.TaskSucceeded: T.SUCCEEDED,
        e.TaskFailed: T.FAILED,
        e.TaskTimedOut: T.TIMED_OUT,
        e.TaskCancelled: T.CANCELLED,
        e.TaskRetryScheduled: T.RETRY_WAIT,
        e.TaskInterrupted: T.INTERRUPTED,
    },
    T.WAITING: {
        e.TaskSucceeded: T.SUCCEEDED,
        e.TaskSkipped: T.SKIPPED,
        e.TaskFailed: T.FAILED,
        e.TaskTimedOut: T.TIMED_OUT,
        e.TaskCancelled: T.CANCELLED,
        e.TaskInterrupted: T.INTERRUPTED,
    },
    T.RETRY_WAIT: {
        **_NOT_STARTED,
        e.TaskQueued: T.QUEUED,
        e.TaskTimedOut: T.TIMED_OUT,
        e.TaskInterrupted: T.INTERRUPTED,
    },
    T.INTERRUPTED: {
        **_NOT_STARTED,
        e.TaskQueued: T.QUEUED,
        e.TaskWaiting: T.WAITING,
        e.TaskNeedsAttention: T.NEEDS_ATTENTION,
    },
    T.NEEDS_ATTENTION: {**_NOT_STARTED, e.TaskQueued: T.QUEUED, e.TaskSucceeded: T.SUCCEEDED},
    T.SUCCEEDED: _ENDED,
    T.REUSED: _ENDED,
    T.SKIPPED: _ENDED,
    T.FAILED: _ENDED,
    T.TIMED_OUT: _ENDED,
    T.CANCELLED: _ENDED,
    T.UPSTREAM_FAILED: _ENDED,
}

_LIVE: Final[RunRow] = {
    e.BulkheadChanged: None,
    e.SignalReceived: None,
    e.RunCancelRequested: R.CANCELLING,
    e.RunInterrupted: R.INTERRUPTED,
    e.RunFinished: None,  # the event names the status; see `run_finish_allowed`
}
_RESUMABLE: Final[RunRow] = {e.RunStarted: R.RUNNING}

RUN_TRANSITIONS: Final[Mapping[R, RunRow]] = {
    R.CREATED: {e.BulkheadChanged: None, e.RunStarted: R.RUNNING, e.RunFinished: None, e.RunInterrupted: R.INTERRUPTED},
    R.RUNNING: {**_LIVE, e.RunWaiting: R.WAITING, e.RunPaused: R.PAUSED},
    R.WAITING: {**_LIVE, **_RESUMABLE, e.RunContinued: R.RUNNING, e.RunPaused: R.PAUSED},
    R.PAUSED: {**_LIVE, **_RESUMABLE, e.RunContinued: R.RUNNING, e.RunWaiting: R.WAITING},
    R.CANCELLING: {
        e.BulkheadChanged: None,
        e.SignalReceived: None,
        e.RunInterrupted: R.INTERRUPTED,
        e.RunFinished: None,
        e.RunCancelRequested: None,
    },
    R.INTERRUPTED: {e.RunStarted: R.RUNNING, e.RunFinished: None},
    R.SUCCEEDED: _RESUMABLE,
    R.FAILED: _RESUMABLE,
    R.TIMED_OUT: _RESUMABLE,
    R.CANCELLED: _RESUMABLE,
}

RUN_ENDS: Final[Mapping[R, frozenset[R]]] = {
    R.CREATED: frozenset({R.FAILED, R.CANCELLED}),
    R.RUNNING: frozenset({R.SUCCEEDED, R.FAILED, R.TIMED_OUT}),
    R.WAITING: frozenset({R.SUCCEEDED, R.FAILED, R.TIMED_OUT}),
    R.PAUSED: frozenset({R.SUCCEEDED, R.FAILED, R.TIMED_OUT}),
    R.CANCELLING: frozenset({R.CANCELLED, R.TIMED_OUT}),
    R.INTERRUPTED: frozenset({R.CANCELLED}),
}
"""Which ends a status may have."""


def next_task_status(status: T, event: e.TaskEvent) -> T:
    """Return the status after `event`; IllegalTransition where the table has no entry."""
    row = TASK_TRANSITIONS[status]
    if type(event) not in row:
        raise _illegal(f"task {event.key.address}", status, event)
    return row[type(event)] or status


def next_run_status(status: R, event: e.RunEvent) -> R:
    """Return the status after `event`; IllegalTransition where the table has no entry."""
    row = RUN_TRANSITIONS[status]
    if type(event) not in row:
        raise _illegal("the run", status, event)
    if isinstance(event, e.RunFinished):
        if event.status not in RUN_ENDS[status]:
            raise _illegal("the run", status, event)
        return event.status
    return row[type(event)] or status


def _illegal(what: str, status: str, event: e.Event) -> IllegalTransition:
    return IllegalTransition("E-BUG-TRANSITION", f"{what} is {status}; {type(event).__name__} is not possible there")
