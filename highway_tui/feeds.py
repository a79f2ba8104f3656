"""Where a shown run comes from: the live turns of this process, or the journal of a run that is over or that another
process owns.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from engine import Batch, NameRecord, RunId, RunReader, RunRecord, TaskRecord

from .circuits import Circuit, circuits_of
from .threads import in_thread

PREVIEW_LIMIT: Final = 65536
"""Bytes; larger results are not read for a preview."""
POLL_S: Final = 1.0
"""How often the journal of a run that another process owns is read."""
JOURNAL_CHUNK: Final = 1000
"""Entries of a journal that are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that a store knows about a run."""

    run: RunRecord
    tasks: Sequence[TaskRecord]
    names: Sequence[NameRecord]
    previews: Mapping[str, str]
    """JSON texts of small results of the workflow itself, by digest."""
    owner_pid: int | None
    """The live process that owns the run; None when there is none."""
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    """What the journal said last of the circuits, by the name of the bulkhead."""


class RunFeed(Protocol):
    """One source of what a run does."""

    def drain(self) -> Sequence[Batch]:
        """Give the turns since the last call, oldest first."""
        ...


class LiveFeed:
    """The live bus of this process. The engine's thread calls `push`, the UI's thread `drain`; a deque needs no lock

    for that.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._turns: deque[Batch] = deque()
        self.push: Callable[[Batch], None] = self._turns.append
        """The subscriber: returns at once."""

    def drain(self, limit: int = 5000) -> tuple[Batch, ...]:
        """Give at most `limit` turns, oldest first."""
        turns = self._turns
        return tuple(turns.popleft() for _ in range(min(limit, len(turns))))

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return not self._turns


class JournalFeed:
    """Reads a run from the store: once when it is over, else once a second while its owner lives."""

    def __init__(self, reader: RunReader, run_id: RunId, *, circuits: bool = False) -> None:
        """`reader` may be used from any thread. `circuits` says that the journal may speak of circuits."""
        self._reader = reader
        self._run_id = run_id
        self._circuits = CircuitReader(reader, run_id) if circuits else None

    async def follow(self, publish: Callable[[Snapshot], None]) -> None:
        """Publish what is stored, and again after each change, until the run has no live owner.

        Raises StoreError, UsageError.
        """
        last: Snapshot | None = None
        while True:
            snapshot = await in_thread(self._read)
            if snapshot != last:
                publish(snapshot)
                last = snapshot
            if snapshot.owner_pid is None:
                return
            await asyncio.sleep(POLL_S)

    def _read(self) -> Snapshot:
        snapshot = read_snapshot(self._reader, self._run_id)
        return snapshot if self._circuits is None else replace(snapshot, circuits=self._circuits.read())


class CircuitReader:
    """Goes through the journal of a run for what it says of circuits; only what is new is read again."""

    def __init__(self, reader: RunReader, run_id: RunId) -> None:
        """Nothing is read yet."""
        self._reader = reader
        self._run_id = run_id
        self._seq = 0
        self._known: dict[str, Circuit] = {}

    def read(self) -> dict[str, Circuit]:
        """Give the newest state of each circuit. Blocks on the disk. Raises StoreError."""
        while entries := self._reader.entries(self._run_id, after=self._seq, limit=JOURNAL_CHUNK):
            self._seq = entries[-1].seq
            self._known.update(circuits_of(entries))
            if len(entries) < JOURNAL_CHUNK:
                break
        return dict(self._known)


def read_snapshot(reader: RunReader, run_id: RunId) -> Snapshot:
    """Read a run. Raises StoreError, UsageError (`E-RUN-UNKNOWN`)."""
    run = reader.run(run_id)
    owner = None if run.status.terminal else reader.owner_pid(run_id)
    names = reader.names(run_id)
    refs = [name.ref for name in names if name.ref is not None and not name.scope and name.ref.size <= PREVIEW_LIMIT]
    values = reader.values(run_id, refs) if refs else {}
    previews = {digest: json.dumps(value, ensure_ascii=False) for digest, value in values.items()}
    return Snapshot(run=run, tasks=reader.tasks(run_id), names=names, previews=previews, owner_pid=owner)
