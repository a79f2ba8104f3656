"""How a tool says that it is one: the `@tool` mark on a typed function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

F = TypeVar("F", bound=Callable[..., object])

_ATTRIBUTE: Final = "highway_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What the executor needs to know of a tool."""

    name: str
    """Without `tools.`."""
    on_loop: bool
    """It runs on the engine's loop: a coroutine function, or so short that a thread would cost more than the work."""


def tool(name: str, *, inline: bool = False) -> Callable[[F], F]:
    """Mark a function as the tool `name` (with or without `tools.`).

    A coroutine function runs on the engine's loop and may be cancelled at each await. A plain one runs on a worker
    thread, or, `inline`, on the loop: only for work of microseconds.
    """

    def mark(function: F) -> F:
        spec = ToolSpec(name=bare(name), on_loop=inline or inspect.iscoroutinefunction(function))
        setattr(function, _ATTRIBUTE, spec)
        return function

    return mark


def spec_of(function: Callable[..., object]) -> ToolSpec | None:
    """Return the mark of a tool; None for user functions."""
    spec: object = getattr(function, _ATTRIBUTE, None)
    return spec if isinstance(spec, ToolSpec) else None


def bare(name: str) -> str:
    """Drop the prefix that a workflow may write: `tools.log.info` is `log.info`. What has a colon is left alone."""
    return name if ":" in name else name.removeprefix("tools.")
