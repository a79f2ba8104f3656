"""A store that lasts as long as its object: for tests, benchmarks and runs that nobody wants to keep.

Keeps the frozen records themselves. One process, so ownership is a dictionary; the fence and every check are real.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.breaker import Breaker
from ..core.events import JournalEntry
from ..core.records import AttemptRecord, Batch, NameRecord, RunRecord, StoredDefinition, TaskRecord
from ..core.status import RunStatus, TaskStatus
from ..core.values import ResultRef
from ..errors import OwnedElsewhere, OwnershipLost, StoreCorrupt, UsageError
from ..keys import JsonValue, RunId, ScopePath, TaskKey
from .checks import check_id, check_order, choose_run, folder_of, unfinished_work, unknown_run
from .derived import orphaned_attempt, orphaned_run, orphaned_task


@dataclass(slots=True)
class _Run:
    """Everything about one run."""

    record: RunRecord
    definition: StoredDefinition
    owned: bool = False
    released: bool = False
    address: str = ""
    epoch: int = 0
    entries: list[JournalEntry] = field(default_factory=list)
    tasks: dict[TaskKey, TaskRecord] = field(default_factory=dict)
    attempts: dict[tuple[TaskKey, int, int], AttemptRecord] = field(default_factory=dict)
    names: dict[tuple[ScopePath, str, str], NameRecord] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


class MemoryStore:
    """See Store. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._guard = threading.RLock()  # guards everything here: readers must not see half a turn
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    # --- reading -------------------------------------------------------------------------------------------------

    def runs(self, *, limit: int = 200, before: RunId | None = None) -> Sequence[RunRecord]:
        """Newest first by creation; see RunReader."""
        with self._guard:
            newest = sorted(self._runs, key=lambda name: (self._runs[name].record.created_at, name), reverse=True)
            start = 0
            if before is not None:
                self._run(before)
                start = newest.index(before) + 1
            return [_seen(self._runs[name]) for name in newest[start : start + limit]]

    def resolve(self, reference: str) -> RunId:
        """Exact ids win over prefixes; see RunReader."""
        with self._guard:
            if reference == "@latest":
                return choose_run(reference, [run.id for run in self.runs(limit=1)])
            return choose_run(
                reference, sorted(name for name in self._runs if reference and name.startswith(reference))
            )

    def run(self, run_id: RunId) -> RunRecord:
        with self._guard:
            return _seen(self._run(run_id))

    def tasks(self, run_id: RunId) -> Sequence[TaskRecord]:
        with self._guard:
            run = self._run(run_id)
            found = sorted(run.tasks.values(), key=lambda task: (task.ordinal, task.key))
            return [orphaned_task(task) for task in found] if _orphaned(run) else found

    def attempts(self, run_id: RunId, key: TaskKey) -> Sequence[AttemptRecord]:
        with self._guard:
            run = self._run(run_id)
            found = [run.attempts[place] for place in sorted(run.attempts) if place[0] == key]
            return [orphaned_attempt(attempt) for attempt in found] if _orphaned(run) else found

    def names(self, run_id: RunId) -> Sequence[NameRecord]:
        with self._guard:
            names = self._run(run_id).names
            return [names[place] for place in sorted(names) if not names[place].deleted]

    def entries(self, run_id: RunId, *, after: int = 0, limit: int | None = None) -> Sequence[JournalEntry]:
        with self._guard:
            found = self._run(run_id).entries[after:]  # entry n is at n - 1
            return found if limit is None else found[:limit]

    def values(self, run_id: RunId, refs: Iterable[ResultRef]) -> Mapping[str, JsonValue]:
        with self._guard:
            stored = self._run(run_id).values
            digests = {ref.digest for ref in refs}
            if missing := digests - stored.keys():
                raise StoreCorrupt("E-STORE-CORRUPT", f"no value {missing.pop()} of run {run_id}")
            return {digest: json.loads(stored[digest]) for digest in digests}

    def definition(self, run_id: RunId) -> StoredDefinition:
        with self._guard:
            return self._run(run_id).definition

    def run_folder(self, run_id: RunId) -> Path:
        """Return a folder inside a temporary one, which goes when the store is closed."""
        with self._guard:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="highway-tui-")
            return folder_of(Path(self._folder.name), run_id)

    def owner_pid(self, run_id: RunId) -> int | None:
        with self._guard:
            run = self._runs.get(run_id)
            return os.getpid() if run is not None and run.owned else None

    def owner_address(self, run_id: RunId) -> str | None:
        with self._guard:
            run = self._runs.get(run_id)
            return run.address if run is not None and run.owned else None

    def close(self) -> None:
        """Drop ownership and the temporary folder; the runs can still be read."""
        with self._guard:
            for run in self._runs.values():
                run.owned = False
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    # --- writing -------------------------------------------------------------------------------------------------

    def breaker(self, workflow: str, name: str) -> Breaker | None:
        return self._breakers.get((workflow, name))

    async def create_run(self, record: RunRecord, definition: StoredDefinition) -> None:
        """Keep the run; UsageError `E-RUN-ID` where the id is none, `E-RUN-EXISTS` where it is taken."""
        check_id(record.id)
        with self._guard:
            if record.id in self._runs:
                raise UsageError("E-RUN-EXISTS", f"a run {record.id!r} exists already")
            self._runs[record.id] = _Run(record, definition)

    async def claim(self, run_id: RunId, address: str = "") -> int:
        with self._guard:
            run = self._run(run_id)
            if run.owned:
                raise OwnedElsewhere(run_id, os.getpid())
            run.owned, run.released, run.epoch, run.address = True, False, run.epoch + 1, address
            return run.epoch

    async def append(self, batch: Batch) -> None:
        """Keep one turn; nothing of it is kept when this raises."""
        with self._guard:
            run = self._run(batch.run_id)
            if not run.owned or run.epoch != batch.epoch:
                raise OwnershipLost("E-OWNERSHIP-LOST", f"run {batch.run_id} has another owner now")
            check_order(batch, len(run.entries))
            tasks = {task.key: task for task in batch.tasks}
            if batch.run.status.terminal:
                for task in {**run.tasks, **tasks}.values():
                    if not task.status.terminal:
                        raise unfinished_work(batch.run, task.key.address)
            run.record = batch.run
            run.entries.extend(batch.entries)
            run.tasks.update(tasks)
            run.values.update((value.ref.digest, value.text) for value in batch.values)
            run.names.update(((name.scope, name.kind, name.name), name) for name in batch.names)
            self._breakers.update(((row.workflow, row.name), row.breaker) for row in batch.bulkheads)
            for attempt in batch.attempts:
                place = (attempt.key, attempt.generation, attempt.attempt)
                if _may_replace(run.attempts.get(place), attempt):
                    run.attempts[place] = attempt

    async def release(self, run_id: RunId) -> None:
        with self._guard:
            run = self._runs.get(run_id)
            if run is not None and run.owned:
                run.owned, run.released = False, True

    def _run(self, run_id: RunId) -> _Run:
        if run_id not in self._runs:
            raise unknown_run(run_id)
        return self._runs[run_id]


def _may_replace(old: AttemptRecord | None, new: AttemptRecord) -> bool:
    """The rule that `statements.py` says in SQL."""
    if old is None or old.status is TaskStatus.RUNNING:
        return True
    return old.status is TaskStatus.INTERRUPTED and new.epoch > old.epoch


def _seen(run: _Run) -> RunRecord:
    return run.record if run.owned else orphaned_run(run.record, deserted=run.epoch > 0 and not run.released)


def _orphaned(run: _Run) -> bool:
    return _seen(run).status is RunStatus.INTERRUPTED
