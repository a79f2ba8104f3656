"""Ordered fan-out of saved turns. A slow or broken subscriber never blocks or breaks a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..core.ports import Subscriber
from ..core.records import Batch

_log = logging.getLogger(__name__)


class Bus:
    """Calls each subscriber with each batch, in order, on the engine's thread."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = threading.Lock()  # guards the replacement of the tuple: subscribers come from any thread

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Add a subscriber and return what takes it away again."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

        return unsubscribe

    def publish(self, batch: Batch) -> None:
        """Hand a saved turn to everyone."""
        for subscriber in self._subscribers:
            try:
                subscriber(batch)
            except Exception:  # noqa: BLE001 - a subscriber is foreign code; the run goes on without it
                _log.exception("a subscriber failed on run %s", batch.run_id)
