"""The logs of a run's tasks: each attempt has a file that only grows, and every line of it is read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush, heapreplace
from pathlib import Path

from engine import LogFollower, LogLine, TaskKey, TaskRecord, TaskStatus, log_files, log_path

from .output import Output, clean, clock

_WRITING = frozenset({TaskStatus.RUNNING, TaskStatus.INTERRUPTED})


class Tail:
    """The lines of one task instance, its attempts in order. Holds files open only while an attempt may write."""

    def __init__(self, run_folder: Path, key: TaskKey) -> None:
        """Neither the folder nor a log needs to exist yet."""
        self.key = key
        self._run_folder = run_folder
        self._generation = 0
        self._attempt = 0
        self._follower: LogFollower | None = None

    def read_new(self, record: TaskRecord) -> Iterator[LogLine]:
        """Give what was written since the last call; `record` is the newest of the task."""
        for generation, attempt in self._attempts_until(record):
            if (generation, attempt) > (self._generation, self._attempt):
                yield from self._end()
                self._follower = LogFollower(log_path(self._run_folder, self.key, generation, attempt))
                self._generation, self._attempt = generation, attempt
        yield from self._lines()
        if record.status not in _WRITING:
            yield from self._end()

    def close(self) -> None:
        """Give the files back."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _attempts_until(self, record: TaskRecord) -> Iterator[tuple[int, int]]:
        """Attempts in order. Those of earlier generations are no longer counted anywhere: their files tell."""
        if record.generation > max(1, self._generation):
            for file in log_files(self._run_folder, self.key):
                if file.generation < record.generation:
                    yield file.generation, file.attempt
        for attempt in range(1, record.attempts + 1):
            yield record.generation, attempt

    def _lines(self) -> Iterator[LogLine]:
        while self._follower is not None:
            yield from self._follower.read_new()
            if not self._follower.behind:
                return

    def _end(self) -> Iterator[LogLine]:
        if self._follower is not None:
            yield from self._lines()
            yield from self._follower.flush()
            self.close()


def merged(tails: Iterable[tuple[TaskRecord, Tail]]) -> Iterator[tuple[TaskKey, LogLine]]:
    """Give the new lines of many tasks by time; a log is opened when the start of its task is reached."""
    to_open = sorted(tails, key=_start, reverse=True)
    open_logs: list[tuple[float, int, LogLine, TaskKey, Iterator[LogLine]]] = []
    while to_open or open_logs:
        while to_open and (not open_logs or _start(to_open[-1]) <= open_logs[0][0]):
            record, tail = to_open.pop()
            lines = tail.read_new(record)
            if (line := next(lines, None)) is not None:
                heappush(open_logs, (line.at, record.ordinal, line, tail.key, lines))
        if open_logs:
            _, place, line, key, lines = open_logs[0]
            yield key, line
            following = next(lines, None)
            if following is None:
                heappop(open_logs)
            else:
                heapreplace(open_logs, (max(following.at, line.at), place, following, key, lines))


def _start(entry: tuple[TaskRecord, Tail]) -> float:
    record = entry[0]
    return record.queued_at or record.started_at or 0.0


def log_text(out: Output, line: LogLine) -> str:
    """Show a line as it was printed; one of the task's own log says its level where that is worth a word."""
    if line.stream == "log" and line.level != "info":
        return out.paint(f"{line.level}: {clean(line.text)}", "warning" if line.level == "warning" else "error")
    return out.printed(line.text)


def named_line(out: Output, key: TaskKey, line: LogLine) -> str:
    """Show when a task said something."""
    return f"{out.paint(clock(line.at), 'dim')}    {out.paint(clean(key.address), 'dim')} | {log_text(out, line)}"
