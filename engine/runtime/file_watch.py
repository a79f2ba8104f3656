"""Looks for files that waits of one run are about. Each look is a thread's: a dead mount must not stop the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from ..keys import TaskKey


class FileWatch:
    """Owned by the engine's loop."""

    def __init__(self, found: Callable[[TaskKey], None]) -> None:
        """`found` is called on the loop, once for each watch that comes to something."""
        self._found = found
        self._watches: dict[TaskKey, tuple[str, asyncio.Task[None]]] = {}

    def watch(self, key: TaskKey, path: str, poll_s: float) -> None:
        """Look for `path` now and every `poll_s` seconds; nothing changes where that is done already."""
        known = self._watches.get(key)
        if known is not None and known[0] == path:
            return
        self.forget(key)
        self._watches[key] = (path, asyncio.create_task(self._look(key, path, poll_s)))

    def forget(self, key: TaskKey) -> None:
        """Stop looking; an unknown key is nothing to stop."""
        watch = self._watches.pop(key, None)
        if watch is not None:
            watch[1].cancel()

    def close(self) -> None:
        """Stop looking for anything."""
        for key in list(self._watches):
            self.forget(key)

    async def _look(self, key: TaskKey, path: str, poll_s: float) -> None:
        while not await asyncio.to_thread(os.path.exists, path):  # noqa: ASYNC110 - nobody tells of new files
            await asyncio.sleep(poll_s)
        self._watches.pop(key, None)
        self._found(key)
