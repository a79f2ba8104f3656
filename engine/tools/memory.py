"""The run's shared store. Pure functions: they read the memory as it is and answer with a result and changes to make.

They run inside a turn of the engine, so start, outcome and change are one transaction. Nothing here knows where
memory lives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Final, TypeAlias

from ..core.events import MemoryChange
from ..core.ports import MemoryTool
from ..errors import ErrorInfo, TaskFailure
from ..keys import JsonValue

Answer: TypeAlias = tuple[JsonValue, tuple[MemoryChange, ...]]
Memory: TypeAlias = Mapping[str, JsonValue]

MEMORY_TOOLS: Final[dict[str, MemoryTool]] = {}
"""By name; filled below."""

_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,300}\s*", re.ASCII)
_DECIMAL: Final = re.compile(r"\s*[+-]?([0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)


def _memory_tool(name: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Register a tool whose wrong arguments fail the task with one sentence."""

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(function)
        def checked(memory: Memory, *args: JsonValue, **kwargs: JsonValue) -> Answer:
            try:
                return function(memory, *args, **kwargs)
            except TypeError as error:
                if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                    raise
                # Raised by the call itself: too many, too few or unknown arguments.
                wrong = str(error).replace(f"{function.__name__}()", name)
                raise _refused(wrong) from error

        MEMORY_TOOLS[name] = checked
        return checked

    return register


@_memory_tool("memory.set")
def set_value(memory: Memory, key: JsonValue, value: JsonValue) -> Answer:  # noqa: ARG001 - one signature for all
    """Store `value` under `key`."""
    name = _name(key)
    return {"key": name, "status": "ok"}, (MemoryChange(name, value),)


@_memory_tool("memory.get")
def get(memory: Memory, key: JsonValue, default: JsonValue = None) -> Answer:
    """Return the value of `key`, or `default`."""
    return memory.get(_name(key), default), ()


@_memory_tool("memory.delete")
def delete(memory: Memory, key: JsonValue) -> Answer:
    """Remove `key`; a missing one is no error, and `deleted` tells."""
    name = _name(key)
    found = name in memory
    change = (MemoryChange(name, deleted=True),) if found else ()
    return {"key": name, "deleted": found, "status": "ok"}, change


@_memory_tool("memory.append")
def append(memory: Memory, key: JsonValue, value: JsonValue) -> Answer:
    """Put `value` at the end of the list `key`; a missing list is empty."""
    name = _name(key)
    old = memory.get(name)
    if old is None:
        old = []
    if not isinstance(old, list):
        raise _refused(f"memory.append needs a list, but memory.{name} is {_kind(old)}")
    return {"key": name, "length": len(old) + 1, "status": "ok"}, (MemoryChange(name, [*old, value]),)


@_memory_tool("memory.increment")
def increment(memory: Memory, key: JsonValue, by: JsonValue = 1) -> Answer:
    """Add `by` to the number `key`; a missing one is 0."""
    name = _name(key)
    _, new = _sum("memory.increment", memory, name, by)
    return {"key": name, "new_value": new}, (MemoryChange(name, new),)


@_memory_tool("memory.add")
def add(memory: Memory, key: JsonValue, value: JsonValue) -> Answer:
    """Add `value` to the number `key`, and report both sums; a missing one is 0."""
    name = _name(key)
    old, new = _sum("memory.add", memory, name, value)
    return {"key": name, "old_value": old, "new_value": new, "status": "ok"}, (MemoryChange(name, new),)


def _sum(tool: str, memory: Memory, name: str, by: JsonValue) -> tuple[int | float, int | float]:
    """Return the number stored and the sum. Texts that read as numbers count as such: templates leave them behind."""
    stored = memory.get(name)
    old = 0 if stored is None else _number(stored)
    if old is None:
        raise _refused(f"{tool} needs a number, but memory.{name} is {_kind(stored)}")
    step = _number(by)
    if step is None:
        raise _refused(f"{tool} needs a number to add, not {_kind(by)}")
    try:
        new = old + step
    except OverflowError:
        new = math.inf
    if isinstance(new, float) and not math.isfinite(new):
        raise _refused(f"{tool} of memory.{name} passes the largest number")
    return old, new


def _number(value: JsonValue) -> int | float | None:
    """Return the number that `value` is or reads as; None for everything else, booleans included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return int(value)
        if _DECIMAL.fullmatch(value):
            number = float(value)
            return number if math.isfinite(number) else None
    return None


def _name(key: JsonValue) -> str:
    """Return `key` if it can name an entry."""
    if not isinstance(key, str) or not key:
        raise _refused(f"a memory key is a text of at least one character, not {_kind(key)}")
    return key


def _kind(value: JsonValue) -> str:
    """Name what was found, in the language's words; short texts are quoted."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return f"the text {value!r}" if len(value) <= 40 else "a text"
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return f"the number {value}"


def _refused(message: str) -> TaskFailure:
    """Fail the task: the same arguments never work."""
    return TaskFailure(ErrorInfo(code="E-ARGUMENTS", message=message, retryable=False))
