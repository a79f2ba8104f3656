"""The facade's compiler: the one of `definition`, told which tools there are."""

from __future__ import annotations

from collections.abc import Mapping

from .definition import loading
from .definition.loading import Loaded
from .tools.registry import tool_names


def load_workflow(path: str) -> Loaded:
    """Read and compile a file. Never raises for what it is or holds: every problem is in the result."""
    return loading.load_workflow(path, tools=tool_names())


def load_text(source: bytes, path: str = "<text>", *, sources: Mapping[str, bytes] | None = None) -> Loaded:
    """Compile bytes; nested workflows come from `sources` where given, else from files beside `path`."""
    return loading.load_text(source, path, sources=sources, tools=tool_names())
