"""Finds functions by name. The names stand here, so asking for them imports no tool; a tool is imported at first use.

To add a tool: write it in a module of this package, marked with `@tool`, and add its line to the table below.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..errors import ErrorInfo, TaskFailure
from .spec import bare
from .user_functions import UserFunctions

if TYPE_CHECKING:
    from ..core.ports import MemoryTool

TOOLS: Final[dict[str, str]] = {
    "command.run": ".command:run",
    "fetch.delete": ".fetch:delete",
    "fetch.get": ".fetch:get",
    "fetch.patch": ".fetch:patch",
    "fetch.post": ".fetch:post",
    "fetch.put": ".fetch:put",
    "fetch.request": ".fetch:request",
    "log.debug": ".log:debug",
    "log.error": ".log:error",
    "log.info": ".log:info",
    "log.warning": ".log:warning",
    "shell.run": ".command:run_script",
}
"""Name without `tools.` → module of this package and function. Memory tools are apart."""

MEMORY_NAMES: Final = frozenset(
    {
        "memory.add",
        "memory.append",
        "memory.delete",
        "memory.get",
        "memory.increment",
        "memory.set",
    }
)
"""Those of `memory.MEMORY_TOOLS`, which run inside a turn."""


def tool_names() -> frozenset[str]:
    """Return every registered tool, memory tools included, without `tools.`."""
    return frozenset(TOOLS) | MEMORY_NAMES


class Registry:
    """The port `ToolRegistry`. Safe to use from any thread."""

    def __init__(self) -> None:
        """A registry knows the built-in tools; functions of users are loaded as they are asked for."""
        self._tools: dict[str, Callable[..., object]] = {}
        self._users = UserFunctions()

    def names(self) -> frozenset[str]:
        return tool_names()

    def memory_tool(self, name: str) -> MemoryTool | None:
        if bare(name) not in MEMORY_NAMES:
            return None
        from .memory import MEMORY_TOOLS  # it needs the engine's core, which checking a file does not

        return MEMORY_TOOLS[bare(name)]

    def function(self, name: str, cwd: str) -> Callable[..., object]:
        """Import and return a tool or user function; `./file.py:callable` is looked up in `cwd`.

        TaskFailure `E-FUNCTION` when there is none, `E-IMPORT` when its module raises.
        """
        tool = self._tools.get(name)
        if tool is not None:
            return tool
        if ":" in name:
            return self._users.find(name, cwd)
        place = TOOLS.get(bare(name))
        if place is None:
            raise TaskFailure(
                ErrorInfo(code="E-FUNCTION", message=f"Function '{name}' not found in registry", retryable=False)
            )
        module, _, attribute = place.partition(":")
        found: Callable[..., object] = getattr(importlib.import_module(module, __package__), attribute)
        self._tools[name] = found
        return found
