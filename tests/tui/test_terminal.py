"""The app in a pseudo-terminal: what it imports before it paints, sends when idle, and leaves behind."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from .conftest import ETL

PROGRAM = """\
import sys
from pathlib import Path
from highway_tui.app import HighwayApp
from highway_tui.options import UiOptions
folder = Path(sys.argv[1])
sys.exit(HighwayApp(UiOptions(url=f"sqlite:///{folder}/runs.db", workflow=folder / "etl.yaml", start=False)).run())
"""


class Terminal:
    """The program's terminal, from outside."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """Give what arrives until there is nothing for so long, or the end."""
        new = b""
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the program is gone
                break
            if not data:
                break
            new += data
        self.seen += new
        return new

    def read_until(self, text: bytes, seconds: float = 20.0) -> None:
        """Read until `text` has been seen."""
        end = monotonic() + seconds
        while text not in self.seen and monotonic() < end:
            self.read(0.05)
        assert text in self.seen


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """Run the app in a terminal of 100x30."""
    (folder / "etl.yaml").write_text(ETL, encoding="utf-8")
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    settings = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdin=child,
        stdout=child,
        stderr=child,
        env=settings,
        start_new_session=True,
    )
    os.close(child)
    try:
        yield Terminal(process.pid, parent)
    finally:
        process.kill()
        process.wait(10)
        os.close(parent)


def test_painting_needs_neither_compiler_nor_database() -> None:
    """What is slow to import comes after the first paint."""
    program = (
        "import sys, highway_tui.app;"
        "print([name for name in ('pydantic', 'sqlalchemy', 'jinja2', 'httpx', 'watchfiles') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert ("[]", 0) == (done.stdout.strip(), done.returncode)


def test_an_idle_screen_sends_nothing(tmp_path: Path) -> None:
    """With nothing running not one byte goes to the terminal."""
    with terminal(tmp_path) as screen:
        screen.read_until(b"is_new")
        screen.read(1.0)

        assert b"" == screen.read(1.5)


@pytest.mark.parametrize("way", ["key", "signal"])
def test_the_terminal_is_given_back(tmp_path: Path, way: str) -> None:
    """On every path the normal screen, the cursor and the mouse come back."""
    with terminal(tmp_path) as screen:
        screen.read_until(b"is_new")
        screen.read(1.0)
        if way == "key":
            os.write(screen.fd, b"q")
        else:
            os.kill(screen.pid, signal.SIGTERM)
        screen.read_until(b"\x1b[?1049l")
        screen.read(0.5)

        assert screen.seen.rindex(b"\x1b[?1049l") > screen.seen.rindex(b"\x1b[?1049h")
        assert screen.seen.rindex(b"\x1b[?25h") > screen.seen.rindex(b"\x1b[?25l")
        assert screen.seen.rindex(b"\x1b[?1000l") > screen.seen.rindex(b"\x1b[?1000h")
