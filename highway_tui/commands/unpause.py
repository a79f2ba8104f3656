"""`unpause`: ask the process that runs it to go on with a paused run."""

from __future__ import annotations

import click

from ..asking import ask
from ..cli import store_option


@click.command("unpause", short_help="go on with a run that was paused")
@click.argument("run", metavar="RUN")
@store_option
def command(run: str, url: str | None) -> int:
    """Go on with a run that was paused."""
    return ask(url, run, {"verb": "unpause"}, "goes on")
