"""What a function gets that asks for `ctx`: who it runs for, its log, and the word that it shall end.

The same in a thread and in a process of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from ..keys import JsonValue

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

ARGUMENT: Final = "ctx"
"""The name by which a function asks for its context."""


class CancelToken:
    """Says that a call shall end. The engine sets it, the function looks; each flag has one writer, so no lock."""

    __slots__ = ("is_set", "watched")

    def __init__(self) -> None:
        """Not set, and nobody has looked."""
        self.is_set = False
        self.watched = False
        """The function has looked at least once: it will end by itself."""

    def set(self) -> None:
        self.is_set = True

    def look(self) -> bool:
        """Tell whether it is set, and note that somebody asks."""
        self.watched = True
        return self.is_set


class TaskContext:
    """The argument `ctx` of a function: `def sync(ctx: TaskContext, path: str)`. Valid while the call runs."""

    def __init__(self, facts: Mapping[str, str | int], log: Callable[[str, str], None], token: CancelToken) -> None:
        """Made by the engine alone; `facts` are those of `facts_of`."""
        self.run_id: Final = str(facts["run_id"])
        self.task: Final = str(facts["task"])
        """Address, such as `loop[0]/task`."""
        self.attempt: Final = int(facts["attempt"])
        """Counts from 1."""
        self.idempotency_key: Final = str(facts["idempotency_key"])
        """The same for all attempts of this work, also after a resume."""
        self._log: Final = log
        self._token: Final = token

    @property
    def cancelled(self) -> bool:
        """True once the call shall end: cancelled, or out of time. A function that asks is given its grace to end."""
        return self._token.look()

    def log(self, level: Level, text: str) -> None:
        """Write a line into the task's log; ValueError for another level."""
        if level not in {"debug", "info", "warning", "error"}:
            raise ValueError(f"ctx.log takes debug, info, warning or error, not {level!r}")
        self._log(level, str(text))


def asks_for_context(function: Callable[..., object], kwargs: Mapping[str, JsonValue]) -> bool:
    """Tell whether the function has a parameter `ctx`. One of that name that the workflow gives is the author's own."""
    if ARGUMENT in kwargs:
        return False
    code = getattr(function, "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__") and ARGUMENT not in code.co_varnames:
        return False  # spares each call the look at the signature
    try:
        asked = inspect.signature(function).parameters.get(ARGUMENT)
    except (TypeError, ValueError):
        return False
    return asked is not None and asked.kind not in {asked.VAR_POSITIONAL, asked.VAR_KEYWORD}


def with_context(
    function: Callable[..., object], args: Sequence[JsonValue], kwargs: Mapping[str, JsonValue], context: TaskContext
) -> tuple[list[object], dict[str, object]]:
    """Return the arguments with `context` in the place of the parameter `ctx`, which the function must have."""
    parameters = inspect.signature(function).parameters
    place = list(parameters).index(ARGUMENT)
    if parameters[ARGUMENT].kind is not inspect.Parameter.KEYWORD_ONLY and place <= len(args):
        return [*args[:place], context, *args[place:]], dict(kwargs)
    return list(args), {**kwargs, ARGUMENT: context}
