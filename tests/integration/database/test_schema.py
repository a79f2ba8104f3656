"""One schema, said three times: the baseline of new files, the migrations, the tables that SQL is built from."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from engine.core.events import RunContinued
from engine.errors import StoreError
from engine.persistence.manager import open_reader, open_store
from engine.persistence.migrations.baseline import APPLICATION_ID, VERSION
from engine.persistence.migrations.upgrade import upgrade
from engine.persistence.tables import metadata
from tests.contract.turns import append, batch, start


def _schema(path: Path) -> dict[str, str]:
    """Every table and index as the file says it, white space aside."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.replace(" ,", ",").split()) for name, sql in rows}


def _zero(path: Path) -> None:
    """Make a file of ours that has no tables yet."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.commit()


def test_baseline_migrations_and_tables_agree(tmp_path: Path) -> None:
    """A new file equals one that every migration went over, and what the tables compile to."""
    open_store(str(tmp_path / "new.db")).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}", poolclass=NullPool)
    with engine.begin() as connection:
        upgrade(connection)
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection:
        for table in metadata.tables.values():
            connection.execute(str(CreateTable(table).compile(dialect=_dialect(sqlite.dialect))))
            for index in table.indexes:
                connection.execute(str(CreateIndex(index).compile(dialect=_dialect(sqlite.dialect))))

    new = _schema(tmp_path / "new.db")

    assert new == _schema(tmp_path / "old.db")
    version = new.pop("alembic_version")
    assert "version_num" in version
    assert new == _schema(tmp_path / "made.db")


def test_an_old_file_is_copied_then_upgraded(tmp_path: Path) -> None:
    """What the old file held is kept beside it, private; the upgraded one works and says its version."""
    path = tmp_path / "highway.db"
    _zero(path)

    store = open_store(str(path))
    start(store)
    append(store, batch(RunContinued()))
    store.close()

    (copy,) = tmp_path.glob("highway.db.0000-*.bak")
    assert 0o600 == copy.stat().st_mode & 0o777
    assert ["alembic_version"] == list(_schema(copy))
    with closing(sqlite3.connect(path)) as connection:
        assert [(VERSION,)] == connection.execute("SELECT version_num FROM alembic_version").fetchall()
        assert (APPLICATION_ID,) == connection.execute("PRAGMA application_id").fetchone()
    open_store(str(path)).close()
    assert [copy] == list(tmp_path.glob("*.bak"))


def test_a_reader_does_not_upgrade(tmp_path: Path) -> None:
    """Readers change nothing: they say that the file is old."""
    path = tmp_path / "highway.db"
    _zero(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match="E-STORE-OLD"):
        open_reader(str(path)).runs()

    assert before == path.read_bytes()


@pytest.mark.parametrize(
    "kind",
    [sqlite.dialect, postgresql.dialect, mysql.dialect],
)
def test_the_tables_compile_for_every_database(kind: Callable[[], Dialect]) -> None:
    """Every String has a length, every key can be indexed."""
    for table in metadata.tables.values():
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=_dialect(kind)))


def test_every_key_leads_with_the_run() -> None:
    """Rows of two runs cannot collide; only the breakers, which outlive runs, have another key."""
    leaders = {table.name: next(iter(table.primary_key)).name for table in metadata.tables.values()}

    assert {"bulkheads"} == {name for name, leader in leaders.items() if leader != "run_id"}


def _dialect(kind: Callable[[], Dialect]) -> Dialect:
    return kind()
