"""Events survive their JSON form, every one of them."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import events
from engine.core.codec import decode_event, dump_json, encode_entry, encode_event, load_json, rfc3339
from engine.core.events import Event, JournalEntry, MemoryChange, NamedRef, Reason, TaskWaiting
from engine.core.status import RunStatus
from engine.core.values import ResultRef
from engine.errors import EngineBug, ErrorInfo
from engine.keys import ScopePath, TaskId, TaskKey

KINDS: tuple[type[Event], ...] = get_args(Event)

texts = st.text(max_size=8)
numbers = st.integers(min_value=0, max_value=2**40)
times = st.floats(min_value=0, max_value=4e9)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
ids = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,9}", fullmatch=True).map(TaskId)
scopes = st.sampled_from(["", "loop[0]", "par/branch", "outer[12]/inner[3]/wf"]).map(ScopePath)
keys = st.builds(TaskKey, scopes, ids)
refs = st.builds(ResultRef, st.from_regex(r"[0-9a-f]{32}", fullmatch=True), numbers)
reasons = st.builds(Reason, texts, texts)
errors = st.builds(ErrorInfo, code=texts, message=texts, exit_code=st.none() | st.integers(), retryable=st.booleans())

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "float": times,
    "int": numbers,
    "str": texts,
    "JsonValue": values,
    "ScopePath": scopes,
    "TaskId": ids,
    "TaskKey": keys,
    "dict[str, JsonValue]": st.dictionaries(texts, values, max_size=3),
    "ErrorInfo": errors,
    "Reason": reasons,
    "ResultRef": refs,
    "RunStatus": st.sampled_from(RunStatus),
    "tuple[MemoryChange, ...]": st.lists(st.builds(MemoryChange, texts, values, st.booleans())).map(tuple),
    "tuple[NamedRef, ...]": st.lists(st.builds(NamedRef, texts, st.none() | refs)).map(tuple),
}


def field_values(annotation: str) -> st.SearchStrategy[Any]:
    """Everything a field of that annotation may hold."""
    some = FIELDS[annotation.removesuffix(" | None")]
    return st.none() | some if annotation.endswith(" | None") else some


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Every event of one class."""
    parts = {field.name: field_values(str(field.type)) for field in fields(kind)}
    return st.fixed_dictionaries(parts).map(lambda chosen: kind(**chosen))


def test_every_event_class_of_the_module_is_in_the_union() -> None:
    """The union is what the codec knows: a class left out could be decided but not saved."""
    parts = {Reason, MemoryChange, NamedRef, JournalEntry}
    found = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and is_dataclass(each) and each.__module__ == events.__name__
    }

    assert found - parts == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_survives_its_json_text(kind: type[Event]) -> None:
    """Encode, write as text, read, decode: equal, whatever its fields hold."""

    @given(events_of(kind))
    def survives(event: Event) -> None:
        name, payload = encode_event(event)
        text = dump_json(payload)

        assert kind.__name__ == name
        assert event == decode_event(name, json.loads(text.encode().decode()))

    survives()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_public_line_names_every_field_once(kind: type[Event]) -> None:
    """`encode_entry` opens with the same five words for every event; the rest is the payload, in JSON."""

    @given(events_of(kind))
    def opens(event: Event) -> None:
        line = encode_entry(JournalEntry(7, 0.25, event))

        assert ["schema", "seq", "at", "type", "task"] == list(line)[:5]
        assert ["highway.event/1", 7, "1970-01-01T00:00:00.250Z", kind.__name__] == list(line.values())[:4]
        payload = encode_event(event)[1]
        assert set(line) - set(list(line)[:5]) == set(payload) - {"task"}
        assert line["task"] == payload.get("task")
        assert line == json.loads(json.dumps(line))

    opens()


def test_times_of_the_public_line_are_rfc_3339() -> None:
    """A payload keeps Unix seconds, which are exact; the public line says them as people write them."""
    event = TaskWaiting(TaskKey(ScopePath(""), TaskId("w")), 1767225600.5, Reason("timer", "until noon"))

    assert 1767225600.5 == encode_event(event)[1]["until"]
    assert "2026-01-01T00:00:00.500Z" == encode_entry(JournalEntry(1, 0.0, event))["until"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (1e30, "9999-12-31T23:59:59.999Z"), (-1e30, "0001-01-01T00:00:00.000Z")],
)
def test_no_time_is_too_large_to_be_shown(at: float, expected: str) -> None:
    """A deadline beyond the calendar is shown at its end."""
    assert expected == rfc3339(at)


@given(values)
def test_any_value_survives_a_text_that_every_store_can_hold(value: Any) -> None:
    """Lone surrogates too, which UTF-8 cannot say."""
    assert value == load_json(dump_json(value).encode("utf-8").decode())


def test_an_absent_field_takes_its_default() -> None:
    """Entries written before a field existed can still be read."""
    assert events.RunStarted(3) == decode_event("RunStarted", {"epoch": 3})


@pytest.mark.parametrize(
    ("name", "payload"), [("Unheard", {}), ("RunStarted", {}), ("TaskQueued", {"task": 3, "reason": None})]
)
def test_what_we_never_wrote_is_not_read(name: str, payload: Any) -> None:
    """An unknown type, a missing field or a wrong shape is named, not guessed at."""
    with pytest.raises(EngineBug, match=name):
        decode_event(name, payload)
