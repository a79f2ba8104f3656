"""Circuit breakers as people see them. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from engine import BulkheadChanged, JournalEntry


class Circuit(NamedTuple):
    """A breaker as it was seen last."""

    state: str
    """`closed`, `open` or `half_open`."""
    until: float | None = None
    """When an open one lets probes through, Unix seconds."""
    text: str = ""
    """Why it is so; empty where nobody said."""


def circuit_word(circuit: Circuit, now: float, *, live: bool) -> str:
    """Say the state of a circuit, always as a word; the countdown only of what lives."""
    if circuit.state == "open":
        left = 0.0 if circuit.until is None else circuit.until - now
        if not live:
            return "OPEN"
        return f"OPEN {_whole(left)}s" if left > 0 else "half-open"
    return circuit.state.replace("_", "-")


def circuits_of(entries: Iterable[JournalEntry]) -> dict[str, Circuit]:
    """Find the newest state of every circuit that some entries of a journal speak of."""
    changes = (entry.event for entry in entries if isinstance(entry.event, BulkheadChanged))
    return {change.name: Circuit(change.state, change.until, change.text) for change in changes}


def _whole(seconds: float) -> int:
    """Round up: a countdown says 1 until it is over."""
    return max(0, -int(-seconds // 1))
