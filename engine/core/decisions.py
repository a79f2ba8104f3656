"""What the scheduler wants done: frozen requests that the orchestrator carries out after the turn is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..keys import ROOT, TaskId, TaskKey
from .calls import TaskCall

RUN_KEY: Final = TaskKey(ROOT, TaskId(""))
"""Stands for the run itself where a timer is armed; no task has an empty id."""


@dataclass(frozen=True, slots=True)
class RequestPermit:
    """A queued call wants its permits; the orchestrator answers with `Scheduler.start` or `.reject`."""

    key: TaskKey
    bulkhead: str | None
    """The named bulkhead of the call, besides its runtime's and its run's; None for no named one."""
    runtime: str


@dataclass(frozen=True, slots=True)
class WithdrawPermit:
    """The queued call will not start any more."""

    key: TaskKey


@dataclass(frozen=True, slots=True)
class StartCall:
    """Give the call to its executor."""

    call: TaskCall


@dataclass(frozen=True, slots=True)
class StopCall:
    """End a running call; its outcome follows as usual."""

    key: TaskKey
    attempt: int


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Tell the scheduler (`Scheduler.timer_fired`) when `due_at` (Unix seconds) has passed."""

    key: TaskKey
    due_at: float
    purpose: Literal["wait", "retry", "run"]


@dataclass(frozen=True, slots=True)
class WatchFile:
    """Tell the scheduler (`Scheduler.file_found`) once there is something at `path`, looking every `poll_s` seconds."""

    key: TaskKey
    path: str
    poll_s: float


@dataclass(frozen=True, slots=True)
class DisarmTimer:
    """The timer of this key, and its watch for a file, are of no use any more."""

    key: TaskKey


Decision: TypeAlias = RequestPermit | WithdrawPermit | StartCall | StopCall | ArmTimer | WatchFile | DisarmTimer
