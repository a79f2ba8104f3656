"""A program in a pseudo-terminal of its own: what it writes, how much of it, and what it costs."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from .measure import environment

PATIENCE_S = 120.0
_ESCAPE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]")


class Terminal:
    """A running program; a thread of ours reads what it writes."""

    def __init__(self, process: psutil.Popen, ours: int, started: float) -> None:
        self.process = process
        self.started = started
        """By `time.perf_counter`."""
        self.written = bytearray()
        self._ours = ours
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def seconds_until(self, *wanted: bytes) -> float:
        """Return when all of these texts had been written, in seconds since the start."""
        deadline = time.perf_counter() + PATIENCE_S
        with self._came:
            while not all(text in _ESCAPE.sub(b"", bytes(self.written)) for text in wanted):
                if not self._came.wait(max(0.0, deadline - time.perf_counter())):
                    raise RuntimeError(f"{wanted} never came; the terminal has {bytes(self.written[-2000:])!r}")
            return time.perf_counter() - self.started

    def press(self, keys: bytes) -> None:
        """Write to the program as a keyboard would, and forget what it has written so far."""
        with self._came:
            self.written.clear()
        os.write(self._ours, keys)

    def cpu_s(self) -> float:
        """CPU seconds that the program has used, its children not counted."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def end(self) -> None:
        """Kill the program and wait for the reader."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()

    def _read(self) -> None:
        while True:
            try:
                if not select.select([self._ours], [], [], 0.1)[0]:
                    if self.process.poll() is not None:
                        return
                    continue
                data = os.read(self._ours, 65536)
            except OSError:  # the program has ended
                return
            with self._came:
                self.written += data
                self._came.notify_all()


@contextmanager
def opened(argv: Sequence[str], state: Path, columns: int = 120, lines: int = 40) -> Iterator[Terminal]:
    """Start a program in a terminal of that size; it is killed at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    variables = {**environment(), "TERM": "xterm-256color", "XDG_STATE_HOME": str(state)}
    for name in ("CI", "NO_COLOR"):
        variables.pop(name, None)
    started = time.perf_counter()
    process = psutil.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT, env=variables, start_new_session=True
    )
    os.close(theirs)
    terminal = Terminal(process, ours, started)
    try:
        yield terminal
    finally:
        terminal.end()
        os.close(ours)
