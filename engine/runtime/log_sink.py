"""Writes the log of one attempt: an append-only file of raw bytes, and an index of when and whence each chunk came.

The index record is written before its chunk, and read after it: a reader that has bytes always finds their record,
also after `kill -9`. Nothing is buffered, so what was written is there for other processes at once.

Of a log that passes its cap the first half is kept and at least the last quarter (`log_parts.py` says where).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import Final

from .log_parts import CONTINUED, KINDS, RECORD, part_paths, part_starts

LOG_CAP: Final = 100_000_000
"""Bytes per attempt, the index included."""

_PARTS: Final = 3
"""The beginning and two more."""
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
        self._starts = [0]
        """Where the beginning and the parts that are kept start; the last is the one that is written."""
        self._size = 0
        """Bytes in it."""
        self._used = 0
        """The same with its index."""
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
                    self._open_last()
                left = memoryview(data)
                while left:
                    room = self._room()
                    if room <= 0:
                        self._roll()
                        continue
                    self._put(left[:room], kind)
                    left = left[room:]
            except OSError as error:
                _logger.warning("the log %s is not written any further: %s", self._path, error)
                self._closed = True
                self._shut()

    def _room(self) -> int:
        """Return how many bytes more the part can take. Called with the lock."""
        limit = self._cap // 2 if self._starts[-1] == 0 else self._cap // 4
        return limit - self._used - RECORD.size

    def _put(self, data: memoryview, kind: int) -> None:
        """Write the record, then the chunk. Called with the lock, and with files that are open."""
        if self._files is None:
            return
        log, index = self._files
        os.write(index, RECORD.pack(self._size, time.time(), kind))
        self._size += len(data)
        self._used += len(data) + RECORD.size
        while data:
            data = data[os.write(log, data) :]

    def _roll(self) -> None:
        """Go on in a new part, and drop the one before the last. Called with the lock."""
        if self._files is None:
            return
        os.write(self._files[1], RECORD.pack(self._size, time.time(), CONTINUED))
        self._shut()
        self._starts.append(self._starts[-1] + self._size)
        while len(self._starts) > _PARTS:
            for path in part_paths(Path(self._path), self._starts.pop(1)):
                path.unlink(missing_ok=True)
        self._open(*part_paths(Path(self._path), self._starts[-1]))

    def _open_last(self) -> None:
        """Open the part that a crash has left last, or the beginning. Called with the lock."""
        path = Path(self._path)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > 0:
                self._starts += part_starts(path)
        self._open(*part_paths(path, self._starts[-1]))

    def _open(self, path: Path, index_path: Path) -> None:
        """Open both files; folders are made when they are missing."""
        try:
            log = os.open(path, _FLAGS, 0o600)
        except FileNotFoundError:
            _make_folders(path.parent)
            log = os.open(path, _FLAGS, 0o600)
        try:
            index = os.open(index_path, _FLAGS, 0o600)
        except OSError:
            os.close(log)
            raise
        self._files = (log, index)
        self._size = os.fstat(log).st_size
        records = os.fstat(index).st_size
        # A crash may have cut a record in two; the next one must start where a record starts.
        torn = records % RECORD.size
        if torn:
            os.ftruncate(index, records - torn)
        self._used = self._size + records - torn

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
