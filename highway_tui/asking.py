"""What the verbs share that ask the owner of a run for something: they name the run, ask, and say what was agreed."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from engine import JsonValue, control, default_url, open_reader

from .output import Output, clean


def ask(url: str | None, reference: str, request: Mapping[str, JsonValue], agreed: str) -> int:
    """Send `request` to the owner of the run and print `run ID <agreed>` once that is saved. UsageError otherwise.

    A run that its owner left waiting has it written into it; the line says how to go on.
    """
    store = url or default_url()
    reader = open_reader(store)
    try:
        run_id = reader.resolve(reference)
    finally:
        reader.close()
    lives = control(store, run_id, request)
    then = "" if lives else f"; `highway-tui resume {run_id}` goes on with it"
    Output().line(f"run {run_id} {clean(agreed)}{then}")
    return 0


def json_value(text: str | None) -> JsonValue:
    """Read what was given as JSON; None where nothing was."""
    if text is None:
        return None
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{text!r} is no JSON: {error}") from error
    return value
