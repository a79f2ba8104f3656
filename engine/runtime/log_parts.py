"""Where the log of an attempt is kept: its beginning in `NAME.log`, its end, once that is full, in parts after it.

`NAME.log.OFFSET` is the part that starts at that byte of the whole log; each has an index of its own beside it,
`NAME.idx.OFFSET`. Only the last two parts are kept. The last record of a finished index says CONTINUED; it is
written before the next part exists, so a reader that meets it waits for one.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

RECORD: Final = struct.Struct("<QdB")
"""Of an index: offset of the chunk in its part, Unix seconds, kind."""
KINDS: Final = ("stdout", "stderr", "debug", "info", "warning", "error", "log")
"""Kind of a chunk by its number: the stream it came from, or the level of a line of the task's own log."""
CONTINUED: Final = 255
"""Kind of the record that ends an index: the log goes on in another part."""


def part_paths(path: Path, start: int) -> tuple[Path, Path]:
    """Return the log and the index of the part that starts at `start`; 0 is the beginning."""
    index = path.with_suffix(".idx")
    return (path, index) if start == 0 else (Path(f"{path}.{start}"), Path(f"{index}.{start}"))


def part_starts(path: Path) -> list[int]:
    """Return where the parts after the beginning start, in order. Reads the folder: not for every look at a log."""
    prefix = f"{path.name}."
    if not path.parent.is_dir():
        return []
    names = (entry.name for entry in path.parent.iterdir() if entry.name.startswith(prefix))
    return sorted(int(number) for name in names if (number := name.removeprefix(prefix)).isdecimal())
