"""What the command line tells the UI, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import JsonValue, RunId

from .themes import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class UiOptions:
    """What to open, how to run it, and how to draw it."""

    url: str
    """Of the store."""
    workflow: Path | None = None
    """The file to open; None opens the list of runs."""
    start: bool = True
    """False opens the file without running it."""
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    keep_going: bool = False
    run_id: str | None = None
    """Id of the first run that is started; None lets the engine choose."""
    resume: RunId | None = None
    """A run to resume and show instead of a file."""
    ascii_only: bool = False
    theme: str = DEFAULT
