"""`cancel`: ask the process that runs it to end a run, or one task of it."""

from __future__ import annotations

import click

from ..asking import ask
from ..cli import store_option


@click.command("cancel", short_help="end a run that another process is running, or one task of it")
@click.argument("run", metavar="RUN")
@click.option("--task", metavar="TASK", help="End this task (an address) and what is inside it; the run goes on.")
@store_option
def command(run: str, task: str | None, url: str | None) -> int:
    """Cancel a run gracefully: nothing new starts, running tasks are ended, the state is written."""
    if task is None:
        return ask(url, run, {"verb": "cancel"}, "is being cancelled")
    return ask(url, run, {"verb": "cancel", "task": task}, f"is cancelling {task}")
