"""The logs of a run: `logs/<address as path>.<generation>.<attempt>.log` in its folder, one per attempt.

Reads them, also while another process writes; everything that leaves here is fit for a terminal. Lines are put
together per stream, so a line of stderr never lands inside one of stdout. Memory is bounded: a call reads at most
READ_CAP bytes, and a line longer than LINE_CAP bytes comes in pieces.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, Self, TypeAlias, cast

from ..core.calls import TaskCall
from ..core.ports import LogSink
from ..keys import TaskKey
from ..utils.sanitize import sanitize
from .log_parts import CONTINUED, KINDS, RECORD, part_paths, part_starts
from .log_sink import LOG_CAP, FileLogSink

READ_CAP: Final = 256 * 1024
LINE_CAP: Final = 16 * 1024
TAIL_CAP: Final = 4 * 1024 * 1024
"""How far back `tail` looks for its lines, in bytes."""

Stream: TypeAlias = Literal["stdout", "stderr", "log"]

_STREAMS: Final[dict[str, tuple[Stream, str]]] = {"stdout": ("stdout", "info"), "stderr": ("stderr", "warning")}
_SOURCES: Final = tuple(_STREAMS.get(kind, ("log", "info" if kind == "log" else kind)) for kind in KINDS)
"""Stream and level of each kind of chunk."""
_NAME: Final = re.compile(r"\.(\d+)\.(\d+)\.log")


def log_path(run_folder: Path, key: TaskKey, generation: int, attempt: int) -> Path:
    """Return where the log of an attempt is, or would be. Scopes are folders; ids have no dots, so nothing collides."""
    return run_folder / "logs" / log_name(key, generation, attempt)


def log_name(key: TaskKey, generation: int, attempt: int) -> str:
    """Return the same inside the folder of logs."""
    return f"{key.address}.{generation}.{attempt}.log"


class FileLogBook:
    """The port `LogBook` over the folder of one run."""

    def __init__(self, run_folder: Path, *, cap: int = LOG_CAP) -> None:
        """Nothing is created before the first line is written."""
        self._prefix: Final = f"{run_folder / 'logs'}{os.sep}"
        self._cap: Final = cap

    def open(self, call: TaskCall) -> LogSink:
        """Return the log of this attempt. An attempt that runs again after a crash goes on in its old file."""
        # Text, not a Path: most attempts write nothing, and building one costs more than the rest of this.
        name = log_name(call.key, call.generation, call.attempt)
        return FileLogSink(self._prefix + name, self._cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """The log of one attempt."""

    generation: int
    attempt: int
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line, sanitised, without its end."""

    at: float
    """Unix seconds, when the chunk with its beginning was written."""
    stream: Stream
    level: str
    """`debug`, `info`, `warning` or `error`; stdout counts as info, stderr as warning."""
    text: str


def log_files(run_folder: Path, key: TaskKey) -> list[LogFile]:
    """Return the logs of a task instance, oldest first; attempts that wrote nothing have none."""
    pattern = log_path(run_folder, key, 0, 0)
    prefix = pattern.name.partition(".")[0]
    found = []
    if pattern.parent.is_dir():
        for path in pattern.parent.iterdir():
            name = _NAME.fullmatch(path.name.removeprefix(prefix)) if path.name.startswith(prefix) else None
            if name is not None:
                found.append(LogFile(generation=int(name[1]), attempt=int(name[2]), path=path))
    return sorted(found, key=lambda file: (file.generation, file.attempt))


def tail(path: Path, count: int) -> list[LogLine]:
    """Return up to `count` lines from the end of a log, an unfinished last one included; none where there is no log."""
    with LogFollower(path, last=count) as follower:
        lines = follower.read_new()
        while follower.behind:
            lines = (lines + follower.read_new())[-count:]
        return (lines + follower.flush())[-count:]


