"""Records to rows and back: tuples in the column order of `tables.py`, nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeAlias, cast

from ..core.breaker import Breaker, BreakerState
from ..core.codec import (
    decode_error,
    decode_event,
    decode_reason,
    dump_json,
    encode_error,
    encode_event,
    encode_reason,
    load_json,
)
from ..core.events import JournalEntry, Reason
from ..core.records import AttemptRecord, BulkheadRecord, NameRecord, RunRecord, StoredDefinition, TaskRecord
from ..core.status import RunStatus, TaskStatus
from ..core.values import ResultRef
from ..errors import ErrorInfo
from ..keys import JsonValue, RunId, ScopePath, TaskId, TaskKey

Row: TypeAlias = tuple[object, ...]
Columns: TypeAlias = Sequence[Any]


def clean_text(text: str) -> str:
    """Return `text` for a text column: as JSON where the column could not hold it (lone surrogates, NUL)."""
    if text.isascii() and "\0" not in text and not text.startswith('"'):
        return text
    quoted = json.dumps(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return quoted
    return quoted if "\0" in text or text.startswith('"') else text


def original_text(column: str) -> str:
    """Read `clean_text`'s."""
    return cast("str", json.loads(column)) if column.startswith('"') else column


# --- runs --------------------------------------------------------------------------------------------------------


def run_row(run: RunRecord) -> Row:
    """For `workflows`."""
    return (
        run.id,
        clean_text(run.name),
        run.status.value,
        _error_text(run.error),
        clean_text(run.path),
        run.definition_sha256,
        run.created_at,
        run.started_at,
        run.finished_at,
        run.epoch,
        run.done,
        run.total,
    )


def run_record(row: Columns) -> RunRecord:
    """From `workflows`; further columns are left alone."""
    id, name, status, error, path, sha256, created, started, finished, epoch, done, total, *_ = row  # noqa: A001 - the field's name
    return RunRecord(
        id=RunId(id),
        name=original_text(name),
        status=RunStatus(status),
        error=_error(error),
        path=original_text(path),
        definition_sha256=sha256,
        created_at=created,
        started_at=started,
        finished_at=finished,
        epoch=epoch,
        done=done,
        total=total,
    )


def definition_row(run_id: RunId, definition: StoredDefinition) -> Row:
    """For `definitions`; the nested files become base64 in one JSON object."""
    sources = {path: base64.b64encode(text).decode() for path, text in definition.sources.items()}
    return (
        run_id,
        clean_text(definition.path),
        definition.text,
        definition.sha256,
        dump_json(sources),
        dump_json(definition.params),
        dump_json(definition.variables),
        definition.keep_going,
    )


def stored_definition(row: Columns) -> StoredDefinition:
    """From `definitions`."""
    _, path, text, sha256, sources, params, variables, keep_going = row
    return StoredDefinition(
        path=original_text(path),
        text=text,
        sha256=sha256,
        sources={name: base64.b64decode(data) for name, data in json.loads(sources).items()},
        params=json.loads(params),
        variables=json.loads(variables),
        keep_going=bool(keep_going),
    )


# --- instances ---------------------------------------------------------------------------------------------------


def task_row(run_id: RunId, task: TaskRecord) -> Row:
    """For `tasks`."""
    key, result = task.key, task.result
    return (
        run_id,
        key.scope,
        key.task,
        task.operator,
        task.status.value,
        _reason_text(task.reason),
        task.attempts,
        task.generation,
        task.queued_at,
        task.started_at,
        task.finished_at,
        task.until,
        result.digest if result else None,
        result.size if result else None,
        _error_text(task.error),
        task.children_done,
        task.children_total,
        task.ordinal,
    )


def task_record(row: Columns) -> TaskRecord:
    """From `tasks`."""
    return TaskRecord(
        key=TaskKey(ScopePath(row[1]), TaskId(row[2])),
        operator=row[3],
        status=TaskStatus(row[4]),
        reason=_reason(row[5]),
        attempts=row[6],
        generation=row[7],
        queued_at=row[8],
        started_at=row[9],
        finished_at=row[10],
        until=row[11],
        result=_ref(row[12], row[13]),
        error=_error(row[14]),
        children_done=row[15],
        children_total=row[16],
        ordinal=row[17],
    )


