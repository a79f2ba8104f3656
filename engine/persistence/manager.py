"""From what a person wrote after `--db` to a store. Imports a storage only when its URL asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from platformdirs import user_state_path

from ..core.ports import RunReader, Store
from ..errors import StoreError

_SQLITE: Final = "sqlite:///"
_MEMORY: Final = frozenset({"memory:", ":memory:", "sqlite://", "sqlite:///:memory:"})


def default_url() -> str:
    """`sqlite:///<state folder of the user>/highway.db`; nothing is created."""
    return f"{_SQLITE}{user_state_path('highway-tui') / 'highway.db'}"


def open_store(url: str) -> Store:
    """Open for writing; a missing SQLite file is created, with its folders.

    `url` is a path, `sqlite:///relative.db`, `sqlite:////absolute.db` or `memory:`. StoreError with one sentence
    where it cannot be opened, `E-STORE-SCHEME` where no storage knows the URL.
    """
    path = _path(url)
    if path is None:
        from .memory_storage import MemoryStore

        return MemoryStore()
    from .database_manager import Database
    from .sql_persistence import SqlStore

    return SqlStore(Database(path))


def open_reader(url: str) -> RunReader:
    """Open for reading; creates nothing. A SQLite file that is not there yet reads as an empty store until it is."""
    path = _path(url)
    if path is None:
        from .memory_storage import MemoryStore

        return MemoryStore()
    from .database_manager import Database
    from .sql_reader import SqlReader

    return SqlReader(Database(path))


def _path(url: str) -> Path | None:
    """Return the file that `url` means, None for memory."""
    if url in _MEMORY:
        return None
    if url.startswith(_SQLITE):
        url = url.removeprefix(_SQLITE)
    elif "://" in url:
        scheme = url.partition("://")[0]
        raise StoreError("E-STORE-SCHEME", f"no storage for {scheme}:// yet; give a path, sqlite:///path or memory:")
    if not url or "\0" in url:
        raise StoreError("E-STORE-SCHEME", "the database has no name; give a path, sqlite:///path or memory:")
    return Path(url).expanduser().absolute()
