"""The words for what a run and a task instance can be. The transition tables stand in `transitions.py`."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Status of a run."""

    CREATED = "created"
    RUNNING = "running"
    WAITING = "waiting"
    """No call runs, is queued or waits for a retry: only timers are left."""
    PAUSED = "paused"
    CANCELLING = "cancelling"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True where only an explicit resume or retry goes on."""
        return self in _TERMINAL_RUN


class TaskStatus(StrEnum):
    """Status of a task instance."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    RETRY_WAIT = "retry_wait"
    NEEDS_ATTENTION = "needs_attention"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    REUSED = "reused"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UPSTREAM_FAILED = "upstream_failed"

    @property
    def terminal(self) -> bool:
        """True where nothing but a new generation changes it."""
        return self in _TERMINAL_TASK

    @property
    def failed(self) -> bool:
        """True where dependents count it as failed (`continue_on_error` aside)."""
        return self in _FAILED_TASK


_TERMINAL_RUN = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.CANCELLED})
_FAILED_TASK = frozenset(
    {TaskStatus.FAILED, TaskStatus.TIMED_OUT, TaskStatus.CANCELLED, TaskStatus.UPSTREAM_FAILED},
)
_TERMINAL_TASK = _FAILED_TASK | {TaskStatus.SUCCEEDED, TaskStatus.REUSED, TaskStatus.SKIPPED}
