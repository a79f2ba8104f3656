"""`signal`: tell a run that an event happened."""

from __future__ import annotations

import click

from ..asking import ask, json_value
from ..cli import store_option


@click.command("signal", short_help="tell a run that an event happened")
@click.argument("run", metavar="RUN")
@click.argument("event", metavar="EVENT")
@click.option("-p", "--payload", metavar="JSON", help="What the event carries; nothing where left out.")
@store_option
def command(run: str, event: str, payload: str | None, url: str | None) -> int:
    """Send an event to a run: what waits for it goes on, and what waits for it later finds it."""
    request = {"verb": "signal", "event": event, "payload": json_value(payload)}
    return ask(url, run, request, f"has the event {event}")
