"""`pause`: ask the process that runs it to start nothing new of a run."""

from __future__ import annotations

import click

from ..asking import ask
from ..cli import store_option


@click.command("pause", short_help="start nothing new of a run that another process is running")
@click.argument("run", metavar="RUN")
@store_option
def command(run: str, url: str | None) -> int:
    """Start nothing new of a run; what is running may end. `unpause` goes on with it."""
    return ask(url, run, {"verb": "pause"}, "is paused")
