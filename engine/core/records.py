"""Projections of the journal: one frozen row per run, task instance, attempt and name.

A record is a snapshot: a later one with the same key replaces it whole. Times are Unix seconds, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ErrorInfo
from ..keys import JsonValue, RunId, ScopePath, TaskKey
from .breaker import Breaker
from .events import JournalEntry, Reason
from .status import RunStatus, TaskStatus
from .values import ResultRef, StoredValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run."""

    id: RunId
    name: str
    status: RunStatus
    error: ErrorInfo | None = None
    path: str = ""
    """Absolute path of the definition when it was started; `""` for text."""
    definition_sha256: str = ""
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    epoch: int = 0
    """Number of owners so far."""
    done: int = 0
    """Terminal instances of the root scope."""
    total: int = 0
    """Instances of the root scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One task instance in its newest generation."""

    key: TaskKey
    operator: str
    status: TaskStatus
    reason: Reason | None = None
    """None only while running or succeeded; `truncated` where the result of a succeeded call was cut."""
    attempts: int = 0
    generation: int = 1
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    until: float | None = None
    """Deadline of a wait, or when the next attempt is due."""
    result: ResultRef | None = None
    error: ErrorInfo | None = None
    children_done: int = 0
    children_total: int | None = None
    """Scopes or members of an operator; None for calls and where unknown."""
    ordinal: int = 0
    """Order of creation inside the run: scopes in the order they opened, tasks in file order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt of a call. Memory tools have attempts too."""

    key: TaskKey
    generation: int
    attempt: int
    epoch: int
    status: TaskStatus
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, CANCELLED or INTERRUPTED."""
    arguments: JsonValue = None
    started_at: float
    finished_at: float | None = None
    error: ErrorInfo | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRecord:
    """A variable, param, memory entry or result under the name that expressions use."""

    scope: ScopePath
    kind: str
    """`variable`, `param`, `memory` or `result`."""
    name: str
    value: JsonValue = None
    """The value itself for variables, params and memory; None for results."""
    ref: ResultRef | None = None
    """Where a result is; None is JSON null."""
    deleted: bool = False
    set_by: str = ""
    """Address of the task that set it; `""` where the file or the caller did."""
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadRecord:
    """A named bulkhead's breaker as it survives a restart; keyed by workflow and name, not by run."""

    workflow: str
    name: str
    breaker: Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One turn of one run: written in one transaction, then published as it is."""

    run_id: RunId
    epoch: int
    entries: tuple[JournalEntry, ...]
    values: tuple[StoredValue, ...] = ()
    run: RunRecord
    tasks: tuple[TaskRecord, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    names: tuple[NameRecord, ...] = ()
    bulkheads: tuple[BulkheadRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """Everything needed to build the plan of a run again."""

    path: str
    """Absolute path of the file when the run was started; `./file.py` functions are relative to its folder."""
    text: bytes
    sha256: str
    sources: dict[str, bytes]
    """Nested definitions by the path they were loaded under."""
    params: dict[str, JsonValue]
    variables: dict[str, JsonValue]
    keep_going: bool = False
