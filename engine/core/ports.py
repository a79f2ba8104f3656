"""Every seam of the engine on one page. The shell implements these; core and orchestrator know nothing else of it.

Each protocol has one contract suite in tests/contract, and every implementation, fakes included, passes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from ..keys import JsonValue, RunId, TaskKey
from .breaker import Breaker
from .calls import Outcome, TaskCall
from .events import JournalEntry, MemoryChange
from .records import AttemptRecord, Batch, NameRecord, RunRecord, StoredDefinition, TaskRecord
from .values import ResultRef


class ValueReader(Protocol):
    """Reads stored values while deciding."""

    def read(self, ref: ResultRef | None) -> JsonValue:
        """Return the value; None gives None. The caller must not change it."""
        ...


class RunReader(Protocol):
    """The reading half of a store. Safe to use from any thread, while another process writes; never changes anything.

    Raises StoreError; unknown ids raise UsageError (`E-RUN-UNKNOWN`).
    """

    def runs(self, *, limit: int = 200, before: RunId | None = None) -> Sequence[RunRecord]:
        """Newest first; `before` continues after that run.

        Statuses are derived: a `running` run without a live owner is `interrupted`.
        """
        ...

    def resolve(self, reference: str) -> RunId:
        """Turn an id, a unique prefix or `@latest` into an id; UsageError `E-RUN-UNKNOWN` or `E-RUN-AMBIGUOUS`."""
        ...

    def run(self, run_id: RunId) -> RunRecord: ...

    def tasks(self, run_id: RunId) -> Sequence[TaskRecord]:
        """All instances by ordinal; running ones of a run without a live owner are `interrupted`."""
        ...

    def attempts(self, run_id: RunId, key: TaskKey) -> Sequence[AttemptRecord]: ...

    def names(self, run_id: RunId) -> Sequence[NameRecord]:
        """Living names (none deleted), by scope, kind and name."""
        ...

    def entries(self, run_id: RunId, *, after: int = 0, limit: int | None = None) -> Sequence[JournalEntry]:
        """The journal in order, from `after` + 1."""
        ...

    def values(self, run_id: RunId, refs: Iterable[ResultRef]) -> Mapping[str, JsonValue]:
        """Values by digest."""
        ...

    def definition(self, run_id: RunId) -> StoredDefinition: ...

    def run_folder(self, run_id: RunId) -> Path:
        """Folder of the run's lock, logs and large results; may not exist yet."""
        ...

    def owner_pid(self, run_id: RunId) -> int | None:
        """Process that owns the run now; None when nobody lives who does."""
        ...

    def owner_address(self, run_id: RunId) -> str | None:
        """Where the live owner takes requests (a path), `""` where it takes none; None when nobody lives."""
        ...

    def close(self) -> None: ...


class Store(RunReader, Protocol):
    """The writing half, used by one thread: the engine's.

    What writes waits for a locked store, up to 60 s, without blocking the loop.
    """

    def breaker(self, workflow: str, name: str) -> Breaker | None:
        """Return the breaker that an earlier engine left behind; None where there is none."""
        ...

    async def create_run(self, record: RunRecord, definition: StoredDefinition) -> None:
        """Write the run before its id is told to anyone. UsageError `E-RUN-EXISTS` when the id is taken."""
        ...

    async def claim(self, run_id: RunId, address: str = "") -> int:
        """Become the owner: take the lock, raise the epoch by one and return it. OwnedElsewhere when another lives.

        `address` is what `owner_address` tells others.
        """
        ...

    async def append(self, batch: Batch) -> None:
        """Write one turn in one transaction, fenced by the epoch (OwnershipLost)."""
        ...

    async def release(self, run_id: RunId) -> None:
        """Give up ownership, whatever happens; nothing happens when this process does not own the run."""
        ...


class LogSink(Protocol):
    """Where the output of one attempt goes. Thread-safe; a write after `close` is dropped."""

    def write(self, data: bytes, stream: str = "stdout") -> None:
        """Append raw output; `stream` is `stdout`, `stderr` or `log`."""
        ...

    def line(self, level: str, text: str) -> None:
        """Append one line of the task's own log; level `debug`, `info`, `warning` or `error`."""
        ...

    def close(self) -> None: ...


class LogBook(Protocol):
    """Gives every attempt its sink."""

    def open(self, call: TaskCall) -> LogSink: ...


class Executor(Protocol):
    """Runs calls of one runtime. Used on the engine's loop only."""

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:
        """Run one attempt to its end and return its outcome; never raises for what the task did.

        Cancelling the awaiting asyncio task means: end the call (TERM, grace, KILL), then return a `cancelled` outcome.
        `call.timeout_s` is the executor's to keep: it returns `timed_out` when the call and its children are gone.
        `spawned(pid, start time)` is called once for calls with a process.
        """
        ...

    async def close(self) -> None:
        """End what is left and give everything back."""
        ...


@runtime_checkable
class Recovering(Protocol):
    """An executor whose calls outlive a killed engine."""

    async def recover(self, run_id: RunId) -> None:
        """Look at what an earlier owner of the run has left, before its first call here.

        What still runs may be kept for the call that asks with the same idempotency key; the rest is ended.
        """
        ...

    async def sweep(self, run_id: RunId) -> None:
        """End what was kept and not asked for; the run is over here."""
        ...


MemoryTool: TypeAlias = Callable[..., "tuple[JsonValue, tuple[MemoryChange, ...]]"]
"""`(memory, *args, **kwargs) -> (result, changes)`: pure, runs inside a turn without a permit."""


class ToolRegistry(Protocol):
    """Finds tools by name (without `tools.`)."""

    def memory_tool(self, name: str) -> MemoryTool | None:
        """Return the in-loop tool of that name, None for every other function."""
        ...

    def function(self, name: str, cwd: str) -> Callable[..., object]:
        """Import and return a tool or user function.

        TaskFailure `E-FUNCTION` (`Function 'x' not found in registry`) where there is none.
        """
        ...

    def names(self) -> frozenset[str]:
        """Every registered tool, without importing any."""
        ...


class Clock(Protocol):
    """Wall time."""

    def now(self) -> float:
        """Unix seconds, UTC."""
        ...


Subscriber: TypeAlias = Callable[[Batch], None]
"""Gets each saved turn, on the engine's thread; must return at once and never raise."""
