"""What a headless run says while it runs: lines for people, or the journal as JSON lines."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from engine import Batch, RunId, RunReader, RunRecord, RunStatus, TaskKey, TaskRecord, TaskStatus, encode_entry

from .documents import duration
from .output import Output, clean, clock
from .sentences import chip_time, why
from .tails import Tail, named_line

_QUIET = frozenset({TaskStatus.FAILED, TaskStatus.TIMED_OUT, TaskStatus.RETRY_WAIT, TaskStatus.NEEDS_ATTENTION})
_UNWORTHY = frozenset({TaskStatus.PENDING, TaskStatus.QUEUED})
"""Steps on the way that tell a reader nothing."""


class Progress(Protocol):
    """Shows one run, on the main thread."""

    def begin(self, run_id: RunId) -> None:
        """Say which run this is."""
        ...

    def show(self, batch: Batch) -> None:
        """Show one saved turn."""
        ...

    def tick(self) -> None:
        """Show what running tasks have written."""
        ...

    def finish(self, record: RunRecord) -> None:
        """Say how the run ended."""
        ...


class JsonLines:
    """`--json`: the journal, one entry a line, each with the id of its run."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def begin(self, run_id: RunId) -> None: ...

    def show(self, batch: Batch) -> None:
        for entry in batch.entries:
            body = encode_entry(entry)
            self._out.json({"schema": body["schema"], "run": batch.run.id, **body})
        self._out.flush()

    def tick(self) -> None: ...

    def finish(self, record: RunRecord) -> None: ...


class ProgressLines:
    """A line for each change of state worth seeing, and the log of the tasks between them."""

    def __init__(self, out: Output, reader: RunReader, verbosity: int) -> None:
        """`verbosity` as in `RunSettings`."""
        self._out = out
        self._reader = reader
        self._verbosity = verbosity
        self._seen: dict[TaskKey, tuple[TaskStatus, int, int]] = {}
        self._beginnings: dict[TaskKey, TaskRecord] = {}
        """Tasks whose start was not shown yet: one that is over before the next tick needs no line for it."""
        self._live: dict[TaskKey, tuple[Tail, TaskRecord]] = {}

    def begin(self, run_id: RunId) -> None:
        """Say which run this is."""
        if self._verbosity < 0:
            return
        record = self._reader.run(run_id)
        self._out.line(f"run {record.id}: {clean(record.name)}")
        self._out.flush()

    def show(self, batch: Batch) -> None:
        for record in _as_it_happened(batch):
            step = (record.status, record.generation, record.attempts)
            if self._seen.get(record.key) == step:
                continue
            self._seen[record.key] = step
            self._read_log(batch.run.id, record)
            self._beginnings.pop(record.key, None)
            if record.status in _UNWORTHY or (self._verbosity < 0 and record.status not in _QUIET):
                continue
            if record.status is TaskStatus.RUNNING:
                self._beginnings[record.key] = record
            else:
                self._out.line(self._sentence(record))
        self._out.flush()

    def tick(self) -> None:
        for record in self._beginnings.values():
            self._out.line(self._sentence(record))
        self._beginnings.clear()
        for tail, record in self._live.values():
            self._print(tail, record)
        self._out.flush()

    def finish(self, record: RunRecord) -> None:
        counts = Counter(task.status.value for task in self._reader.tasks(record.id))
        listed = ", ".join(f"{number} {word}" for word, number in sorted(counts.items(), key=lambda item: -item[1]))
        took = f" in {chip_time(duration(record))}" if record.finished_at else ""
        error = f": {clean(record.error.message)} [{record.error.code}]" if record.error else ""
        out = self._out
        out.line(f"{out.glyph(record.status)} run {record.id} {out.word(record.status)}{took} ({listed}){error}")
        if record.status is RunStatus.WAITING and self._verbosity >= 0:
            out.line(f"left to answer with approve, reject or signal; then: highway-tui resume {record.id}")
        out.flush()

    def _read_log(self, run_id: RunId, record: TaskRecord) -> None:
        """Show the log of a task before the line that says it is over."""
        if record.operator != "task" or self._verbosity < 0 or not record.attempts:
            return
        if record.key not in self._live:
            tail = Tail(self._reader.run_folder(run_id), record.key)
            self._live[record.key] = (tail, record)
        tail = self._live[record.key][0]
        self._live[record.key] = (tail, record)
        if record.status is not TaskStatus.RUNNING:
            self._print(tail, record)
        if record.status.terminal:
            del self._live[record.key]

    def _print(self, tail: Tail, record: TaskRecord) -> None:
        for line in tail.read_new(record):
            if self._verbosity > 0 or line.stream == "log":
                self._out.line(named_line(self._out, tail.key, line))

    def _sentence(self, record: TaskRecord) -> str:
        out = self._out
        at = record.finished_at or record.started_at or record.queued_at
        time = out.paint(clock(at), "dim") if at else "        "
        took = f" in {chip_time(duration(record))}" if record.status.terminal and duration(record) is not None else ""
        tries = f", attempt {record.attempts}" if record.attempts > 1 else ""
        cause = _without_word(clean(why(record)), record.status)
        text = f"{time}  {out.glyph(record.status)} {clean(record.key.address)}  {out.word(record.status)}{took}{tries}"
        code = f" [{record.error.code}]" if record.error and record.status is not TaskStatus.CANCELLED else ""
        return f"{text}{cause}{code}"


def _without_word(cause: str, status: TaskStatus) -> str:
    """Give a cause as it follows the word of its status, which it may begin with itself."""
    word = status.value.replace("_", " ")
    if cause.startswith(word):
        return cause[len(word) :]
    return f": {cause}" if cause else ""


def _as_it_happened(batch: Batch) -> list[TaskRecord]:
    """Give the records of a turn in the order of their last events."""
    places = {getattr(entry.event, "key", None): place for place, entry in enumerate(batch.entries)}
    return sorted(batch.tasks, key=lambda record: places.get(record.key, -1))
