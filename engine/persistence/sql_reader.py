"""The reading half of the SQL store. Every look is one snapshot; no look changes anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, func, select, tuple_

from ..core.codec import load_json
from ..core.events import JournalEntry
from ..core.records import AttemptRecord, NameRecord, RunRecord, StoredDefinition, TaskRecord
from ..core.status import RunStatus
from ..core.values import ResultRef
from ..errors import EngineBug
from ..keys import JsonValue, RunId, TaskKey
from .checks import choose_run, folder_of, unknown_run
from .database_manager import Database
from .derived import needs_look, orphaned_attempt, orphaned_run, orphaned_task
from .ownership import look
from .rows import (
    attempt_record,
    journal_entry,
    name_record,
    run_record,
    stored_definition,
    task_record,
)
from .store_errors import corrupt
from .tables import attempts, definitions, events, owners, results, tasks, variables, workflows

_RUNS = select(workflows, owners.c.epoch.label("owner_epoch"), owners.c.released_at).outerjoin(
    owners, owners.c.run_id == workflows.c.run_id
)
_T = TypeVar("_T")

_IN_ONE_QUERY = 500
"""SQLite of old takes 999 variables in a statement."""


class SqlReader:
    """Reads one database from any thread. A file that does not exist yet reads as an empty store."""

    def __init__(self, database: Database) -> None:
        """Open nothing: each method does, and finds what is there then."""
        self._database = database
        self._base = database.path.with_name(f"{database.path.name}.d")

    # --- runs ----------------------------------------------------------------------------------------------------

    def runs(self, *, limit: int = 200, before: RunId | None = None) -> Sequence[RunRecord]:
        """Newest first by creation; see RunReader."""
        query = _RUNS.order_by(workflows.c.created_at.desc(), workflows.c.run_id.desc()).limit(limit)
        with self._database.reading() as connection:
            if before is not None:
                place = tuple_(workflows.c.created_at, workflows.c.run_id)
                created_at = _row(connection, before).created_at
                query = query.where(place < tuple_(created_at, before))
            rows = connection.execute(query).all()
        return self._read(self._seen, rows)

    def resolve(self, reference: str) -> RunId:
        """Exact ids win over prefixes; see RunReader."""
        if reference == "@latest":
            return choose_run(reference, [run.id for run in self.runs(limit=1)])
        start = func.substr(workflows.c.run_id, 1, len(reference))
        query = select(workflows.c.run_id).where(start == reference).order_by(workflows.c.run_id).limit(4)
        with self._database.reading() as connection:
            found = list(connection.execute(query).scalars()) if reference else []
        return choose_run(reference, found)

    def run(self, run_id: RunId) -> RunRecord:
        """Return the run, `interrupted` where it lost its owner."""
        with self._database.reading() as connection:
            row = _row(connection, run_id)
        return self._read(self._seen, [row])[0]

    def definition(self, run_id: RunId) -> StoredDefinition:
        """Return what the run was created with."""
        with self._database.reading() as connection:
            row = connection.execute(_of(definitions, run_id)).one_or_none()
        if row is None:
            raise unknown_run(run_id)
        return self._read(stored_definition, [row])[0]

    # --- what is inside a run ------------------------------------------------------------------------------------

    def tasks(self, run_id: RunId) -> Sequence[TaskRecord]:
        """Return all instances by ordinal."""
        query = _of(tasks, run_id).order_by(tasks.c.ordinal, tasks.c.scope, tasks.c.task)
        found = self._read(task_record, self._inside(run_id, query))
        return [orphaned_task(task) for task in found] if self._orphaned(run_id) else found

    def attempts(self, run_id: RunId, key: TaskKey) -> Sequence[AttemptRecord]:
        """Return the attempts of one instance, oldest first; none for an unknown instance."""
        query = (
            _of(attempts, run_id)
            .where(attempts.c.scope == key.scope, attempts.c.task == key.task)
            .order_by(attempts.c.generation, attempts.c.attempt)
        )
        found = self._read(attempt_record, self._inside(run_id, query))
        return [orphaned_attempt(attempt) for attempt in found] if self._orphaned(run_id) else found

    def names(self, run_id: RunId) -> Sequence[NameRecord]:
        """Return living names by scope, kind and name."""
        query = (
            _of(variables, run_id)
            .where(variables.c.deleted.is_(False))
            .order_by(variables.c.scope, variables.c.kind, variables.c.name)
        )
        return self._read(name_record, self._inside(run_id, query))

    def entries(self, run_id: RunId, *, after: int = 0, limit: int | None = None) -> Sequence[JournalEntry]:
        """Return the journal from `after` + 1."""
        query = _of(events, run_id).where(events.c.seq > after).order_by(events.c.seq).limit(limit)
        return self._read(journal_entry, self._inside(run_id, query))

    def values(self, run_id: RunId, refs: Iterable[ResultRef]) -> Mapping[str, JsonValue]:
        """Return values by digest; StoreCorrupt where one is missing or its file was changed."""
        digests = list(dict.fromkeys(ref.digest for ref in refs))
        found: dict[str, JsonValue] = {}
        for start in range(0, len(digests), _IN_ONE_QUERY):
            some = digests[start : start + _IN_ONE_QUERY]
            query = _of(results, run_id).where(results.c.digest.in_(some))
            found.update(self._read(lambda row: self._value(run_id, row), self._inside(run_id, query)))
        if missing := [digest for digest in digests if digest not in found]:
            raise corrupt(self._database.path, f"has no value {missing[0]} of run {run_id}")
        return found

    # --- beside the database -------------------------------------------------------------------------------------

    def run_folder(self, run_id: RunId) -> Path:
        """`<database>.d/<run id>`."""
        return folder_of(self._base, run_id)

    def owner_pid(self, run_id: RunId) -> int | None:
        """Return the pid in the lock, where it is held."""
        return look(self.run_folder(run_id)).pid

    def owner_address(self, run_id: RunId) -> str | None:
        """Return what the owner's row says, while the lock is held."""
        if not look(self.run_folder(run_id)).live:
            return None
        query = select(owners.c.address).where(owners.c.run_id == run_id)
        with self._database.reading() as connection:
            return connection.execute(query).scalar() or ""

    def close(self) -> None:
        """Close the connections; a later look opens new ones."""
        self._database.close()

    # --- inside --------------------------------------------------------------------------------------------------

    def _inside(self, run_id: RunId, query: Select[Any]) -> Sequence[Row[Any]]:
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            if not rows:
                _row(connection, run_id)  # an empty answer is right only for a run that exists
            return rows

    def _seen(self, row: Row[Any]) -> RunRecord:
        """Return the run of a row of `_RUNS`, its status derived.

        Between row and lock the run may have ended, or found a new owner: then what was read is of yesterday.
        """
        while True:
            record = run_record(row)
            if not needs_look(record) or look(self.run_folder(record.id)).live:
                return record
            with self._database.reading() as connection:
                again = _row(connection, record.id)
            if again.status == row.status and again.owner_epoch == row.owner_epoch:
                return orphaned_run(record, deserted=row.owner_epoch is not None and again.released_at is None)
            row = again

    def _orphaned(self, run_id: RunId) -> bool:
        return self.run(run_id).status is RunStatus.INTERRUPTED

    def _read(self, convert: Callable[[Row[Any]], _T], rows: Sequence[Row[Any]]) -> list[_T]:
        try:
            return [convert(row) for row in rows]
        except (AttributeError, KeyError, TypeError, ValueError, EngineBug) as error:
            raise corrupt(self._database.path, f"holds a row that cannot be read ({error})") from error

    def _value(self, run_id: RunId, row: Row[Any]) -> tuple[str, JsonValue]:
        return row.digest, load_json(self._large(run_id, row.digest) if row.text is None else row.text)

    def _large(self, run_id: RunId, digest: str) -> str:
        path = large_value(self.run_folder(run_id), digest)
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest()[:32] != digest:
            raise corrupt(path, "is missing or was changed")
        return data.decode("utf-8", "surrogatepass")


def large_value(folder: Path, digest: str) -> Path:
    """Where a value too large for the database is."""
    return folder / "results" / f"{digest}.json"


def _of(table: Table, run_id: RunId) -> Select[Any]:
    return select(table).where(table.c.run_id == run_id)


def _row(connection: Connection, run_id: RunId) -> Row[Any]:
    row = connection.execute(_RUNS.where(workflows.c.run_id == run_id)).one_or_none()
    if row is None:
        raise unknown_run(run_id)
    return row
