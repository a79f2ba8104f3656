"""Tells when the open file was saved. Watches its folder, because editors save by renaming another file over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

GATHER_MS: Final = 60
"""Changes closer together than this are one save."""
STEP_MS: Final = 20
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


async def saves(path: Path) -> AsyncIterator[None]:
    """Yield after each save of `path`, or of another workflow beside it, which it may call.

    Ends when the folder goes away.
    """
    from watchfiles import awatch

    folder = path.parent
    async for changes in awatch(folder, debounce=GATHER_MS, step=STEP_MS, recursive=False, watch_filter=None):
        names = {Path(changed) for _, changed in changes}
        if any(name.name == path.name or name.suffix in _SUFFIXES for name in names):
            yield
        if not folder.is_dir():
            return
