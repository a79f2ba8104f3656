"""What happened: frozen facts in the past tense, the only thing that changes RunState and is journalled.

A new kind of event is a class here plus its row in `transitions.py`; `codec.py` finds the class by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..errors import ErrorInfo
from ..keys import JsonValue, ScopePath, TaskId, TaskKey
from .status import RunStatus
from .values import ResultRef


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is in its state: a stable code and a sentence for people."""

    code: str
    """Such as `bulkhead`, `condition`, `upstream`, `fail_fast`, `cancel`, `retry`, `timer`."""
    text: str


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """One write to the memory of the workflow scope around a task."""

    name: str
    value: JsonValue = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class NamedRef:
    """A result under a name; `ref` None is JSON null."""

    name: str
    ref: ResultRef | None


# --- the run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunCreated:
    """The run exists; its definition is stored."""

    name: str
    definition_sha256: str
    params: dict[str, JsonValue]
    variables: dict[str, JsonValue]
    """Variables given by the caller, over those of the file."""
    keep_going: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """An owner began or went on executing; `epoch` counts owners from 1."""

    epoch: int
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class RunWaiting:
    """Only timers are left."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class RunContinued:
    """A waiting run has work again, or a paused one goes on."""


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Nothing new starts; what runs may end."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class RunCancelRequested:
    """Someone asked for the end of the run."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class RunInterrupted:
    """The owner died or gave up without finishing; written by the one who takes over."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is terminal."""

    status: RunStatus
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """An event of the workflow's language happened; it stays known for the rest of the run."""

    name: str
    payload: ResultRef | None = None
    """None is JSON null."""
    by: str = ""
    """Address of the task that emitted it; `""` where it came from outside."""


@dataclass(frozen=True, slots=True)
class BulkheadChanged:
    """The breaker of a bulkhead changed its state because of a call of this run, by time, or by a person."""

    name: str
    state: str
    """`closed`, `open` or `half_open`."""
    until: float | None
    """When an open one lets probes through, Unix seconds."""
    text: str
    """Why, for people."""


# --- task instances ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskQueued:
    """A call waits for a permit."""

    key: TaskKey
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """An attempt began (`attempt` counts from 1 in each generation)."""

    key: TaskKey
    attempt: int
    arguments: JsonValue = None
    """What was rendered, stored with the first attempt of a generation; None on later attempts, which use the same."""


@dataclass(frozen=True, slots=True)
class TaskSpawned:
    """The attempt has a process."""

    key: TaskKey
    attempt: int
    pid: int
    process_started: float
    """Start time of the process as the system tells it, Unix seconds; with the pid it names the process for good."""


@dataclass(frozen=True, slots=True)
class OperatorEntered:
    """An operator began its work without a permit."""

    key: TaskKey
    items: ResultRef | None = None
    """The list a foreach goes through; None for other operators."""
    total: int | None = None
    """Number of children, where it is known."""


@dataclass(frozen=True, slots=True)
class ConditionEvaluated:
    """A condition, or the head of a while, was decided."""

    key: TaskKey
    value: bool
    shown: str
    """Expression and operands, for people."""


@dataclass(frozen=True, slots=True)
class BranchTaken:
    """A condition chose among its targets."""

    key: TaskKey
    taken: TaskId | None
    reason: Reason
    """Goes to the targets not taken."""


@dataclass(frozen=True, slots=True)
class TaskWaiting:
    """A wait began."""

    key: TaskKey
    until: float | None
    """When it ends at the latest, Unix seconds; None: never by itself."""
    reason: Reason
    subject: str | None = None
    """What it waits for as it was rendered: a path, the name of an event, a prompt; None for a time or a condition."""


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """Terminal: it worked."""

    key: TaskKey
    attempt: int
    result: ResultRef | None = None
    """None is JSON null."""
    memory: tuple[MemoryChange, ...] = ()
    exports: tuple[NamedRef, ...] = ()
    """`results.<name>` that the enclosing scope gains, besides the task's own `result_key`."""
    reason: Reason | None = None
    """`truncated` where the result is only the beginning of what the call gave."""


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """Terminal: it did not work, or could not even be tried."""

    key: TaskKey
    attempt: int
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class TaskTimedOut:
    """Terminal: the last attempt ran out of time."""

    key: TaskKey
    attempt: int
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class TaskRetryScheduled:
    """An attempt ended badly and another one follows at `due_at` (Unix seconds)."""

    key: TaskKey
    attempt: int
    error: ErrorInfo
    due_at: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskSkipped:
    """Terminal: not to be run."""

    key: TaskKey
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskUpstreamFailed:
    """Terminal: something it depends on failed."""

    key: TaskKey
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    """Terminal: ended, or never started, because of a cancel or fail-fast."""

    key: TaskKey
    reason: Reason
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class TaskInterrupted:
    """Its owner died while an attempt ran."""

    key: TaskKey
    attempt: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskNeedsAttention:
    """Nobody but a person can say how an interrupted attempt ended."""

    key: TaskKey
    reason: Reason


@dataclass(frozen=True, slots=True)
class TaskReset:
    """A new generation: the instance is pending again; what its children finished is kept."""

    key: TaskKey
    generation: int


# --- scopes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScopeOpened:
    """A loop iteration, an inline branch, a nested workflow or a hook of the run began."""

    scope: ScopePath
    owner: TaskKey | None
    """None for a hook of the run, whose name is the scope."""
    index: int = 0
    """Iteration from 0; of a hook, how often it was opened before; 0 for branches and nested workflows."""
    branch: str | None = None
    params: dict[str, JsonValue] | None = None
    """Inputs of a nested workflow; None for loops and branches."""


@dataclass(frozen=True, slots=True)
class ScopeStopped:
    """Fail-fast: nothing new starts inside `scope`."""

    scope: ScopePath
    cause: TaskKey


@dataclass(frozen=True, slots=True)
class ScopeClosed:
    """Every instance of the scope is terminal."""

    scope: ScopePath
    owner: TaskKey
    failed: bool
    outputs: tuple[NamedRef, ...]
    """By `result_key` or id, in file order."""


TaskEvent: TypeAlias = (
    TaskQueued
    | TaskStarted
    | TaskSpawned
    | OperatorEntered
    | ConditionEvaluated
    | BranchTaken
    | TaskWaiting
    | TaskSucceeded
    | TaskFailed
    | TaskTimedOut
    | TaskRetryScheduled
    | TaskSkipped
    | TaskUpstreamFailed
    | TaskCancelled
    | TaskInterrupted
    | TaskNeedsAttention
    | TaskReset
)
RunEvent: TypeAlias = (
    RunCreated
    | RunStarted
    | RunWaiting
    | RunContinued
    | RunPaused
    | RunCancelRequested
    | RunInterrupted
    | RunFinished
    | SignalReceived
    | BulkheadChanged
)
ScopeEvent: TypeAlias = ScopeOpened | ScopeStopped | ScopeClosed
Event: TypeAlias = RunEvent | TaskEvent | ScopeEvent


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event in its place."""

    seq: int
    """Counts from 1 in each run, without gaps."""
    at: float
    """Unix seconds, UTC, when it was decided."""
    event: Event
