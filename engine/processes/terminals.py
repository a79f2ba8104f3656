"""Pseudo-terminals: for programs that colour, buffer or ask differently where nobody watches."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
from collections.abc import Callable
from typing import Final

SIZE: Final = (24, 80)
"""Rows and columns that programs see."""
_END_OF_FILE: Final = b"\x04" * 16
"""For whoever reads the terminal, however often it asks again."""
_OUTPUT, _LOCAL = 1, 3
"""Places in what termios gives."""


class Terminal:
    """One pseudo-terminal; its output is one stream. Used on one loop."""

    def __init__(self) -> None:
        """Raises OSError where the system has none left. Text arrives as it was written: nothing is echoed."""
        self._ours, self.theirs = os.openpty()
        """`theirs` is what the child gets as stdout, stderr and, without input, as stdin."""
        attributes = termios.tcgetattr(self.theirs)
        attributes[_OUTPUT] &= ~termios.ONLCR
        attributes[_LOCAL] &= ~termios.ECHO
        termios.tcsetattr(self.theirs, termios.TCSANOW, attributes)
        termios.tcsetwinsize(self.theirs, SIZE)
        os.set_blocking(self._ours, False)
        with contextlib.suppress(BlockingIOError):
            os.write(self._ours, _END_OF_FILE)

    def close_theirs(self) -> None:
        """Call it once the child has its own."""
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1

    def read_into(self, take: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Hand on what arrives until nobody has the other side open any more."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            try:
                data = os.read(self._ours, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""  # Linux says EIO when the last one closes its side
            if data:
                take(data)
            else:
                loop.remove_reader(self._ours)
                ended()

        loop.add_reader(self._ours, read)

    def close(self) -> None:
        """Give everything back."""
        self.close_theirs()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
