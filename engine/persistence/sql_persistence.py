"""The SQL store. One turn is one transaction, fenced by the owner's epoch: it is there whole, or nothing of it is.

Hot statements go to SQLite's driver as prepared text; SQLAlchemy's own execution would cost more than the writing.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from ..core.breaker import Breaker
from ..core.codec import storable_json
from ..core.records import Batch, RunRecord, StoredDefinition
from ..core.status import TaskStatus
from ..core.values import StoredValue
from ..errors import EngineBug, OwnershipLost, UsageError
from ..keys import RunId
from .checkpoints import Checkpointer
from .checks import check_id, check_order, unfinished_work, unknown_run
from .database_manager import FIRST_PAUSE_S, LONGEST_PAUSE_S, PATIENCE_S, Database, patiently
from .files import write_whole
from .ownership import RunLock, identify
from .rows import Row, attempt_row, breaker_of, bulkhead_row, definition_row, entry_row, name_row, run_row, task_row
from .sql_reader import SqlReader, large_value
from .statements import Statements
from .store_errors import busy, is_busy, translate, translated

LARGE_VALUE: Final = 256 * 1024
"""Bytes of JSON text from which on a value goes to a file beside the run."""

# The transaction holds the write lock already, so reading is a full fence and spares each turn a page.
_FENCE: Final = "SELECT heartbeat FROM owners WHERE run_id = ? AND epoch = ? AND released_at IS NULL"
_UNFINISHED: Final = "SELECT scope, task FROM tasks WHERE run_id = ? AND status NOT IN ({}) LIMIT 1".format(  # noqa: S608 - our own words
    ", ".join(f"'{status.value}'" for status in TaskStatus if status.terminal)
)

_HEARTBEAT_S: Final = 5.0
"""Least time between two heartbeats; they come with turns, and only people read them while a lock tells who lives."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Owned:
    """A run that this store owns."""

    lock: RunLock
    epoch: int
    seq: int
    """Of the newest entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """The rows of a batch: made before the transaction, so that others wait for SQLite alone."""

    entries: list[Row]
    values: list[Row]
    tasks: list[Row]
    attempts: list[Row]
    names: list[Row]
    run: Row


class SqlStore(SqlReader):
    """The writing half. Owns the one writing connection; the engine's thread alone calls what writes."""

    def __init__(self, database: Database) -> None:
        """Create or open the database; StoreError where that cannot be."""
        super().__init__(database)
        self._file = database.create()
        self._sql = Statements()
        self._writer = database.connect()
        self._checkpoints = Checkpointer(database.connect)
        self._owned: dict[RunId, _Owned] = {}

    def breaker(self, workflow: str, name: str) -> Breaker | None:
        """Read the breaker that was written last; None where there is none."""
        query = "SELECT counters FROM bulkheads WHERE workflow = ? AND name = ?"
        with translated(self._database.path):
            row = patiently(lambda: self._writer.execute(query, (workflow, name)).fetchone())
        return None if row is None else breaker_of(row[0])

    async def create_run(self, record: RunRecord, definition: StoredDefinition) -> None:
        """Write the run; UsageError `E-RUN-ID` where the id is none, `E-RUN-EXISTS` where it is taken."""
        check_id(record.id)
        with translated(self._database.path):
            async with self._transaction():
                taken = self._writer.execute("SELECT 1 FROM workflows WHERE run_id = ?", (record.id,)).fetchone()
                if taken is not None:
                    raise UsageError("E-RUN-EXISTS", f"a run {record.id!r} exists already")
                self._writer.execute(self._sql.new_run, run_row(record))
                self._writer.execute(self._sql.new_definition, definition_row(record.id, definition))

    async def claim(self, run_id: RunId, address: str = "") -> int:
        """Take the lock, then the next epoch."""
        with translated(self._database.path):
            self._database.check_identity(self._file)
            folder = self.run_folder(run_id)
            known = "SELECT 1 FROM workflows WHERE run_id = ?"
            if patiently(lambda: self._writer.execute(known, (run_id,)).fetchone()) is None:
                raise unknown_run(run_id)
            me = identify()
            lock = RunLock.take(folder, run_id, me)
            try:
                row = (me.pid, me.started, me.boot_id, me.host, address, time.time(), None)
                owned = await self._become_owner(run_id, lock, row)
            except BaseException:
                lock.release()
                raise
        self._owned[run_id] = owned
        return owned.epoch

    async def append(self, batch: Batch) -> None:
        """Write one turn; see Store. Nothing of it is there when this raises."""
        path = self._database.path
        try:
            self._database.check_identity(self._file)
            turn = self._turn(batch)
            async with self._transaction():
                self._write(batch, turn)
        except sqlite3.IntegrityError as error:
            raise EngineBug("E-BUG-JOURNAL", f"run {batch.run_id}: an entry was to be written twice") from error
        except (sqlite3.Error, OSError) as error:
            raise translate(error, path) from error
        self._owned[batch.run_id].seq += len(batch.entries)
        self._checkpoints.committed()

    async def release(self, run_id: RunId) -> None:
        """Say that the owner left on purpose, then give the lock back; the lock goes even if saying fails."""
        owned = self._owned.pop(run_id, None)
        if owned is None:
            return
        try:
            with translated(self._database.path):
                self._database.check_identity(self._file)
                async with self._transaction():
                    self._writer.execute(
                        "UPDATE owners SET released_at = ? WHERE run_id = ? AND epoch = ?",
                        (time.time(), run_id, owned.epoch),
                    )
        finally:
            owned.lock.release()

    def close(self) -> None:
        """Close every connection and drop every lock; runs still owned then look interrupted."""
        for owned in self._owned.values():
            owned.lock.release()
        self._owned.clear()
        self._checkpoints.close()
        super().close()
        self._writer.close()  # the last one moves the log into the database, which readers cannot

    # --- transactions --------------------------------------------------------------------------------------------

    async def _become_owner(self, run_id: RunId, lock: RunLock, me: Row) -> _Owned:
        async with self._transaction():
            last = self._writer.execute("SELECT epoch FROM owners WHERE run_id = ?", (run_id,)).fetchone()
            epoch = last[0] + 1 if last else 1
            self._writer.execute(self._sql.owner, (run_id, epoch, *me))
            seq = self._writer.execute("SELECT coalesce(max(seq), 0) FROM events WHERE run_id = ?", (run_id,))
            return _Owned(lock, epoch, seq.fetchone()[0])

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """Write inside, without awaiting: all of it or nothing."""
        await self._begin()
        try:
            yield
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    async def _begin(self) -> None:
        """Get the write lock; the loop goes on while another process has it."""
        deadline = time.monotonic() + PATIENCE_S
        pause = FIRST_PAUSE_S
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                if time.monotonic() > deadline:
                    raise busy(self._database.path) from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _write(self, batch: Batch, turn: _Turn) -> None:
        run_id, run, cursor = batch.run_id, batch.run, self._writer.cursor()
        alive = cursor.execute(_FENCE, (run_id, batch.epoch)).fetchone()
        if alive is None:
            raise OwnershipLost("E-OWNERSHIP-LOST", f"run {run_id} has another owner now; nothing more is written")
        now = time.time()
        if now - alive[0] > _HEARTBEAT_S:
            cursor.execute("UPDATE owners SET heartbeat = ? WHERE run_id = ?", (now, run_id))
        cursor.executemany(self._sql.events, turn.entries)
        if turn.values:
            cursor.executemany(self._sql.values, turn.values)
        if turn.tasks:
            cursor.executemany(self._sql.tasks, turn.tasks)
        if turn.attempts and cursor.executemany(self._sql.attempts, turn.attempts).rowcount < len(turn.attempts):
            _log.warning("run %s: a late change of an ended attempt was dropped", run_id)
        if turn.names:
            cursor.executemany(self._sql.names, turn.names)
        if batch.bulkheads:
            cursor.executemany(self._sql.bulkheads, [bulkhead_row(row) for row in batch.bulkheads])
        cursor.execute(self._sql.run, turn.run)
        if run.status.terminal and (unfinished := cursor.execute(_UNFINISHED, (run_id,)).fetchone()):
            scope, task = unfinished
            raise unfinished_work(run, f"{scope}/{task}" if scope else task)

    # --- rows ----------------------------------------------------------------------------------------------------

    def _turn(self, batch: Batch) -> _Turn:
        run_id = batch.run_id
        owned = self._owned.get(run_id)
        if owned is None:
            raise OwnershipLost("E-OWNERSHIP-LOST", f"run {run_id} is not owned by this process")
        check_order(batch, owned.seq)
        return _Turn(
            entries=[entry_row(run_id, entry) for entry in batch.entries],
            values=[self._value_row(run_id, value) for value in batch.values],
            tasks=[task_row(run_id, task) for task in batch.tasks],
            attempts=[attempt_row(run_id, attempt) for attempt in batch.attempts],
            names=[name_row(run_id, name) for name in batch.names],
            run=run_row(batch.run),
        )

    def _value_row(self, run_id: RunId, value: StoredValue) -> Row:
        ref, text = value.ref, value.text
        if ref.size > LARGE_VALUE:
            write_whole(large_value(self.run_folder(run_id), ref.digest), text.encode("utf-8", "surrogatepass"))
            return run_id, ref.digest, ref.size, None
        return run_id, ref.digest, ref.size, storable_json(text)