def attempt_row(run_id: RunId, attempt: AttemptRecord) -> Row:
    """For `attempts`."""
    key = attempt.key
    return (
        run_id,
        key.scope,
        key.task,
        attempt.generation,
        attempt.attempt,
        attempt.epoch,
        attempt.status.value,
        _value_text(attempt.arguments),
        attempt.started_at,
        attempt.finished_at,
        _error_text(attempt.error),
        attempt.pid,
    )


def attempt_record(row: Columns) -> AttemptRecord:
    """From `attempts`."""
    return AttemptRecord(
        key=TaskKey(ScopePath(row[1]), TaskId(row[2])),
        generation=row[3],
        attempt=row[4],
        epoch=row[5],
        status=TaskStatus(row[6]),
        arguments=_value(row[7]),
        started_at=row[8],
        finished_at=row[9],
        error=_error(row[10]),
        pid=row[11],
    )


# --- names -------------------------------------------------------------------------------------------------------


def name_row(run_id: RunId, name: NameRecord) -> Row:
    """For `variables`."""
    ref = name.ref
    return (
        run_id,
        name.scope,
        name.kind,
        clean_text(name.name),
        _value_text(name.value),
        ref.digest if ref else None,
        ref.size if ref else None,
        name.deleted,
        name.set_by,
        name.at,
    )


def name_record(row: Columns) -> NameRecord:
    """From `variables`."""
    return NameRecord(
        scope=ScopePath(row[1]),
        kind=row[2],
        name=original_text(row[3]),
        value=_value(row[4]),
        ref=_ref(row[5], row[6]),
        deleted=bool(row[7]),
        set_by=row[8],
        at=row[9],
    )


# --- the journal -------------------------------------------------------------------------------------------------


def entry_row(run_id: RunId, entry: JournalEntry) -> Row:
    """For `events`."""
    name, payload = encode_event(entry.event)
    scope, task = getattr(entry.event, "key", None) or (payload.get("scope"), None)
    return run_id, entry.seq, entry.at, name, scope, task, dump_json(payload)


def journal_entry(row: Columns) -> JournalEntry:
    """From `events`."""
    payload = cast("dict[str, JsonValue]", load_json(row[6]))
    return JournalEntry(row[1], row[2], decode_event(row[3], payload))


# --- parts -------------------------------------------------------------------------------------------------------


def bulkhead_row(row: BulkheadRecord) -> Row:
    """Return a row of `bulkheads`."""
    breaker = row.breaker
    counters = json.dumps(asdict(breaker), separators=(",", ":"))
    return row.workflow, row.name, breaker.state.value, counters, breaker.until


def breaker_of(counters: str) -> Breaker:
    """Read the breaker of a row of `bulkheads`."""
    found = json.loads(counters)
    return Breaker(**{**found, "state": BreakerState(found["state"]), "recent": tuple(found["recent"]), "probes": 0})


def _error_text(error: ErrorInfo | None) -> str | None:
    return None if error is None else dump_json(encode_error(error))


def _error(text: str | None) -> ErrorInfo | None:
    return None if text is None else decode_error(json.loads(text))


@lru_cache(maxsize=256)  # most reasons of a run are the same few sentences
def _reason_text(reason: Reason | None) -> str | None:
    return None if reason is None else dump_json(encode_reason(reason))


def _reason(text: str | None) -> Reason | None:
    return None if text is None else decode_reason(json.loads(text))


def _value_text(value: JsonValue) -> str | None:
    return None if value is None else dump_json(value)


def _value(text: str | None) -> JsonValue:
    return None if text is None else load_json(text)


def _ref(digest: str | None, size: int | None) -> ResultRef | None:
    return None if digest is None or size is None else ResultRef(digest, size)
