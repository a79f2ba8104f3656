"""First paint of the UI in a terminal of its own, beside a Textual app that only says hello. Wall time."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .measure import Row, interleaved
from .terminal import opened

_HELLO = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Hello(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("hello-world")

Hello().run()
"""
_FLOW = """
name: two
tasks:
  alpha: {function: log.info, args: [one]}
  omega: {function: log.info, args: [two], dependencies: [alpha]}
"""
_PANES = (b"Graph", b"Vars", b"Log", b"q quit")
_BOXES = tuple(text.encode() for text in ("│○ alpha", "│○ omega"))
"""Of the graph, which comes when the file has been checked."""


def rows() -> list[Row]:
    """Measure until every pane stands on the screen, and until the graph of a small workflow does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flow = folder / "flow.yaml"
        flow.write_text(_FLOW)
        command = [sys.executable, "-m", "highway_tui", str(flow), "--no-start", "--ui", "--db", str(folder / "ui.db")]
        hello = [sys.executable, "-c", _HELLO]
        painted, floor = interleaved(
            lambda: _seconds_until(command, _PANES, folder), lambda: _seconds_until(hello, (b"hello-world",), folder)
        )
        drawn, again = interleaved(
            lambda: _seconds_until(command, _BOXES, folder), lambda: _seconds_until(hello, (b"hello-world",), folder)
        )
    return [
        Row(name="first paint of the UI", value=painted, unit="s", floor=floor, bar=1.0),
        Row(name="the graph on it", value=drawn, unit="s", floor=again),
    ]


def _seconds_until(argv: Sequence[str], wanted: Sequence[bytes], state: Path) -> float:
    with opened(argv, state) as terminal:
        return terminal.seconds_until(*wanted)
