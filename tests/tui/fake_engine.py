"""A synthetic engine: the records it is told to publish, and a reader over them. No thread, no disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine import (
    AttemptRecord,
    Batch,
    ErrorInfo,
    JournalEntry,
    JsonValue,
    Loaded,
    NameRecord,
    Plan,
    Reason,
    ResultRef,
    RunId,
    RunRecord,
    RunStatus,
    ScopePath,
    StoredDefinition,
    TaskKey,
    TaskRecord,
    TaskStatus,
    UsageError,
    key_of,
    load_text,
)
from highway_tui.bulkheads import EngineBulkhead

RUN = RunId("7f3a")
EPOCH = 1_700_000_000.0
"""Unix seconds at which every synthetic run starts."""


def plan_of(text: str) -> Plan:
    """Compile a workflow that must be valid."""
    return load_text(text.encode()).require()


def run_record(status: str = "running", **changes: object) -> RunRecord:
    """A run that started at EPOCH."""
    record = RunRecord(
        id=RUN, name="etl", status=RunStatus(status), created_at=EPOCH, started_at=EPOCH, path="/flows/etl.yaml"
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # the tests name fields of RunRecord


def task(address: str, status: str = "running", **changes: object) -> TaskRecord:
    """A task instance; one that runs or ran began with the run, and a terminal one took a second."""
    state = TaskStatus(status)
    began = None if status in {"pending", "queued", "skipped", "upstream_failed"} else EPOCH
    record = TaskRecord(
        key=key_of(address),
        operator="task",
        status=state,
        started_at=began,
        finished_at=EPOCH + 1 if state.terminal and began else None,
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # the tests name fields of TaskRecord


def failed(address: str, message: str = "HTTP 503") -> TaskRecord:
    """A task that failed."""
    return task(address, "failed", attempts=3, error=ErrorInfo(code="E-EXIT", message=message))


def skipped(address: str, text: str) -> TaskRecord:
    """A task that was skipped."""
    return task(address, "skipped", reason=Reason("condition", text))


def name(kind: str, name: str, value: JsonValue, *, scope: str = "", set_by: str = "") -> NameRecord:
    """A variable, param or memory entry."""
    return NameRecord(scope=ScopePath(scope), kind=kind, name=name, value=value, set_by=set_by)


def batch(run: RunRecord, *tasks: TaskRecord, names: Iterable[NameRecord] = ()) -> Batch:
    """One turn."""
    return Batch(run_id=run.id, epoch=1, entries=(), run=run, tasks=tasks, names=tuple(names))


class FakeReader:
    """Reads what the fake engine published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[RunId, RunRecord] = {}
        self.tasks_of: dict[RunId, dict[TaskKey, TaskRecord]] = {}
        self.names_of: dict[RunId, list[NameRecord]] = {}
        self.definitions: dict[RunId, StoredDefinition] = {}
        self.owners: dict[RunId, int] = {}
        self.attempts_of: dict[TaskKey, list[AttemptRecord]] = {}

    def runs(self, *, limit: int = 200, before: RunId | None = None) -> Sequence[RunRecord]:
        return list(reversed(self.known.values()))[:limit]

    def resolve(self, reference: str) -> RunId:
        return RunId(reference)

    def run(self, run_id: RunId) -> RunRecord:
        if run_id not in self.known:
            raise UsageError("E-RUN-UNKNOWN", f"there is no run {run_id}")
        return self.known[run_id]

    def tasks(self, run_id: RunId) -> Sequence[TaskRecord]:
        return list(self.tasks_of.get(run_id, {}).values())

    def attempts(self, run_id: RunId, key: TaskKey) -> Sequence[AttemptRecord]:
        return self.attempts_of.get(key, [])

    def names(self, run_id: RunId) -> Sequence[NameRecord]:
        return self.names_of.get(run_id, [])

    def entries(self, run_id: RunId, *, after: int = 0, limit: int | None = None) -> Sequence[JournalEntry]:
        return []

    def values(self, run_id: RunId, refs: Iterable[ResultRef]) -> Mapping[str, JsonValue]:
        return {}

    def definition(self, run_id: RunId) -> StoredDefinition:
        self.run(run_id)
        return self.definitions[run_id]

    def run_folder(self, run_id: RunId) -> Path:
        return self.folder / run_id

    def owner_pid(self, run_id: RunId) -> int | None:
        return self.owners.get(run_id)

    def close(self) -> None:
        pass


