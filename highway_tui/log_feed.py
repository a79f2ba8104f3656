"""Reads the logs of one task as they grow: every attempt in order, a heading before each when there are several.
One thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine import TaskKey

if TYPE_CHECKING:
    from engine import LogFile, LogFollower, LogLine  # the readers of logs are imported with the first read

LAST: Final = 5000
"""Lines read of a log that exists already."""
_ROUNDS: Final = 8
"""Reads of one call; what is left comes with the next."""


class LogFeed:
    """Follows the attempts of one task."""

    def __init__(self, folder: Callable[[], Path], key: TaskKey) -> None:
        """`folder` finds the run's folder; it may touch the disk, so it is called by `read`."""
        self.key = key
        self._folder = folder
        self._current: tuple[LogFile, LogFollower] | None = None

    def read(self) -> list[LogLine | str]:
        """Give what was written since the last call. Blocks on the disk."""
        from engine import LogFollower, log_files

        lines: list[LogLine | str] = []
        files = log_files(self._folder(), self.key)
        for file in files:
            if self._current is not None and _place(file) < _place(self._current[0]):
                continue
            if self._current is None or file != self._current[0]:
                self.close()
                self._current = (file, LogFollower(file.path, last=LAST))
                if len(files) > 1:
                    again = f"run {file.generation} of this task, " if file.generation > 1 else ""
                    lines.append(f"{again}attempt {file.attempt}")
            follower = self._current[1]
            lines += follower.read_new()
            for _ in range(_ROUNDS):
                if not follower.behind:
                    break
                lines += follower.read_new()
        return lines

    def close(self) -> None:
        """Give the file back."""
        if self._current is not None:
            self._current[1].close()


def _place(file: LogFile) -> tuple[int, int]:
    return (file.generation, file.attempt)
