"""Ends a process and all that descends from it: TERM, grace, KILL."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from .family import Family

KILL_S: Final = 2.0
"""How long KILL is repeated before a process counts as stuck in the kernel."""


async def end_family(exited: asyncio.Future[None], family: Family, grace_s: float) -> None:
    """Return when the leader is reaped and its family gone. A cancel during the grace means: now."""
    family.terminate()
    try:
        if await is_gone_within(exited, family, grace_s):
            return
    except asyncio.CancelledError:
        pass
    deadline = time.monotonic() + KILL_S
    while time.monotonic() < deadline:
        family.kill()
        try:
            if await is_gone_within(exited, family, 0.05):
                return
        except asyncio.CancelledError:
            continue  # it cannot be ended any faster


async def is_gone_within(exited: asyncio.Future[None], family: Family, patience_s: float) -> bool:
    """Wait until the leader is reaped and its family gone, asking more rarely as time goes on."""
    deadline = time.monotonic() + patience_s
    pause = 0.005
    while not (exited.done() and family.is_gone()):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        if exited.done():
            await asyncio.sleep(min(pause, left))
        else:
            await asyncio.wait({exited}, timeout=min(pause, left))
        pause = min(pause * 1.5, 0.1)
    return True


async def settled(future: asyncio.Future[Any]) -> bool:
    """Wait for `future` whatever happens; True when a cancel came meanwhile."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            cancelled = True
    return cancelled