class FakeHandle:
    """A run of the fake engine."""

    def __init__(self, run_id: RunId, plan: Plan) -> None:
        self.run_id = run_id
        self.plan = plan
        self.done = False
        self.cancelled: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.paused: list[str] = []

    def cancel(self, why: str = "") -> None:
        self.cancelled.append("")

    def cancel_task(self, key: TaskKey, why: str = "") -> None:
        self.cancelled.append(key.address)

    def pause(self) -> None:
        self.paused.append("pause")

    def unpause(self) -> None:
        self.paused.append("unpause")

    def approve(self, key: TaskKey) -> None:
        self.answers.append(("approve", key.address))

    def reject(self, key: TaskKey) -> None:
        self.answers.append(("reject", key.address))

    def answer(self, key: TaskKey, decision: str) -> None:
        self.answers.append((decision, key.address))

    def wait(self, timeout_s: float | None = None) -> RunRecord | None:
        return None


class FakeEngine:
    """Publishes what a test tells it to."""

    def __init__(self, folder: Path) -> None:
        self.reader = FakeReader(folder)
        self.handles: list[FakeHandle] = []
        self.closed = False
        self.known: dict[tuple[str, str], EngineBulkhead] = {}
        self.operated: list[tuple[object, ...]] = []
        self.wanted_ids: list[object] = []
        self._subscribers: list[Callable[[Batch], None]] = []

    def subscribe(self, subscriber: Callable[[Batch], None]) -> Callable[[], None]:
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def start(self, loaded: Loaded, **options: object) -> FakeHandle:
        self.wanted_ids.append(options.get("run_id"))
        handle = FakeHandle(RUN if not self.handles else RunId(f"run{len(self.handles)}"), loaded.require())
        self.handles.append(handle)
        self._store(handle.run_id, loaded)
        run = run_record(id=handle.run_id, definition_sha256=loaded.sha256, path=loaded.absolute_path)
        self.publish(batch(run))
        return handle

    def bulkheads(self) -> dict[tuple[str, str], EngineBulkhead]:
        return dict(self.known)

    def force_open(self, workflow: str, name: str) -> None:
        self.operated.append(("force_open", workflow, name))

    def reset_breaker(self, workflow: str, name: str) -> None:
        self.operated.append(("reset_breaker", workflow, name))

    def set_limit(self, workflow: str, name: str, limit: int) -> None:
        self.operated.append(("set_limit", workflow, name, limit))

    def resume(self, run_id: RunId, *, secret_params: Mapping[str, JsonValue]) -> FakeHandle:
        definition = self.reader.definition(run_id)
        handle = FakeHandle(run_id, load_text(definition.text, definition.path).require())
        self.handles.append(handle)
        self.publish(batch(replace(self.reader.known[run_id], status=RunStatus.RUNNING, finished_at=None)))
        return handle

    def publish(self, turn: Batch) -> None:
        """Store a turn and give it to the subscribers."""
        reader = self.reader
        reader.known[turn.run_id] = turn.run
        reader.tasks_of.setdefault(turn.run_id, {}).update({record.key: record for record in turn.tasks})
        reader.names_of.setdefault(turn.run_id, []).extend(turn.names)
        for subscriber in list(self._subscribers):
            subscriber(turn)

    def finish(self, status: str, *tasks: TaskRecord) -> None:
        """End the newest run."""
        handle = self.handles[-1]
        known = self.reader.known[handle.run_id]
        self.publish(batch(replace(known, status=RunStatus(status), finished_at=EPOCH + 12), *tasks))
        handle.done = True

    def past(self, run: RunRecord, loaded: Loaded, *tasks: TaskRecord) -> None:
        """Remember a run of another day."""
        self.publish(batch(run, *tasks))
        self._store(run.id, loaded)

    def close(self, timeout_s: float = 15.0) -> None:
        self.closed = True

    def _store(self, run_id: RunId, loaded: Loaded) -> None:
        self.reader.definitions[run_id] = StoredDefinition(
            path=loaded.absolute_path, text=loaded.source, sha256=loaded.sha256, sources={}, params={}, variables={}
        )
