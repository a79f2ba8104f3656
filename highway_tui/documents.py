"""Runs and tasks as `show --json` and `runs --json` print them: a public interface (docs/cli.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from engine import ErrorInfo, JsonValue, NameRecord, ResultRef, RunId, RunReader, RunRecord, TaskRecord


def run_document(record: RunRecord) -> dict[str, object]:
    """Give the `run` of `highway.run/1`, and one of `highway.runs/1`."""
    return {
        "id": record.id,
        "name": record.name,
        "status": record.status.value,
        "error": _error(record.error),
        "path": record.path,
        "definition_sha256": record.definition_sha256,
        "started_at": timestamp(record.started_at),
        "finished_at": timestamp(record.finished_at),
        "duration_s": duration(record),
    }


def task_document(record: TaskRecord, result: JsonValue) -> dict[str, object]:
    """Give one of the `tasks` of `highway.run/1`; `result` is the value itself."""
    return {
        "path": record.key.address,
        "id": record.key.task,
        "operator": record.operator,
        "status": record.status.value,
        "reason": record.reason.text if record.reason else None,
        "attempts": record.attempts,
        "started_at": timestamp(record.started_at),
        "finished_at": timestamp(record.finished_at),
        "duration_s": duration(record),
        "result": result,
        "error": _error(record.error),
        **({"result_truncated": True} if record.reason and record.reason.code == "truncated" else {}),
    }


def show_document(reader: RunReader, run_id: RunId, tasks: list[TaskRecord]) -> dict[str, object]:
    """Give the whole of `highway.run/1` with the given task instances."""
    names = root_names(reader, run_id)
    refs = [record.result for record in tasks if record.result]
    refs += [name.ref for name in names if name.ref]
    values = reader.values(run_id, refs)
    return {
        "schema": "highway.run/1",
        "run": run_document(reader.run(run_id)),
        "tasks": [task_document(record, value_of(record.result, values)) for record in tasks],
        "results": {name.name: value_of(name.ref, values) for name in names if name.kind == "result"},
        "variables": {name.name: name.value for name in names if name.kind == "variable"},
        "memory": {name.name: name.value for name in names if name.kind == "memory"},
    }


def root_names(reader: RunReader, run_id: RunId) -> list[NameRecord]:
    """Names of the workflow itself, not of its loops and nested workflows."""
    return [name for name in reader.names(run_id) if not name.scope]


def value_of(ref: ResultRef | None, values: Mapping[str, JsonValue]) -> JsonValue:
    """Look a result up; no reference is null."""
    return None if ref is None else values.get(ref.digest)


def timestamp(at: float | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def duration(record: RunRecord | TaskRecord) -> float | None:
    """Seconds from start to end, to the millisecond; None until both are known."""
    if record.started_at is None or record.finished_at is None:
        return None
    return round(max(0.0, record.finished_at - record.started_at), 3)


def _error(error: ErrorInfo | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": error.message}
