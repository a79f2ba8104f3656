"""Deadlines of one run in wall time. One timer of the loop serves them all; the clock is read again when it fires."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from ..core.ports import Clock
from ..keys import TaskKey

_LOOK_AGAIN_S = 10.0
"""Longest sleep: after a jump of the wall clock a deadline is late by this much at the most."""


class Timers:
    """Owned by the engine's loop."""

    def __init__(self, clock: Clock, fire: Callable[[TaskKey], None]) -> None:
        """`fire` is called on the loop, once for each deadline that passed."""
        self._clock = clock
        self._fire = fire
        self._due: dict[TaskKey, float] = {}
        self._heap: list[tuple[float, TaskKey]] = []
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, key: TaskKey, due_at: float) -> None:
        """Set the deadline of `key`; an earlier one of the same key is replaced."""
        self._due[key] = due_at
        heapq.heappush(self._heap, (due_at, key))
        self._schedule()

    def disarm(self, key: TaskKey) -> None:
        """Forget the deadline of `key`."""
        self._due.pop(key, None)

    def close(self) -> None:
        """Stop firing."""
        self._due.clear()
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _schedule(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._heap:
            delay = max(0.0, self._heap[0][0] - self._clock.now())
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(min(delay, _LOOK_AGAIN_S), self._look)

    def _look(self) -> None:
        self._handle = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due_at, key = heapq.heappop(self._heap)
            if self._due.get(key) == due_at:
                del self._due[key]
                self._fire(key)
        self._schedule()
