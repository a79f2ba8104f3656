"""Runs that nobody drives: bringing one back from its journal, and writing a wish into one that was left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ..core.desk import Desk
from ..core.ports import Store
from ..core.records import StoredDefinition
from ..core.scheduler import Scheduler
from ..core.state import RunState
from ..core.status import RunStatus
from ..core.value_cache import ValueCache
from ..definition.loading import load_text
from ..keys import RunId
from ..persistence.manager import open_store
from ..tools.registry import Registry, tool_names
from .clock import SystemClock

LEFT_ON_PURPOSE: Final = frozenset({RunStatus.WAITING, RunStatus.PAUSED})
"""What a run without an owner still is where its last one released it so; a reader says `interrupted` otherwise."""


def recall(store: Store, run_id: RunId) -> tuple[StoredDefinition, RunState, int]:
    """Fold the journal: what the run goes by, its state, and the place of the next entry. The lock is held."""
    definition = store.definition(run_id)
    loaded = load_text(definition.text, definition.path, sources=definition.sources, tools=tool_names())
    state = RunState(run_id, loaded.require())
    entries = store.entries(run_id)
    for entry in entries:
        state.apply(entry.event, entry.at)
    return definition, state, len(entries) + 1


def write_wish(url: str, run_id: RunId, act: Callable[[Scheduler], object]) -> None:
    """Own a run for one write: let `act` happen to it and leave it as it was found, for a resume to go on with.

    UsageError of a wish that does not fit: nothing is written then. OwnedElsewhere where somebody was faster.
    """
    asyncio.run(_write_wish(url, run_id, act))


async def _write_wish(url: str, run_id: RunId, act: Callable[[Scheduler], object]) -> None:
    store = open_store(url)
    try:
        epoch = await store.claim(run_id, "")
        try:
            definition, state, next_seq = recall(store, run_id)
            desk = Desk(
                state=state,
                values=ValueCache(lambda refs: store.values(run_id, refs)),
                tools=Registry(),
                env={},
                now=SystemClock().now(),
            )
            scheduler = Scheduler(state, desk, definition.path, next_seq)
            act(scheduler)
            if (turn := scheduler.take()) is not None:
                await store.append(replace(turn.batch, epoch=epoch))
        finally:
            await store.release(run_id)
    finally:
        store.close()
