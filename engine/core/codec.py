"""Events to JSON and back. A payload holds every field of its event under the field's own name; `key` is called `task`.

The annotation of a field chooses its conversion, so a new event needs nothing here unless it brings a new type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias, cast, get_args

from ..errors import EngineBug, ErrorInfo
from ..keys import JsonValue, key_of
from .events import Event, JournalEntry, MemoryChange, NamedRef, Reason
from .status import RunStatus
from .values import ResultRef

SCHEMA: Final = "highway.event/1"

_Convert: TypeAlias = Callable[[Any], Any]

_TIMES: Final = frozenset({"due_at", "process_started", "until"})
"""Fields that are points in time: Unix seconds in a payload, RFC 3339 in `encode_entry`."""

_compact: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_ascii: Final = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode


# --- JSON text -------------------------------------------------------------------------------------------------------


def dump_json(value: object) -> str:
    """Return compact JSON text that every store can hold: lone surrogates as escapes, infinities as words."""
    return storable_json(_compact(value))


def storable_json(text: str) -> str:
    """Return JSON text of the same value that every store can hold."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _ascii(json.loads(text))
    return text


def load_json(text: str) -> JsonValue:
    """Read what `dump_json` wrote."""
    return cast("JsonValue", json.loads(text))


def rfc3339(at: float) -> str:
    """Write Unix seconds as `2026-01-31T12:00:00.250Z`; what no calendar holds becomes its nearest end."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.max.replace(tzinfo=UTC) if at > 0 else datetime.min.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


# --- parts -----------------------------------------------------------------------------------------------------------


def encode_error(error: ErrorInfo) -> dict[str, JsonValue]:
    """`{"code", "message", "exit_code", "retryable"}`."""
    return {
        "code": error.code,
        "message": error.message,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
    }


def decode_error(data: Mapping[str, Any]) -> ErrorInfo:
    """Read `encode_error`'s."""
    return ErrorInfo(
        code=data["code"],
        message=data["message"],
        exit_code=data.get("exit_code"),
        retryable=data.get("retryable", True),
    )


def encode_reason(reason: Reason) -> dict[str, JsonValue]:
    """`{"code", "text"}`."""
    return {"code": reason.code, "text": reason.text}


def decode_reason(data: Mapping[str, Any]) -> Reason:
    """Read `encode_reason`'s."""
    return Reason(data["code"], data["text"])


def _encode_ref(ref: ResultRef) -> dict[str, JsonValue]:
    return {"digest": ref.digest, "size": ref.size}


def _decode_ref(data: Mapping[str, Any]) -> ResultRef:
    return ResultRef(data["digest"], data["size"])


def _encode_changes(changes: Sequence[MemoryChange]) -> list[dict[str, JsonValue]]:
    return [{"name": change.name, "value": change.value, "deleted": change.deleted} for change in changes]


def _decode_changes(data: Sequence[Mapping[str, Any]]) -> tuple[MemoryChange, ...]:
    return tuple(MemoryChange(each["name"], each["value"], each["deleted"]) for each in data)


def _encode_named(named: Sequence[NamedRef]) -> list[dict[str, JsonValue]]:
    return [{"name": each.name, "ref": None if each.ref is None else _encode_ref(each.ref)} for each in named]


def _decode_named(data: Sequence[Mapping[str, Any]]) -> tuple[NamedRef, ...]:
    return tuple(NamedRef(each["name"], None if each["ref"] is None else _decode_ref(each["ref"])) for each in data)


_PLAIN: Final = (None, None)
_CONVERSIONS: Final[Mapping[str, tuple[_Convert | None, _Convert | None]]] = {
    "bool": _PLAIN,
    "float": _PLAIN,
    "int": _PLAIN,
    "str": _PLAIN,
    "JsonValue": _PLAIN,
    "ScopePath": _PLAIN,
    "TaskId": _PLAIN,
    "dict[str, JsonValue]": _PLAIN,
    "ErrorInfo": (encode_error, decode_error),
    "Reason": (encode_reason, decode_reason),
    "ResultRef": (_encode_ref, _decode_ref),
    "RunStatus": (lambda status: status.value, RunStatus),
    "TaskKey": (lambda key: key.address, key_of),
    "tuple[MemoryChange, ...]": (_encode_changes, _decode_changes),
    "tuple[NamedRef, ...]": (_encode_named, _decode_named),
}
"""Annotation, without `| None`, to (encode, decode); None leaves the value as it is. JSON null is None for all."""


# --- events ----------------------------------------------------------------------------------------------------------


class _Field(NamedTuple):
    attribute: str
    name: str
    encode: _Convert | None
    decode: _Convert | None
    required: bool


def _fields_of(kind: type[Event]) -> tuple[_Field, ...]:
    rows = []
    for field in fields(kind):
        encode, decode = _CONVERSIONS[str(field.type).removesuffix(" | None")]
        required = field.default is MISSING and field.default_factory is MISSING
        rows.append(_Field(field.name, "task" if field.name == "key" else field.name, encode, decode, required))
    return tuple(rows)


_KINDS: Final[Mapping[str, type[Event]]] = {kind.__name__: kind for kind in get_args(Event)}
_FIELDS: Final[Mapping[str, tuple[_Field, ...]]] = {name: _fields_of(kind) for name, kind in _KINDS.items()}


def encode_event(event: Event) -> tuple[str, dict[str, JsonValue]]:
    """Return the name of the event's class and its payload. The payload may share values with the event."""
    name = type(event).__name__
    payload: dict[str, JsonValue] = {}
    for attribute, field, encode, _, _ in _FIELDS[name]:
        value = getattr(event, attribute)
        payload[field] = value if encode is None or value is None else encode(value)
    return name, payload


def decode_event(type_name: str, payload: Mapping[str, JsonValue]) -> Event:
    """Read `encode_event`'s; an absent field takes its default. EngineBug for what no version of ours wrote."""
    values: dict[str, Any] = {}
    try:
        for attribute, field, _, decode, required in _FIELDS[type_name]:
            if field in payload or required:
                value = payload[field]
                values[attribute] = value if decode is None or value is None else decode(value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EngineBug("E-JOURNAL", f"a journal entry of type {type_name!r} cannot be read") from error
    return _KINDS[type_name](**values)


def encode_entry(entry: JournalEntry) -> dict[str, JsonValue]:
    """Return the public form of an entry: `{"schema": "highway.event/1", "seq", "at", "type", "task", …payload}`.

    `task` is an address, None for what concerns the run or a scope. Every time is RFC 3339, UTC.
    """
    name, payload = encode_event(entry.event)
    line: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "type": name,
        "task": payload.pop("task", None),
    }
    for field in _TIMES & payload.keys():
        if payload[field] is not None:
            payload[field] = rfc3339(cast("float", payload[field]))
    line.update(payload)
    return line
