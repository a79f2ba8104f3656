"""What a run waits for, through a real engine and a real store: files, events, people; pausing; parking; its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import Batch, Engine, RunHandle, RunRecord, RunStatus, load_text
from engine.keys import key_of

from .cli import Cli

_LIMIT_S = 30.0


class Watched:
    """An engine, and what its batches said so far."""

    def __init__(self, folder: Path) -> None:
        """Start the engine on a new database."""
        self.folder = folder
        self.engine = Engine(f"sqlite:///{folder}/runs.db")
        self._statuses: dict[str, str] = {}
        self._run = ""
        self._changed = threading.Condition()
        self.engine.subscribe(self._take)

    def _take(self, batch: Batch) -> None:
        with self._changed:
            self._run = batch.run.status.value
            self._statuses.update({task.key.address: task.status.value for task in batch.tasks})
            self._changed.notify_all()

    def start(self, text: str) -> RunHandle:
        """Start a workflow given as text."""
        loaded = load_text(text.encode(), str(self.folder / "flow.yaml"))
        return self.engine.start(loaded)

    def until(self, **statuses: str) -> None:
        """Wait until tasks (`run` is the run itself) have these statuses."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: statuses.items() <= {**self._statuses, "run": self._run}.items(), _LIMIT_S
            ), (statuses, self._statuses, self._run)

    def result(self, record: RunRecord, address: str) -> Any:
        """Read the result of a task."""
        reader = self.engine.reader
        task = next(task for task in reader.tasks(record.id) if task.key.address == address)
        return None if task.result is None else reader.values(record.id, [task.result])[task.result.digest]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """An engine of this test's own."""
    found = Watched(tmp_path)
    with found.engine:
        yield found


def ended(handle: RunHandle) -> RunRecord:
    """Wait for the end of a run."""
    record = handle.wait(_LIMIT_S)
    assert record is not None
    return record


def test_a_run_waits_for_a_file_an_event_and_a_person(watched: Watched) -> None:
    """Each ends its own wait, and the run succeeds with what they brought."""
    handle = watched.start(
        """
tasks:
  file: {wait_for: {file: done.flag, poll: 0.05}}
  event: {operator_type: wait_for_event, event_name: go}
  person: {operator_type: approval, prompt: sure?}
"""
    )
    watched.until(file="waiting", event="waiting", person="waiting", run="waiting")

    (watched.folder / "done.flag").touch()
    handle.signal("go", {"n": 1})
    handle.approve(key_of("person"), {"by": "me"}, "fine")

    record = ended(handle)
    assert RunStatus.SUCCEEDED is record.status
    assert str(watched.folder / "done.flag") == watched.result(record, "file")
    assert {"n": 1} == watched.result(record, "event")
    assert {"approved": True, "values": {"by": "me"}, "message": "fine"} == watched.result(record, "person")


def test_a_wish_that_does_not_fit_leaves_the_run_as_it_is(watched: Watched) -> None:
    """Nobody waits for that approval; the run goes on."""
    handle = watched.start("tasks: {event: {operator_type: wait_for_event, event_name: go}}")
    watched.until(event="waiting")

    handle.approve(key_of("event"))
    handle.answer(key_of("nobody"), "fail")
    handle.unpause()
    handle.signal("go")

    assert RunStatus.SUCCEEDED is ended(handle).status


def test_a_paused_run_goes_on_where_it_was(watched: Watched) -> None:
    """An event that comes while it is paused is not lost."""
    handle = watched.start(
        "tasks: {event: {operator_type: wait_for_event, event_name: go}, b: {run: 'true', depends_on: [event]}}"
    )
    watched.until(event="waiting")

    handle.pause("lunch")
    handle.signal("go")
    watched.until(run="paused")
    assert handle.wait(0.05) is None
    handle.unpause()

    assert RunStatus.SUCCEEDED is ended(handle).status


def test_a_parked_run_is_left_waiting_and_can_be_resumed(watched: Watched) -> None:
    """Its owner gives it up on purpose: nobody holds it, and readers see what it waits for."""
    handle = watched.start("tasks: {a: {run: 'true'}, ask: {operator_type: approval, depends_on: [a]}}")
    handle.park()

    record = ended(handle)
    assert (RunStatus.WAITING, True) == (record.status, handle.parked)
    assert watched.engine.reader.owner_pid(record.id) is None
    assert RunStatus.WAITING is watched.engine.reader.run(record.id).status
    again = watched.engine.resume(record.id)
    again.approve(key_of("ask"))

    assert RunStatus.SUCCEEDED is ended(again).status


def test_a_run_out_of_time_exits_with_124_after_its_hooks(cli: Cli) -> None:
    """The call is stopped, `on_failure` and `finally` run, the rest does not."""
    flow = cli.write(
        "flow.yaml",
        """
timeout: 0.3
tasks:
  slow: {run: exec sleep 60}
  after: {run: touch after, depends_on: [slow]}
on_success: {task_id: good, run: touch good}
on_failure: {task_id: bad, run: 'echo "$HIGHWAY_TASK" > bad'}
finally: {task_id: clean, run: touch clean}
""",
    )

    result = cli(flow, timeout_s=60)

    assert 124 == result.code, result.out + result.err
    found = {path.name for path in cli.folder.iterdir()} & {"after", "good", "bad", "clean"}
    assert {"bad", "clean"} == found
    assert "on_failure/bad" == (cli.folder / "bad").read_text().strip()
