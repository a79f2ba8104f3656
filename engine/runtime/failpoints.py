"""Places where a test may let the engine die or stumble: `HIGHWAY_FAILPOINTS=name:nth:action[,name:nth:action…]`.

`nth` counts from 1. Actions: `kill9` (the process is gone at once), `raise` (an EngineBug), `enospc` (a StoreFull) and
`sleep` (one second, blocking). Unset, a point costs one look into an empty dict. For tests only; no default, no file.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Final

from ..errors import EngineBug, StoreFull

NAMES: Final = (
    "run.created",
    "run.claimed",
    "resume.claimed",
    "resume.folded",
    "turn.decided",
    "turn.saved",
    "turn.published",
    "turn.submitted",
    "call.begun",
    "call.ended",
    "run.ended",
)
"""Every point, in the order of a run's life. Between `decided` and `saved` lies the transaction."""


class Failpoints:
    """The armed points of one engine. Used on its loop only."""

    def __init__(self, text: str) -> None:
        """`text` is the variable's value; ValueError for what it cannot mean."""
        self._left: dict[str, list[tuple[int, str]]] = {}
        self._hits: dict[str, int] = {}
        for part in filter(None, text.split(",")):
            name, nth, action = part.strip().split(":")
            if name not in NAMES or action not in _ACTIONS:
                raise ValueError(f"no failpoint {part!r}")
            self._left.setdefault(name, []).append((int(nth), action))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Failpoints:
        """Read the variable once, when the engine starts."""
        return cls(environment.get("HIGHWAY_FAILPOINTS", ""))

    def hit(self, name: str) -> None:
        """Pass a point; do what was armed for this passage."""
        if not self._left:
            return
        self._hits[name] = count = self._hits.get(name, 0) + 1
        for nth, action in self._left.get(name, ()):
            if nth == count:
                _ACTIONS[action](name)


def _kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise(name: str) -> None:
    raise EngineBug("E-BUG-FAILPOINT", f"failpoint {name}")


def _fill(name: str) -> None:
    raise StoreFull("E-STORE-FULL", f"failpoint {name}: no space left")


def _sleep(_: str) -> None:
    time.sleep(1)


_ACTIONS: Final[Mapping[str, Callable[[str], None]]] = {
    "kill9": _kill,
    "raise": _raise,
    "enospc": _fill,
    "sleep": _sleep,
}
