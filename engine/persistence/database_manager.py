"""One SQLite file: how it is made, checked, brought up to date and connected to. Knows nothing of runs.

WAL with `synchronous=NORMAL`: a commit costs microseconds and survives `kill -9`; a power cut may cost the last ones.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event

from ..errors import StoreError, StoreTooNew
from .files import make_file, make_folder
from .migrations.baseline import APPLICATION_ID, STATEMENTS, VERSION
from .store_errors import corrupt, is_busy, translated

PATIENCE_S: Final = 60.0
"""How long a writer tries to get its turn."""

_BUSY_TIMEOUT_S: Final = 0.02
"""How long SQLite itself waits inside one call, and the engine's loop with it; the rest of the wait is ours."""

_READER_TIMEOUT_S: Final = 5.0
"""Readers wait only for recovery after a crash and for the last writer's farewell; both are short."""

FIRST_PAUSE_S: Final = 0.002
LONGEST_PAUSE_S: Final = 0.05

_FRESH: Final = "fresh"
_ZERO: Final = "0000"

_T = TypeVar("_T")
_Identity = tuple[int, int]


class Database:
    """The file at `path`. Readers may come from any thread; `create` and `writer` belong to the store's owner."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened or created yet."""
        self.path = path
        self._name = os.fspath(path)
        self._guard = threading.Lock()  # guards the two fields below: the first reader of a thread may replace them
        self._readers: Engine | None = None
        self._seen: _Identity | None = None

    # --- writing -------------------------------------------------------------------------------------------------

    def create(self) -> _Identity:
        """Make the file ready for writing: folders, file, schema. Return its identity, for `check_identity`."""
        with translated(self.path):
            _check_kind(self.path)
            make_folder(self.path.parent)
            make_file(self.path)
            with closing(self.connect()) as connection:
                patiently(lambda: self._prepare(connection))
            return self._identity()

    def connect(self, timeout_s: float = _BUSY_TIMEOUT_S) -> sqlite3.Connection:
        """Open a writing connection. It begins no transaction by itself and may be used by one thread at a time."""
        connection = sqlite3.connect(self.path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        patiently(lambda: connection.execute("PRAGMA synchronous = NORMAL"))  # it reads the schema
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def check_identity(self, expected: _Identity) -> None:
        """StoreError where the file was deleted or replaced: SQLite would go on writing into nowhere."""
        try:
            found: _Identity | None = self._identity()
        except FileNotFoundError:
            found = None
        if found != expected:
            raise self._gone()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = self._version(connection)
        if version not in {VERSION, _FRESH}:
            self._upgrade(connection, version)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreError("E-STORE-OPEN", f"{self.path} is on a file system without WAL; put it on a local disk")
        with transaction(connection):
            if self._version(connection) == _FRESH:  # asked again: another process may have been quicker
                for statement in STATEMENTS:
                    connection.execute(statement)
                connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (VERSION,))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def _upgrade(self, connection: sqlite3.Connection, version: str) -> None:
        """Copy the file beside itself, then let Alembic do its work in one transaction."""
        copy = self.path.with_name(f"{self.path.name}.{version}-{time.time_ns()}.bak")
        make_file(copy)
        connection.execute("VACUUM INTO ?", (str(copy),))
        engine = create_engine("sqlite://", creator=lambda: self.connect(PATIENCE_S), poolclass=NullPool)
        event.listen(engine, "begin", _begin_immediate)
        with engine.begin() as upgrading:
            from .migrations.upgrade import upgrade

            upgrade(upgrading)

    def _version(self, connection: sqlite3.Connection) -> str:
        """Return the stored revision; `_FRESH` for an empty file, `_ZERO` for one of ours that has none yet.

        Reads in one snapshot: another process may be making the tables between two questions.
        """
        if connection.in_transaction:
            return self._version_seen(connection)
        connection.execute("BEGIN")
        try:
            return self._version_seen(connection)
        finally:
            connection.rollback()

    def _version_seen(self, connection: sqlite3.Connection) -> str:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not names and application == 0:
            return _FRESH
        if application != APPLICATION_ID:
            raise corrupt(self.path, "belongs to another program")
        row = "alembic_version" in names and connection.execute("SELECT version_num FROM alembic_version").fetchone()
        version = str(row[0]) if row else _ZERO
        if version > VERSION:
            raise StoreTooNew(
                "E-STORE-TOO-NEW",
                f"{self.path} has schema {version}, this program knows {VERSION}; use a newer highway-tui",
            )
        return version

    # --- reading -------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one snapshot of the database, for reading only. A file that is not there yet reads as an empty one."""
        with translated(self.path), self._engine().connect() as connection:
            yield connection

    def close(self) -> None:
        """Close the readers' connections that nobody is using."""
        with self._guard:
            if self._readers is not None:
                self._readers.dispose()
            self._readers = None
            self._seen = None

    def _engine(self) -> Engine:
        with self._guard:
            try:
                found = self._identity()
            except FileNotFoundError:
                if self._seen is not None:
                    raise self._gone() from None
                return _nothing()
            if self._readers is None or found != self._seen:
                _check_kind(self.path)
                try:
                    is_fresh = self._is_fresh(self._connect_reader)
                except sqlite3.OperationalError:
                    if not self._is_at_rest():
                        raise
                    # No room, or no permission, for the index of a log that is empty: the file alone says all.
                    is_fresh = self._is_fresh(self._connect_at_rest)
                    return _nothing() if is_fresh else self._at_rest()
                if is_fresh:
                    return _nothing()
                if self._readers is not None:
                    self._readers.dispose()
                self._readers = create_engine(
                    "sqlite://", creator=self._connect_reader, poolclass=QueuePool, pool_size=2, max_overflow=30
                )
                event.listen(self._readers, "begin", _begin)
                self._seen = found
            return self._readers

    def _is_fresh(self, connect: Callable[[], sqlite3.Connection]) -> bool:
        """Read the version; StoreError where it is not ours."""
        with closing(connect()) as connection:
            version = self._version(connection)
        if version not in {VERSION, _FRESH}:
            raise StoreError(
                "E-STORE-OLD", f"{self.path} has the old schema {version}; `highway-tui resume` upgrades it"
            )
        return version == _FRESH

    def _is_at_rest(self) -> bool:
        """Say whether nobody has the file open for writing, and the last one who had ended cleanly."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return not log.exists() or log.stat().st_size == 0

    def _at_rest(self) -> Engine:
        """For one look: somebody may begin to write after it."""
        engine = create_engine("sqlite://", creator=self._connect_at_rest, poolclass=NullPool)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect_at_rest(self) -> sqlite3.Connection:
        return self._connect_reader("mode=ro&immutable=1")

    def _connect_reader(self, how: str = "mode=ro") -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{how}",
            uri=True,
            timeout=_READER_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    # --- the file ------------------------------------------------------------------------------------------------

    def _identity(self) -> _Identity:
        found = os.stat(self._name)  # noqa: PTH116 - once a turn: three times as fast as Path.stat
        return found.st_dev, found.st_ino

    def _gone(self) -> StoreError:
        return StoreError("E-STORE-GONE", f"{self.path} was deleted or replaced while it was in use")


def patiently(work: Callable[[], _T]) -> _T:
    """Call `work` until the database is not busy, for PATIENCE_S; blocks, so it is not for a running turn."""
    deadline = time.monotonic() + PATIENCE_S
    pause = FIRST_PAUSE_S
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write inside: all of it or nothing. Raises busy only before anything was done."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check_kind(path: Path) -> None:
    """StoreError for folders, pipes and devices: SQLite would hang on some and explain none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise StoreError("E-STORE-OPEN", f"{path} is {kind}, not a database")


def _nothing() -> Engine:
    """Return an engine on an empty database in memory."""
    return create_engine("sqlite://", creator=_empty, poolclass=NullPool)


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in STATEMENTS:
        connection.execute(statement)
    return connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
