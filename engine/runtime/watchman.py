"""Looks at the bulkheads when time alone changes something: an open breaker's end, the end of someone's patience."""

from __future__ import annotations

import asyncio

from ..core.ports import Clock
from .bulkheads import Bulkheads


class Watchman:
    """One per engine, on its loop. Sleeps while there is nothing to wait for."""

    def __init__(self, bulkheads: Bulkheads, clock: Clock) -> None:
        self._bulkheads = bulkheads
        self._clock = clock
        self._due: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Make sure to look in time; called after anyone may have begun to wait."""
        due = self._bulkheads.next_look(self._clock.now())
        if due == self._due:
            return
        self.close()
        if due is not None:
            self._due = due
            delay = max(0.0, due - self._clock.now())
            self._handle = asyncio.get_running_loop().call_later(delay, self._look)

    def close(self) -> None:
        """Stop looking."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._due = None

    def _look(self) -> None:
        self._handle = self._due = None
        self._bulkheads.look(self._clock.now())
        self.watch()