class _Pending:
    """The beginning of a line, per stream."""

    __slots__ = ("at", "data")

    def __init__(self) -> None:
        self.at = 0.0
        self.data = bytearray()


class LogFollower:
    """Reads a log from a place on, and what is added later. Used by one thread; close it, or use it in a `with`."""

    def __init__(self, path: Path, *, last: int | None = None) -> None:
        """Start at the beginning, or `last` lines before the end. A log that does not exist yet is waited for."""
        self._path: Final = path
        self._last = last
        self._log: BinaryIO | None = None
        self._index: BinaryIO | None = None
        self._start = 0
        """Byte of the whole log that the open part starts with."""
        self._offset = 0
        """In that part."""
        self._record = (0, 0.0, 0)
        """The record of the chunk that `_offset` is in."""
        self._next: tuple[int, float, int] | None = None
        """The record after it, where it has been read."""
        self._pending: dict[int, _Pending] = {}
        self.behind = False
        """The last read stopped at READ_CAP: there is more already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the files back."""
        for file in (self._log, self._index):
            if file is not None:
                file.close()
        self._log = self._index = None

    def read_new(self) -> list[LogLine]:
        """Return the lines that were finished since the last call; call again at once while `behind`."""
        if not self._opened() or self._log is None:
            return []
        lines: list[LogLine] = []
        data = self._log.read(READ_CAP)
        if not data and self._is_finished():
            data = self._next_part(lines)
        done = 0
        while done < len(data):
            _, at, kind = self._record_at(self._offset)
            end = len(data) if self._next is None else min(len(data), done + self._next[0] - self._offset)
            self._take(data[done:end], at, kind, lines)
            self._offset += end - done
            done = end
        self.behind = bool(data) and (len(data) == READ_CAP or self._is_finished())
        return lines

    def flush(self) -> list[LogLine]:
        """Return the unfinished lines, where nothing will follow or somebody wants to see a prompt."""
        lines = [_line(pending.at, kind, pending.data) for kind, pending in self._pending.items() if pending.data]
        self._pending.clear()
        return lines

    def _opened(self) -> bool:
        """Open the files once they exist, and find the first line asked for."""
        if self._log is not None:
            return True
        if self._last is None:
            return self._open(0) is not None
        missing, found = self._last, False
        for start in reversed([0, *part_starts(self._path)]):
            files = self._open(start)
            if files is None:
                continue
            found = True
            log, index = files
            self._offset, seen = _start_of_last(log, missing)
            missing -= seen
            log.seek(self._offset)
            index.seek(_record_before(index, self._offset) * RECORD.size)
            if self._offset > 0:
                break
        return found

    def _open(self, start: int) -> tuple[BinaryIO, BinaryIO] | None:
        """Open the log and the index of one part in place of those before; None where they are not there yet."""
        path, index_path = part_paths(self._path, start)
        try:
            log = path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        try:
            index = index_path.open("rb")
        except FileNotFoundError:
            log.close()  # between the two opens of the writer; the next call finds both
            return None
        self.close()
        files = cast("BinaryIO", log), index
        self._log, self._index = files
        self._start, self._offset, self._record, self._next = start, 0, (0, 0.0, 0), None
        return files

    def _is_finished(self) -> bool:
        """Tell whether the log goes on in another part. Its last record says so, and nothing follows that."""
        if self._next is None:
            self._next = self._read_record()
        return self._next is not None and self._next[2] == CONTINUED

    def _next_part(self, lines: list[LogLine]) -> bytes:
        """Go on with the next part that is left; what was dropped in between leaves a line."""
        end = self._start + self._offset
        for start in part_starts(self._path):
            files = self._open(start) if start > self._start else None
            if files is not None:
                data = files[0].read(READ_CAP)
                if start > end:
                    lines += self.flush()
                    _, at, _ = self._record_at(0)
                    text = f"[… {start - end:,} bytes of this log were dropped here: it had grown too large …]"
                    lines.append(LogLine(at=at, stream="log", level="warning", text=text))
                return data
        return b""

    def _record_at(self, offset: int) -> tuple[int, float, int]:
        """Return the record of the chunk that holds `offset`, which lies behind the last one asked for."""
        while True:
            if self._next is None:
                self._next = self._read_record()
            if self._next is None or self._next[0] > offset:
                return self._record
            self._record, self._next = self._next, None

    def _read_record(self) -> tuple[int, float, int] | None:
        """Return the next record; None where the writer has not got there, or a crash cut it."""
        if self._index is None:
            return None
        place = self._index.tell()
        raw = self._index.read(RECORD.size)
        if len(raw) < RECORD.size:
            self._index.seek(place)
            return None
        offset, at, kind = RECORD.unpack(raw)
        return int(offset), float(at), int(kind) if kind == CONTINUED else min(int(kind), len(KINDS) - 1)

    def _take(self, data: bytes, at: float, kind: int, lines: list[LogLine]) -> None:
        """Cut a piece of one chunk into lines; its unfinished end waits for the next chunk of the same kind."""
        pending = self._pending.setdefault(kind, _Pending())
        *whole, rest = data.split(b"\n")
        for raw in whole:
            if pending.data or len(raw) > LINE_CAP:
                _grow(pending, raw, at, kind, lines)
                lines.append(_line(pending.at, kind, pending.data))
                pending.data.clear()
            else:
                lines.append(_line(at, kind, raw))
        if rest:
            _grow(pending, rest, at, kind, lines)


