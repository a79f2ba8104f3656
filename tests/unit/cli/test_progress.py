"""What a headless run says, turn by turn."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from engine import (
    Batch,
    ErrorInfo,
    JournalEntry,
    Reason,
    RunId,
    RunReader,
    RunRecord,
    RunStatus,
    ScopePath,
    TaskId,
    TaskKey,
    TaskRecord,
    TaskStatus,
)
from engine.core.events import TaskFailed, TaskStarted
from highway_tui.output import Output
from highway_tui.progress import JsonLines, ProgressLines

_RUN = RunRecord(
    id=RunId("it"), name="flow", status=RunStatus.RUNNING, created_at=0.0, started_at=0.0, finished_at=None, total=2
)


class _Reader:
    """As much of a reader as progress asks for: one run, its tasks, no logs."""

    def __init__(self, folder: Path, tasks: Mapping[TaskKey, TaskRecord]) -> None:
        self._folder = folder
        self._tasks = tasks

    def run(self, run_id: RunId) -> RunRecord:
        return _RUN

    def tasks(self, run_id: RunId) -> list[TaskRecord]:
        return list(self._tasks.values())

    def run_folder(self, run_id: RunId) -> Path:
        return self._folder


class _Screen:
    """A run shown to a stream."""

    def __init__(self, folder: Path, verbosity: int) -> None:
        self.stream = io.StringIO()
        self.tasks: dict[TaskKey, TaskRecord] = {}
        reader = cast("RunReader", _Reader(folder, self.tasks))
        self.lines = ProgressLines(Output(self.stream, ascii_only=True), reader, verbosity)

    def turn(self, *records: TaskRecord) -> None:
        self.tasks.update({record.key: record for record in records})
        self.lines.show(Batch(run_id=_RUN.id, epoch=1, entries=(), run=_RUN, tasks=records))

    def take(self) -> list[str]:
        """Lines since the last call, without the times."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return [line[10:] for line in text.splitlines()]


def _task(name: str, status: TaskStatus, **more: Any) -> TaskRecord:
    given = {"attempts": 1, "operator": "task", "started_at": 1.0, **more}
    return TaskRecord(key=TaskKey(ScopePath(""), TaskId(name)), status=status, **given)


def test_a_short_task_has_one_line(tmp_path: Path) -> None:
    """What is over before the next tick needs no line for its start."""
    screen = _Screen(tmp_path, 0)

    screen.turn(_task("a", TaskStatus.RUNNING))
    screen.turn(_task("a", TaskStatus.SUCCEEDED, finished_at=1.25))
    screen.lines.tick()

    assert ["v a  succeeded in 0.2s"] == screen.take()


def test_a_long_task_is_seen_to_run(tmp_path: Path) -> None:
    """At a tick the tasks that have started are shown, once."""
    screen = _Screen(tmp_path, 0)

    screen.turn(_task("a", TaskStatus.RUNNING))
    screen.lines.tick()
    screen.turn(_task("a", TaskStatus.RUNNING))
    screen.lines.tick()

    assert ["* a  running"] == screen.take()


def test_reasons_are_told_once(tmp_path: Path) -> None:
    """A reason that begins with the word of the state does not repeat it; errors carry their code."""
    screen = _Screen(tmp_path, 0)
    error = ErrorInfo(code="E-EXIT", message="exit code 7")

    screen.turn(
        _task("a", TaskStatus.SKIPPED, attempts=0, reason=Reason("condition", "skipped: c was false")),
        _task("b", TaskStatus.CANCELLED, attempts=0, reason=Reason("fail_fast", "cancelled (fail_fast): a failed")),
        _task("c", TaskStatus.RETRY_WAIT, attempts=2, error=error, reason=Reason("retry", "in 1 s")),
        _task("d", TaskStatus.UPSTREAM_FAILED, attempts=0, reason=Reason("upstream", "upstream failed: c failed")),
    )

    assert [
        "- a  skipped: c was false",
        "c b  cancelled (fail_fast): a failed",
        "r c  retry_wait, attempt 2: exit code 7 [E-EXIT]",
        "u d  upstream_failed: c failed",
    ] == screen.take()


def test_quiet_tells_of_failures_only(tmp_path: Path) -> None:
    """With `-q` only what went wrong, and the end, are told."""
    screen = _Screen(tmp_path, -1)

    screen.lines.begin(_RUN.id)
    screen.turn(_task("a", TaskStatus.SUCCEEDED, finished_at=2.0), _task("b", TaskStatus.SKIPPED))
    screen.turn(_task("c", TaskStatus.FAILED, error=ErrorInfo(code="E-X", message="bad")))

    assert ["x c  failed: bad [E-X]"] == screen.take()


def test_a_turn_is_told_as_it_happened(tmp_path: Path) -> None:
    """Records of one turn are in the order of their last events, whatever order they come in."""
    screen = _Screen(tmp_path, 0)
    first, second = _task("first", TaskStatus.FAILED), _task("second", TaskStatus.FAILED)
    error = ErrorInfo(code="E-X", message="bad")
    entries = (
        JournalEntry(1, 0.0, TaskStarted(second.key, 1)),
        JournalEntry(2, 0.0, TaskFailed(first.key, 1, error)),
        JournalEntry(3, 0.0, TaskFailed(second.key, 1, error)),
    )

    screen.lines.show(Batch(run_id=_RUN.id, epoch=1, entries=entries, run=_RUN, tasks=(second, first)))

    assert ["x first  failed", "x second  failed"] == screen.take()


def test_the_end_counts_and_names_the_error(tmp_path: Path) -> None:
    """The last line has the run's status, its time, how its tasks ended, and why it failed."""
    screen = _Screen(tmp_path, 0)
    screen.turn(_task("a", TaskStatus.FAILED), _task("b", TaskStatus.FAILED), _task("c", TaskStatus.SUCCEEDED))
    screen.take()
    failed = RunRecord(
        id=RunId("it"),
        name="flow",
        status=RunStatus.FAILED,
        created_at=0.0,
        started_at=1.0,
        finished_at=3.5,
        error=ErrorInfo(code="E-TASK", message="task a failed"),
    )

    screen.lines.finish(failed)

    assert "x run it failed in 2.5s (2 failed, 1 succeeded): task a failed [E-TASK]\n" == screen.stream.getvalue()


def test_hostile_names_are_cleaned(tmp_path: Path) -> None:
    """What a task or an error is called cannot command the terminal."""
    screen = _Screen(tmp_path, 0)

    screen.turn(_task("a", TaskStatus.FAILED, error=ErrorInfo(code="E-X", message="bad\x1b]0;owned\x07\nline")))

    assert not {"\x1b", "\x07"} & set("".join(screen.take()))


def test_json_lines_are_the_journal() -> None:
    """`--json` prints each entry on a line, with the id of the run."""
    stream = io.StringIO()
    key = TaskKey(ScopePath("loop[0]"), TaskId("a"))
    entry = JournalEntry(7, 0.25, TaskStarted(key, 1, {"args": [1]}))

    JsonLines(Output(stream)).show(Batch(run_id=_RUN.id, epoch=1, entries=(entry,), run=_RUN))

    event = json.loads(stream.getvalue())
    assert {
        "schema": "highway.event/1",
        "run": "it",
        "seq": 7,
        "at": "1970-01-01T00:00:00.250Z",
        "type": "TaskStarted",
        "task": "loop[0]/a",
    }.items() <= event.items()
