"""What the database layer raises, as the store errors people read: one sentence that names the file and what to do."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ..errors import StoreBusy, StoreCorrupt, StoreError, StoreFull

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_CLOSED_DOOR = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_TOO_LITTLE = 64 * 1024
"""Bytes; the index of the log grows by 32 KiB."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_busy(error: sqlite3.Error) -> bool:
    """True where another connection is in the way and trying again makes sense."""
    return _primary(error) in _BUSY


def busy(path: Path) -> StoreBusy:
    """Return the error for a lock that outlasted our patience."""
    return StoreBusy("E-STORE-BUSY", f"{path} is locked by another process; end it, or use another --db")


def corrupt(path: Path, what: str) -> StoreCorrupt:
    """Return the error for a file that is not, or not wholly, ours; `what` is a clause such as `is no database`."""
    return StoreCorrupt("E-STORE-CORRUPT", f"{path} {what}; it was left as it is: move it away, or use another --db")


def translate(error: Exception, path: Path) -> StoreError:
    """Return the StoreError for an sqlite3, SQLAlchemy or OS error about the database at `path`."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        place = cause.filename or path
        if cause.errno in _NO_ROOM:
            return StoreFull("E-STORE-FULL", f"no space is left for {place}; free some and go on")
        return StoreError("E-STORE-OPEN", f"{place} cannot be used: {cause.strerror or cause}")
    code = _primary(cause) if isinstance(cause, sqlite3.Error) else None
    if code in _BUSY:
        return busy(path)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return StoreFull("E-STORE-FULL", f"no space is left for {path}; free some and go on")
    if code == sqlite3.SQLITE_NOTADB:
        return corrupt(path, "is no database")
    if code == sqlite3.SQLITE_CORRUPT or "no such table" in str(cause) or "no such column" in str(cause):
        return corrupt(path, f"is damaged ({cause})")
    if code == sqlite3.SQLITE_READONLY or (code in _CLOSED_DOOR and _is_read_only(path)):
        return StoreError("E-STORE-READONLY", f"{path} is read-only; check its permissions and its folder's")
    if code in _CLOSED_DOOR:
        return StoreError("E-STORE-OPEN", f"{path} cannot be opened; check its permissions and its folder's")
    return StoreError("E-STORE", f"{path}: {cause}")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what happens inside as StoreError; errors of our own pass."""
    try:
        yield
    except (sqlite3.Error, DBAPIError, OSError) as error:
        raise translate(error, path) from error


def _is_full(path: Path) -> bool:
    """SQLite calls it an I/O error when its index of the log finds no room."""
    try:
        return shutil.disk_usage(path.parent).free < _TOO_LITTLE
    except OSError:
        return False


def _is_read_only(path: Path) -> bool:
    return path.parent.is_dir() and not os.access(path.parent, os.W_OK)


def _primary(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None where Python's layer raised the error itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