def _grow(pending: _Pending, raw: bytes, at: float, kind: int, lines: list[LogLine]) -> None:
    """Add to an unfinished line; what passes LINE_CAP becomes lines of its own."""
    if not pending.data:
        pending.at = at
    pending.data += raw
    del pending.data[: pending.data.rstrip(b"\r").rfind(b"\r") + 1]  # a progress bar: only its last state is shown
    while len(pending.data) > LINE_CAP:
        end = LINE_CAP
        while end > LINE_CAP - 3 and pending.data[end] & 0xC0 == 0x80:  # not inside a character
            end -= 1
        lines.append(_line(pending.at, kind, pending.data[:end]))
        del pending.data[:end]
        pending.at = at


def _line(at: float, kind: int, raw: bytes | bytearray) -> LogLine:
    """Make a line fit for a terminal. Where carriage returns went back over it, the last state is what stays."""
    if b"\r" in raw:
        raw = raw.rstrip(b"\r").rpartition(b"\r")[2]
    stream, level = _SOURCES[kind]
    return LogLine(at=at, stream=stream, level=level, text=sanitize(raw.decode("utf-8", "replace")))


def _start_of_last(log: BinaryIO, count: int) -> tuple[int, int]:
    """Return the offset where the last `count` lines start, and how many were found, going back TAIL_CAP bytes."""
    size = os.fstat(log.fileno()).st_size
    if count <= 0:
        return size, 0
    start, seen, block = size, 0, 64 * 1024
    while start > 0 and size - start < TAIL_CAP:
        begin = max(0, start - block)
        data = os.pread(log.fileno(), start - begin, begin)
        at = len(data) - 1 if start == size else len(data)  # the end of the last line starts no line
        while (at := data.rfind(b"\n", 0, at)) >= 0:
            seen += 1
            if seen == count:
                return begin + at + 1, seen
        start = begin
    return start, seen


def _record_before(index: BinaryIO, offset: int) -> int:
    """Return the number of the last record that starts at or before `offset`; 0 where there is none."""
    records = os.fstat(index.fileno()).st_size // RECORD.size

    def start(number: int) -> int:
        raw = os.pread(index.fileno(), RECORD.size, number * RECORD.size)
        return int(RECORD.unpack(raw)[0])

    return max(0, bisect_right(range(records), offset, key=start) - 1)
