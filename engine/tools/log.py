"""Lines in the task's own log. So short that they run on the engine's loop."""

from __future__ import annotations

from ..keys import JsonValue
from .context import current_log
from .spec import tool


@tool("log.debug", inline=True)
def debug(message: JsonValue) -> None:
    """Write a line of level debug. What is no text is written as templates write it: with Python's `str`."""
    current_log().line("debug", str(message))


@tool("log.info", inline=True)
def info(message: JsonValue) -> None:
    """Write a line of level info."""
    current_log().line("info", str(message))


@tool("log.warning", inline=True)
def warning(message: JsonValue) -> None:
    """Write a line of level warning."""
    current_log().line("warning", str(message))


@tool("log.error", inline=True)
def error(message: JsonValue) -> None:
    """Write a line of level error. The task succeeds all the same."""
    current_log().line("error", str(message))
