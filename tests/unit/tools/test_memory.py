from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import MemoryChange
from engine.errors import TaskFailure
from engine.keys import JsonValue
from engine.tools.memory import MEMORY_TOOLS


def call(name: str, memory: dict[str, JsonValue], *args: JsonValue, **kwargs: JsonValue) -> JsonValue:
    """Call a tool, carry its changes out as the engine does, and return its result."""
    result, changes = MEMORY_TOOLS[f"memory.{name}"](memory, *args, **kwargs)
    for change in changes:
        if change.deleted:
            del memory[change.name]
        else:
            memory[change.name] = change.value
    return result


@pytest.mark.parametrize(
    ("name", "args", "before", "result", "after"),
    [
        ("set", ("k", [1]), {}, {"key": "k", "status": "ok"}, {"k": [1]}),
        ("set", ("k", None), {"k": 1}, {"key": "k", "status": "ok"}, {"k": None}),
        ("get", ("k",), {"k": 1}, 1, {"k": 1}),
        ("get", ("k",), {}, None, {}),
        ("get", ("k", "other"), {}, "other", {}),
        ("get", ("k", "other"), {"k": None}, None, {"k": None}),
        ("delete", ("k",), {"k": 1, "l": 2}, {"key": "k", "deleted": True, "status": "ok"}, {"l": 2}),
        ("delete", ("k",), {}, {"key": "k", "deleted": False, "status": "ok"}, {}),
        ("append", ("k", 1), {}, {"key": "k", "length": 1, "status": "ok"}, {"k": [1]}),
        ("append", ("k", 2), {"k": [1]}, {"key": "k", "length": 2, "status": "ok"}, {"k": [1, 2]}),
        ("increment", ("k",), {}, {"key": "k", "new_value": 1}, {"k": 1}),
        ("increment", ("k", 5), {"k": 2}, {"key": "k", "new_value": 7}, {"k": 7}),
        ("increment", ("k", -0.5), {"k": 2}, {"key": "k", "new_value": 1.5}, {"k": 1.5}),
        ("increment", ("k",), {"k": "1"}, {"key": "k", "new_value": 2}, {"k": 2}),
        ("increment", ("k", "2"), {"k": " 1.5 "}, {"key": "k", "new_value": 3.5}, {"k": 3.5}),
        ("add", ("k", 2), {}, {"key": "k", "old_value": 0, "new_value": 2, "status": "ok"}, {"k": 2}),
        ("add", ("k", 2), {"k": 3}, {"key": "k", "old_value": 3, "new_value": 5, "status": "ok"}, {"k": 5}),
    ],
)
def test_tools_answer_and_change(
    name: str,
    args: tuple[JsonValue, ...],
    before: dict[str, JsonValue],
    result: JsonValue,
    after: dict[str, JsonValue],
) -> None:
    """Each tool gives the result of the language's table, and its changes make the memory that follows."""
    assert result == call(name, before, *args)
    assert before == after


def test_arguments_may_be_named() -> None:
    """The names of the language's table are the parameters' names."""
    memory: dict[str, JsonValue] = {}
    call("set", memory, key="a", value=1)
    call("increment", memory, key="a", by=2)
    call("add", memory, key="a", value=3)

    assert call("get", memory, key="a", default=0) == 6


def test_tools_change_nothing_themselves() -> None:
    """They are pure: neither the memory nor a list in it is touched."""
    listed: list[JsonValue] = [1]
    memory: dict[str, JsonValue] = {"k": listed}
    result, changes = MEMORY_TOOLS["memory.append"](memory, "k", 2)

    assert ({"k": [1]}, [1]) == (memory, listed)
    assert (MemoryChange("k", [1, 2]),) == changes
    assert result == {"key": "k", "length": 2, "status": "ok"}


@pytest.mark.parametrize(
    ("name", "args", "memory", "message"),
    [
        ("set", ("k",), {}, "memory.set missing 1 required positional argument: 'value'"),
        ("set", (1, 2), {}, "a memory key is a text of at least one character, not the number 1"),
        ("set", ("", 2), {}, "a memory key is a text of at least one character, not the text ''"),
        ("get", (None,), {}, "a memory key is a text of at least one character, not null"),
        ("append", ("k", 1), {"k": "text"}, "memory.append needs a list, but memory.k is the text 'text'"),
        ("append", ("k", 1), {"k": {}}, "memory.append needs a list, but memory.k is a map"),
        ("increment", ("k",), {"k": "many"}, "memory.increment needs a number, but memory.k is the text 'many'"),
        ("increment", ("k",), {"k": True}, "memory.increment needs a number, but memory.k is a boolean"),
        ("increment", ("k",), {"k": "nan"}, "memory.increment needs a number, but memory.k is the text 'nan'"),
        ("increment", ("k",), {"k": "1e999"}, "memory.increment needs a number, but memory.k is the text '1e999'"),
        ("increment", ("k", [1]), {}, "memory.increment needs a number to add, not a list"),
        ("increment", ("k", 1e308), {"k": 1.7e308}, "memory.increment of memory.k passes the largest number"),
        ("add", ("k", 0.5), {"k": 10**400}, "memory.add of memory.k passes the largest number"),
        ("add", ("k", None), {}, "memory.add needs a number to add, not null"),
    ],
)
def test_what_cannot_be_done_fails_with_a_sentence(
    name: str, args: tuple[JsonValue, ...], memory: dict[str, JsonValue], message: str
) -> None:
    """The failure names the entry and what is there; it is never worth a retry."""
    with pytest.raises(TaskFailure) as failure:
        call(name, memory, *args)

    assert failure.value.info.message == message
    assert ("E-ARGUMENTS", False) == (failure.value.info.code, failure.value.info.retryable)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.integers(-1000, 1000))
def test_text_counts_as_the_number_it_reads_as(number: float, step: int) -> None:
    """Memory holds `"1"` where a template wrote it; adding to it is adding to 1."""
    memory: dict[str, JsonValue] = {"number": number, "text": str(number)}
    try:
        as_number = call("increment", memory, "number", step)
    except TaskFailure:
        return
    as_text = call("increment", memory, "text", step)

    assert isinstance(as_number, dict)
    assert isinstance(as_text, dict)
    assert as_number["new_value"] == as_text["new_value"]
