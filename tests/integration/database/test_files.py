"""Bad files and bad places: one clear sentence with a code, and what was there stays as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.core.events import RunContinued
from engine.core.ports import RunReader
from engine.core.values import store_value
from engine.errors import StoreCorrupt, StoreError, StoreTooNew, UsageError
from engine.persistence.manager import default_url, open_reader, open_store
from engine.persistence.memory_storage import MemoryStore
from tests.contract.turns import append, batch, claim, create, run_id, run_record, start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may come to be."""
    return tmp_path / "highway.db"


def _filled(path: Path) -> None:
    """Write a database with one run of some length."""
    store = open_store(str(path))
    start(store)
    append(store, batch(*[RunContinued()] * 500))
    store.close()


def _text(path: Path) -> None:
    path.write_text("this is no database, but it is long enough to be looked at\n" * 50)


def _damaged(path: Path) -> None:
    _filled(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (path.stat().st_size - 100))


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.commit()


def _newer(path: Path) -> None:
    _filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0907'")
        connection.commit()


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        pytest.param(_text, StoreCorrupt, "is no database", id="text"),
        pytest.param(_damaged, StoreCorrupt, "", id="damaged"),
        pytest.param(_foreign, StoreCorrupt, "belongs to another program", id="foreign"),
        pytest.param(_newer, StoreTooNew, "schema 0907", id="newer"),
        pytest.param(Path.mkdir, StoreError, "is a folder", id="folder"),
        pytest.param(os.mkfifo, StoreError, "is no regular file", id="pipe"),
    ],
)
@pytest.mark.parametrize("open_it", [open_store, lambda url: open_reader(url).runs()], ids=["store", "reader"])
def test_what_is_no_database_of_ours_is_refused_and_kept(
    path: Path,
    make: Callable[[Path], object],
    error: type[StoreError],
    sentence: str,
    open_it: Callable[[str], object],
) -> None:
    """One sentence that names the file; not a byte of it changes."""
    make(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(error, match=f"highway.db.*{sentence}"):
        open_it(str(path))

    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.parametrize("open_it", [open_store, lambda url: open_reader(url).runs()], ids=["store", "reader"])
def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path, open_it: Callable[[str], object]) -> None:
    """A path through a file cannot be used, and the sentence says where."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreError, match="file"):
        open_it(str(tmp_path / "file" / "highway.db"))


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path, path: Path) -> None:
    """A new database is made where its name says, not where somebody's link points."""
    path.symlink_to(tmp_path / "elsewhere.db")

    with pytest.raises(StoreError):
        open_store(str(path))

    assert not (tmp_path / "elsewhere.db").exists()


@pytest.mark.parametrize("replacement", [None, b"", b"text"], ids=["deleted", "emptied", "replaced"])
def test_a_file_deleted_while_in_use_is_named(path: Path, replacement: bytes | None) -> None:
    """A writer whose file is gone says so at its next turn, instead of writing into nowhere; a reader too."""
    store = open_store(str(path))
    start(store)
    assert 1 == len(store.runs())
    path.unlink()
    if replacement is not None:
        path.write_bytes(replacement)

    with pytest.raises(StoreError, match="E-STORE-GONE"):
        append(store, batch(RunContinued()))
    with pytest.raises(StoreError, match="E-STORE-GONE"):
        claim(store)
    if replacement is None:
        with pytest.raises(StoreError, match="E-STORE-GONE"):
            store.runs()

    store.close()


def test_a_large_value_that_was_changed_is_damage(path: Path) -> None:
    """Large values are files beside the run; they are believed only if their digest is right."""
    store = open_store(str(path))
    start(store)
    value = store_value("x" * 300_000)
    append(store, batch(RunContinued(), values=(value,)))
    (file,) = store.run_folder(run_id()).glob("results/*.json")
    assert path.stat().st_size < 200_000
    file.write_text(file.read_text().replace("xx", "xy", 1))

    with pytest.raises(StoreCorrupt, match="was changed"):
        store.values(run_id(), [value.ref])

    file.unlink()
    with pytest.raises(StoreCorrupt, match="is missing"):
        store.values(run_id(), [value.ref])
    store.close()


@pytest.mark.parametrize(
    ("edit", "ask"),
    [
        ("UPDATE events SET payload = '{'", lambda reader: reader.entries(run_id())),
        ("UPDATE events SET type = 'Unheard'", lambda reader: reader.entries(run_id())),
        ("UPDATE workflows SET status = 'dancing'", lambda reader: reader.run(run_id())),
        ("UPDATE workflows SET error = '[]'", lambda reader: reader.runs()),
        ("UPDATE definitions SET params = ''", lambda reader: reader.definition(run_id())),
        ("DROP TABLE tasks", lambda reader: reader.tasks(run_id())),
    ],
)
def test_a_row_that_we_did_not_write_is_damage(path: Path, edit: str, ask: Callable[[RunReader], object]) -> None:
    """A database edited by hand is named, not traced back."""
    _filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(edit)
        connection.commit()
    reader = open_reader(str(path))

    with pytest.raises(StoreCorrupt, match=r"highway\.db"):
        ask(reader)

    reader.close()


