"""Runs, turns and records for the tests of stores."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from engine.core.events import Event, JournalEntry, Reason, RunContinued, TaskStarted, TaskSucceeded
from engine.core.ports import RunReader, Store
from engine.core.records import AttemptRecord, Batch, NameRecord, RunRecord, StoredDefinition, TaskRecord
from engine.core.status import RunStatus, TaskStatus
from engine.core.values import StoredValue, store_value
from engine.keys import RunId, TaskKey, key_of


def run_id(text: str = "run-1") -> RunId:
    """Shorten what the type asks for."""
    return RunId(text)


def run_record(id: str = "run-1", **changes: Any) -> RunRecord:
    """A run that goes on."""
    first = RunRecord(
        id=run_id(id), name="flow", status=RunStatus.RUNNING, path="/f/flow.yaml", created_at=1000.0, started_at=1000.5
    )
    return replace(first, **changes)


def definition(**changes: Any) -> StoredDefinition:
    """A file without anything special."""
    first = StoredDefinition(
        path="/f/flow.yaml", text=b"name: flow\n", sha256="0" * 64, sources={}, params={}, variables={}
    )
    return replace(first, **changes)


def task_record(address: str = "a", **changes: Any) -> TaskRecord:
    """A task that succeeded."""
    first = TaskRecord(key=key_of(address), operator="task", status=TaskStatus.SUCCEEDED, attempts=1)
    return replace(first, **changes)


def attempt_record(address: str = "a", **changes: Any) -> AttemptRecord:
    """A running first attempt."""
    first = AttemptRecord(
        key=key_of(address), generation=1, attempt=1, epoch=1, status=TaskStatus.RUNNING, started_at=1001.0
    )
    return replace(first, **changes)


def name_record(name: str, **changes: Any) -> NameRecord:
    """A memory entry of the run's own scope."""
    return replace(NameRecord(scope=key_of("a").scope, kind="memory", name=name, at=1002.0), **changes)


def batch(*events: Event, after: int = 0, epoch: int = 1, **parts: Any) -> Batch:
    """A turn whose entries follow `after`."""
    run = parts.pop("run", run_record(epoch=epoch))
    entries = tuple(JournalEntry(after + n, 1000.0 + n, event) for n, event in enumerate(events, start=1))
    return Batch(run_id=run.id, epoch=epoch, entries=entries, run=run, **parts)


def append(store: Store, turn: Batch) -> None:
    """Write one turn on a loop of its own."""
    asyncio.run(store.append(turn))


def create(store: Store, record: RunRecord, stored: StoredDefinition | None = None) -> None:
    """Write a run on a loop of its own."""
    asyncio.run(store.create_run(record, stored or definition()))


def claim(store: Store, id: str = "run-1", address: str = "") -> int:
    """Own a run; return the epoch."""
    return asyncio.run(store.claim(run_id(id), address))


def release(store: Store, id: str = "run-1") -> None:
    """Give a run up."""
    asyncio.run(store.release(run_id(id)))


def start(store: Store, id: str = "run-1", **changes: Any) -> int:
    """Create the run and own it; return the epoch."""
    create(store, run_record(id, **changes))
    return claim(store, id)


def full_turn(store_values: tuple[StoredValue, ...] = ()) -> Batch:
    """A turn with something of everything in it."""
    key = TaskKey(*key_of("loop[0]/a"))
    value = store_value({"n": [1, 2.5, None, True, "ü"]})
    return batch(
        TaskStarted(key, 1, {"args": ["x"]}),
        TaskSucceeded(key, 1, value.ref),
        RunContinued(),
        run=run_record(status=RunStatus.WAITING, epoch=1, done=1, total=4),
        values=(value, *store_values),
        tasks=(
            task_record("loop[0]/a", result=value.ref, started_at=1001.0, finished_at=1002.0, ordinal=7),
            task_record(
                "w",
                operator="wait",
                status=TaskStatus.WAITING,
                reason=Reason("timer", "until noon"),
                until=5e9,
                ordinal=2,
            ),
        ),
        attempts=(attempt_record("loop[0]/a", arguments={"args": ["x"]}, pid=42),),
        names=(
            name_record("n", value={"deep": [1]}, set_by="loop[0]/a"),
            name_record("r", kind="result", ref=value.ref, set_by="loop[0]/a"),
        ),
    )


def everything(reader: RunReader, id: str = "run-1") -> tuple[object, ...]:
    """All that can be read of a run, for comparing before and after."""
    run = run_id(id)
    return reader.run(run), reader.tasks(run), reader.names(run), reader.entries(run), reader.attempts(run, key_of("a"))
