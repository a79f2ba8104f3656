"""Writes the log of one attempt: an append-only file of raw bytes, and an index of when and whence each chunk came.

The index record is written before its chunk, and read after it: a reader that has bytes always finds their record,
also after `kill -9`. Nothing is buffered, so what was written is there for other processes at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import threading
import time
from pathlib import Path
from typing import Final

LOG_CAP: Final = 100_000_000
"""Bytes per attempt. What follows is dropped, and a marker says so."""
RECORD: Final = struct.Struct("<QdB")
"""Of the index: offset of the chunk, Unix seconds, kind."""
KINDS: Final = ("stdout", "stderr", "debug", "info", "warning", "error", "log")
"""Kind of a chunk by its number: the stream it came from, or the level of a line of the task's own log."""

_KIND_NUMBERS: Final = {name: number for number, name in enumerate(KINDS)}
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW

_logger: Final = logging.getLogger(__name__)


class FileLogSink:
    """The port `LogSink` over two files, opened at the first write. A full disk loses log lines, never the task."""

    def __init__(self, path: str | Path, cap: int = LOG_CAP) -> None:
        """`path` ends in `.log`; its folders are made when needed."""
        self._path: Final = path
        self._cap: Final = cap
        self._guard: Final = threading.Lock()
        """Guards what follows; the loop and worker threads write."""
        self._files: tuple[int, int] | None = None
        self._size = 0
        self._closed = False

    def write(self, data: bytes, stream: str = "stdout") -> None:
        """Append raw output."""
        self._append(data, _KIND_NUMBERS[stream])

    def line(self, level: str, text: str) -> None:
        """Append a line, or several."""
        self._append(text.encode("utf-8", "replace") + b"\n", _KIND_NUMBERS[level])

    def close(self) -> None:
        """Give the files back; what is written afterwards is dropped."""
        with self._guard:
            self._closed = True
            self._shut()

    def _append(self, data: bytes, kind: int) -> None:
        with self._guard:
            if self._closed or not data:
                return
            try:
                if self._files is None:
                    self._open()
                if self._size + len(data) <= self._cap:
                    self._put(data, kind)
                else:
                    self._put(data[: max(0, self._cap - self._size)], kind)
                    self._put(b"\nthe log ends here: it has reached %d bytes\n" % self._cap, _KIND_NUMBERS["warning"])
                    self._closed = True
                    self._shut()
            except OSError as error:
                _logger.warning("the log %s is not written any further: %s", self._path, error)
                self._closed = True
                self._shut()

    def _put(self, data: bytes, kind: int) -> None:
        """Write the record, then the chunk. Called with the lock."""
        if self._files is None or not data:
            return
        log, index = self._files
        os.write(index, RECORD.pack(self._size, time.time(), kind))
        left = memoryview(data)
        while left:
            left = left[os.write(log, left) :]
        self._size += len(data)

    def _open(self) -> None:
        """Open both files; folders are made when they are missing."""
        try:
            log = os.open(self._path, _FLAGS, 0o600)
        except FileNotFoundError:
            _make_folders(Path(self._path).parent)
            log = os.open(self._path, _FLAGS, 0o600)
        try:
            index = os.open(Path(self._path).with_suffix(".idx"), _FLAGS, 0o600)
        except OSError:
            os.close(log)
            raise
        self._files = (log, index)
        self._size = os.fstat(log).st_size
        # A crash may have cut a record in two; the next one must start where a record starts.
        torn = os.fstat(index).st_size % RECORD.size
        if torn:
            os.ftruncate(index, os.fstat(index).st_size - torn)

    def _shut(self) -> None:
        if self._files is not None:
            for file in self._files:
                with contextlib.suppress(OSError):
                    os.close(file)
            self._files = None


def _make_folders(folder: Path) -> None:
    """Make the folder and its parents for this user only; `mkdir(parents=True)` gives the parents the umask's mode."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
