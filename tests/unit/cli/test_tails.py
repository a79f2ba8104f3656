"""Logs of many tasks, read in the order of time, with few files open."""

from __future__ import annotations

from pathlib import Path

from engine import ScopePath, TaskId, TaskKey, TaskRecord, TaskStatus
from engine.core.calls import TaskCall
from engine.keys import RunId
from engine.runtime.logs import FileLogBook
from highway_tui.tails import Tail, merged


def _key(name: str) -> TaskKey:
    return TaskKey(ScopePath(""), TaskId(name))


def _write(folder: Path, name: str, attempt: int, *lines: str) -> None:
    call = TaskCall(run_id=RunId("it"), key=_key(name), attempt=attempt, runtime="shell")
    sink = FileLogBook(folder).open(call)
    for line in lines:
        sink.write(f"{line}\n".encode())
    sink.close()


def _task(name: str, attempts: int, status: TaskStatus = TaskStatus.SUCCEEDED, started_at: float = 0.0) -> TaskRecord:
    return TaskRecord(key=_key(name), operator="task", status=status, attempts=attempts, started_at=started_at)


def test_attempts_follow_each_other(tmp_path: Path) -> None:
    """All attempts of a task are read, in order, each line once."""
    _write(tmp_path, "a", 1, "one", "two")
    _write(tmp_path, "a", 3, "five")
    tail = Tail(tmp_path, _key("a"))

    assert ["one", "two", "five"] == [line.text for line in tail.read_new(_task("a", 3))]
    assert [] == list(tail.read_new(_task("a", 3)))


def test_a_running_task_is_followed(tmp_path: Path) -> None:
    """What a task writes later comes with the next read; its unfinished last line when it is over."""
    tail = Tail(tmp_path, _key("a"))
    running = _task("a", 1, TaskStatus.RUNNING)
    assert [] == list(tail.read_new(running))
    call = TaskCall(run_id=RunId("it"), key=_key("a"), attempt=1, runtime="shell")
    sink = FileLogBook(tmp_path).open(call)

    sink.write(b"begun\nhal")
    assert ["begun"] == [line.text for line in tail.read_new(running)]
    sink.write(b"f done")
    sink.close()

    assert ["half done"] == [line.text for line in tail.read_new(_task("a", 1))]


def test_lines_of_many_tasks_come_by_time(tmp_path: Path) -> None:
    """Lines are merged by when they were written, not by task."""
    for number in range(3):
        for name in ("a", "b"):
            _write(tmp_path, name, number + 1, f"{name}{number}")
    tails = [(_task(name, 3), Tail(tmp_path, _key(name))) for name in ("b", "a")]

    merged_lines = [line for _, line in merged(tails)]

    assert sorted(line.at for line in merged_lines) == [line.at for line in merged_lines]
    assert ["a0", "a1", "a2", "b0", "b1", "b2"] == sorted(line.text for line in merged_lines)
