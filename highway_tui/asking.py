"""What the verbs share that ask the owner of a run for something: they name the run, ask, and say what was agreed."""

from __future__ import annotations

from collections.abc import Mapping

from engine import JsonValue, control, default_url, open_reader

from .output import Output, clean


def ask(url: str | None, reference: str, request: Mapping[str, JsonValue], agreed: str) -> int:
    """Send `request` to the owner of the run and print `run ID <agreed>` once that is saved. UsageError otherwise."""
    store = url or default_url()
    reader = open_reader(store)
    try:
        run_id = reader.resolve(reference)
    finally:
        reader.close()
    control(store, run_id, request)
    Output().line(f"run {run_id} {clean(agreed)}")
    return 0
