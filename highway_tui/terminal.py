"""The terminal the UI writes to. It may go away before the program does, which must not keep the program.

Textual writes on a thread; when a write fails that thread ends, its queue fills, and the next write waits for ever.
"""

from __future__ import annotations

import io
from typing import IO

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver


class MortalFile:
    """A text file whose end is no error: what is written after it is dropped."""

    def __init__(self, file: IO[str]) -> None:
        """`file` is the terminal."""
        self._file = file

    def write(self, text: str) -> None:
        """Write while there is a terminal."""
        try:
            self._file.write(text)
        except OSError:
            return

    def flush(self) -> None:
        """Flush while there is a terminal."""
        try:
            self._file.flush()
        except OSError:
            return

    def fileno(self) -> int:
        """Number of the file."""
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Textual's driver, over a terminal that may go away."""

    def start_application_mode(self) -> None:
        """Take the terminal, and be ready to lose it."""
        if isinstance(self._file, io.TextIOBase):
            self._file = MortalFile(self._file)  # type: ignore[assignment]  # Textual calls these three methods only
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own


def mortal(driver: type[Driver]) -> type[Driver]:
    """Give the driver to use in place of the one that Textual chose."""
    return TerminalDriver if driver is LinuxDriver else driver
