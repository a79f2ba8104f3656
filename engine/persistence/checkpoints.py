"""Moves SQLite's write-ahead log into the database, on a thread of its own: it waits for the disk, a turn must not."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Final

_COMMITS: Final = 100
"""Commits between two checkpoints: a turn writes some ten pages, so about 4 MiB."""

_LARGE_LOG: Final = 4_096
"""Pages (16 MiB) in a log that never got back to its start: then writers wait once, and it does."""

_log = logging.getLogger(__name__)


class Checkpointer:
    """Owns one daemon thread and its connection; both begin with the first checkpoint. The writer calls it."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """`connect` opens the thread's own connection."""
        self._connect = connect
        self._commits = 0
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Count one commit."""
        self._commits += 1
        if self._commits % _COMMITS:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="highway-checkpoints", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """End the thread. SQLite itself moves the rest when the last connection closes."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            connection = self._connect()
        except sqlite3.Error:
            _log.warning("no checkpoints: cannot connect", exc_info=True)
            return
        try:
            while self._wake.wait() and not self._closing:
                self._wake.clear()
                self._checkpoint(connection)
        finally:
            connection.close()

    @staticmethod
    def _checkpoint(connection: sqlite3.Connection) -> None:
        try:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > _LARGE_LOG:
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        except sqlite3.Error:
            # A full disk or a locked file shows itself to the writer too, where it can be told.
            _log.warning("a checkpoint failed", exc_info=True)
