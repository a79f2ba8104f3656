"""What a running call may know of its surroundings: its log, its process settings, what it shares with other calls.

A ContextVar carries it, so it holds in the engine's loop, in worker threads and in coroutines alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

from ..core.calls import TaskCall
from ..core.ports import LogSink
from ..errors import EngineBug

T = TypeVar("T")


class Resources:
    """Things that outlive a call, made at first use: an HTTP client. One per executor, used on its loop only."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._made: dict[type[object], object] = {}

    def get(self, kind: type[T], make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> T:
        """Return the one thing of this kind, made now where there is none; `close` ends it."""
        if kind not in self._made:
            made = make()
            self._stack.push_async_callback(close, made)
            self._made[kind] = made
        return cast("T", self._made[kind])

    async def close(self) -> None:
        """Give everything back. What is asked for afterwards is made anew."""
        self._made.clear()
        await self._stack.aclose()


@dataclass(slots=True, kw_only=True)
class ToolContext:
    """The surroundings of one call. Used by whoever runs it; its last fields change."""

    call: TaskCall
    log: LogSink
    spawned: Callable[[int, float], None]
    environment: Mapping[str, str]
    """The engine's own environment; `call.env` comes on top for children."""
    resources: Resources
    truncated: bool = False
    """Set by a tool whose result is only the beginning of what there was."""
    unfinished: dict[str, str] = field(default_factory=dict)
    """By stream: the beginning of a line that is being printed."""

    def flush(self) -> None:
        """Write what was printed without the end of a line."""
        for stream in list(self.unfinished):
            self.log.write(self.unfinished.pop(stream, "").encode("utf-8", "replace"), stream)


CURRENT: Final[ContextVar[ToolContext | None]] = ContextVar("highway_tool_context", default=None)
"""The call that this code runs for; None outside of one."""


def current() -> ToolContext:
    """Return the surroundings of the running call; EngineBug outside of one."""
    context = CURRENT.get()
    if context is None:
        raise EngineBug("E-BUG-CONTEXT", "a tool was called outside of a task")
    return context


def current_log() -> LogSink:
    """Return the log of the running call; EngineBug outside of one."""
    return current().log
