"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """Implements the Clock port."""

    def now(self) -> float:
        """Unix seconds, UTC."""
        return time.time()
