"""First paint of the UI in a terminal of its own, beside a Textual app that only says hello. Wall time."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from .measure import Row, environment, interleaved

COLUMNS, LINES = 120, 40
PATIENCE_S = 60.0

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
_ESCAPE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]")


def rows() -> list[Row]:
    """Measure until every pane stands on the screen, and until the graph of a small workflow does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flow = folder / "flow.yaml"
        flow.write_text(_FLOW)
        command = [sys.executable, "-m", "highway_tui", str(flow), "--no-start", "--ui", "--db", str(folder / "ui.db")]
        hello = [sys.executable, "-c", _HELLO]
        painted, floor = interleaved(
            lambda: seconds_until(command, _PANES, folder), lambda: seconds_until(hello, (b"hello-world",), folder)
        )
        drawn, again = interleaved(
            lambda: seconds_until(command, _BOXES, folder), lambda: seconds_until(hello, (b"hello-world",), folder)
        )
    return [
        Row(name="first paint of the UI", value=painted, unit="s", floor=floor, bar=1.2),
        Row(name="the graph on it", value=drawn, unit="s", floor=again),
    ]


def seconds_until(argv: Sequence[str], wanted: Sequence[bytes], state: Path) -> float:
    """Start a program in a terminal and return when every wanted text has been written to it; then end the program."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    variables = {**environment(), "TERM": "xterm-256color", "XDG_STATE_HOME": str(state)}
    for name in ("CI", "NO_COLOR"):
        variables.pop(name, None)
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=variables, start_new_session=True)
    os.close(theirs)
    try:
        return _watch(ours, wanted, started)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _watch(terminal: int, wanted: Sequence[bytes], started: float) -> float:
    written = bytearray()
    while time.perf_counter() - started < PATIENCE_S:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            written += os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        arrived = time.perf_counter() - started
        shown = _ESCAPE.sub(b"", bytes(written))
        if all(text in shown for text in wanted):
            return arrived
    raise RuntimeError(f"{wanted} never came; the terminal has {bytes(written[-2000:])!r}")
