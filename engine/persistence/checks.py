"""What every store checks: ids that come in, runs that are asked for, turns before they are written. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..core.records import Batch, RunRecord
from ..errors import EngineBug, UsageError
from ..keys import RunId

_RUN_ID: Final = re.compile(r"[a-z0-9-]{1,64}")


def check_order(batch: Batch, last: int) -> None:
    """EngineBug where the entries do not follow `last` without a gap."""
    for seq, entry in enumerate(batch.entries, start=last + 1):
        if entry.seq != seq:
            raise EngineBug("E-BUG-JOURNAL", f"run {batch.run_id}: entry {entry.seq} came where {seq} was due")


def unfinished_work(run: RunRecord, address: str) -> EngineBug:
    """Return the error for a run that was to end before its tasks had."""
    return EngineBug("E-BUG-UNFINISHED", f"run {run.id} cannot be {run.status.value}: {address} has not ended")


def is_id(text: str) -> bool:
    """True for what may be the id of a run, and the name of its folder."""
    return _RUN_ID.fullmatch(text) is not None


def check_id(run_id: str) -> None:
    """UsageError `E-RUN-ID` for what cannot become an id."""
    if not is_id(run_id):
        raise UsageError("E-RUN-ID", f"{run_id!r} is no run id: 1 to 64 lower-case letters, digits and dashes")


def unknown_run(reference: str) -> UsageError:
    """Return the error for a run that is not in the store."""
    return UsageError("E-RUN-UNKNOWN", f"no run {reference!r} in this store; `highway-tui runs` lists them")


def folder_of(base: Path, run_id: str) -> Path:
    """Return the run's folder under `base`; UsageError `E-RUN-UNKNOWN` for what can be no id, such as `../x`."""
    if not is_id(run_id):
        raise unknown_run(run_id)
    return base / run_id


def choose_run(reference: str, found: Sequence[str]) -> RunId:
    """Return the run meant by `reference` among those that start with it, in order."""
    if reference == "@latest" and not found:
        raise UsageError("E-RUN-UNKNOWN", "there is no run yet")
    if reference in found or len(found) == 1:
        return RunId(reference if reference in found else found[0])
    if not found:
        raise unknown_run(reference)
    some = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
    raise UsageError("E-RUN-AMBIGUOUS", f"{reference!r} may be any of {some}; give more of it")
