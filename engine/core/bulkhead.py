"""How many calls may run at once, and who waits: first come, first served. Pure; granted by the orchestrator.

Breakers, queue limits and named bulkheads join this table later; the scheduler only asks for permits and never counts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class Bulkhead(Generic[Holder]):
    """Permits for at most `limit` holders at once. Owned by the engine thread."""

    def __init__(self, name: str, limit: int) -> None:
        """`limit` is at least 1."""
        self.name = name
        self.limit = limit
        self._holding: set[Holder] = set()
        self._waiting: OrderedDict[Holder, None] = OrderedDict()

    @property
    def in_use(self) -> int:
        """Permits given out now."""
        return len(self._holding)

    def request(self, holder: Holder) -> None:
        """Stand in line; nothing happens when already in line or holding."""
        if holder not in self._holding:
            self._waiting[holder] = None

    def release(self, holder: Holder) -> None:
        """Give the permit back, or leave the line; unknown holders are ignored, so every path may call this."""
        self._holding.discard(holder)
        self._waiting.pop(holder, None)

    def grant(self) -> Holder | None:
        """Give the next in line a permit, if one is free."""
        if not self._waiting or len(self._holding) >= self.limit:
            return None
        holder, _ = self._waiting.popitem(last=False)
        self._holding.add(holder)
        return holder