def test_everything_we_make_is_private(tmp_path: Path) -> None:
    """Folders 0700, files 0600, whatever the umask; what existed keeps its mode."""
    tmp_path.chmod(0o755)
    path = tmp_path / "deep" / "er" / "highway.db"
    old = os.umask(0)
    try:
        store = open_store(str(path))
        start(store)
        append(store, batch(RunContinued(), values=(store_value("x" * 300_000),)))
        made = {item: stat.S_IMODE(item.stat().st_mode) for item in tmp_path.rglob("*")}
        store.close()
    finally:
        os.umask(old)

    assert {item: 0o700 if item.is_dir() else 0o600 for item in made if item.exists()} == {
        item: mode for item, mode in made.items() if item.exists()
    }
    assert {"highway.db-wal", "highway.db-shm", "lock"} <= {item.name for item in made}
    assert 0o755 == stat.S_IMODE(tmp_path.stat().st_mode)


# --- readers -----------------------------------------------------------------------------------------------------


def test_a_reader_of_nothing_shows_nothing_creates_nothing_and_sees_what_comes(tmp_path: Path) -> None:
    """The first look at the default database may come before the first run; later looks see that run."""
    path = tmp_path / "not" / "yet" / "highway.db"
    reader = open_reader(str(path))

    assert [] == list(reader.runs())
    with pytest.raises(UsageError, match="E-RUN-UNKNOWN"):
        reader.run(run_id())
    assert [] == list(tmp_path.iterdir())

    store = open_store(str(path))
    create(store, run_record())
    assert ["run-1"] == [run.id for run in reader.runs()]
    store.close()
    reader.close()


def test_an_empty_file_reads_as_an_empty_store_and_becomes_one(path: Path) -> None:
    """A file of no bytes is what a database is in its first moment."""
    path.touch()
    reader = open_reader(str(path))

    assert [] == list(reader.runs())
    assert 0 == path.stat().st_size

    open_store(str(path)).close()
    assert [] == list(reader.runs())
    reader.close()


def test_a_reader_changes_nothing(path: Path) -> None:
    """Reading leaves every byte of the database as it was."""
    _filled(path)
    before = path.read_bytes()

    reader = open_reader(str(path))
    reader.runs()
    reader.tasks(run_id())
    reader.close()

    assert before == path.read_bytes()


# --- URLs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["x y%23?.db", "sqlite:///x y%23?.db", "sqlite:///{folder}/x y%23?.db"])
def test_a_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Plain paths and sqlite URLs, relative and absolute; nothing in a name is special."""
    monkeypatch.chdir(tmp_path)
    url = url.format(folder=tmp_path)
    store = open_store(url)
    create(store, run_record())
    reader = open_reader(url)

    assert (tmp_path / "x y%23?.db").is_file()
    assert 1 == len(reader.runs())
    assert tmp_path / "x y%23?.db.d" / "run-1" == reader.run_folder(run_id())
    reader.close()
    store.close()


@pytest.mark.parametrize("url", ["memory:", "sqlite://", ":memory:"])
def test_memory_is_a_store_of_its_own(url: str) -> None:
    """Nothing is written anywhere until a folder is asked for."""
    store = open_store(url)

    assert isinstance(store, MemoryStore)
    store.close()


@pytest.mark.parametrize("open_it", [open_store, open_reader])
def test_a_storage_that_is_not_there_yet_is_refused_without_its_password(open_it: Callable[[str], object]) -> None:
    """Servers come later; a password in a URL reaches no message."""
    with pytest.raises(StoreError, match="E-STORE-SCHEME") as refused:
        open_it("postgresql://user:secret@host/db")

    assert "secret" not in str(refused.value)


def test_the_default_is_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asking for the default place creates nothing there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_url().startswith(f"sqlite:///{tmp_path}/")
    assert default_url().endswith("highway-tui/highway.db")
    assert [] == list(tmp_path.iterdir())


def test_a_new_database_does_not_import_alembic(path: Path) -> None:
    """Only old databases pay for the migrations."""
    program = (
        "import sys; from engine.persistence.manager import open_store;"
        f"open_store({str(path)!r}).close(); open_store({str(path)!r}).close();"
        "sys.exit('alembic' in sys.modules or 'sqlalchemy.orm' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False)

    assert 0 == done.returncode
