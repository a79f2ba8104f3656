"""`reject`: let a task fail that waits for a person."""

from __future__ import annotations

import click

from ..asking import ask
from ..cli import store_option


@click.command("reject", short_help="let a task fail that waits for approval")
@click.argument("run", metavar="RUN")
@click.argument("task", metavar="TASK")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
@store_option
def command(run: str, task: str, message: str, url: str | None) -> int:
    """Reject what TASK (an address) waits for."""
    request = {"verb": "reject", "task": task, "message": message}
    return ask(url, run, request, f"has the answer: {task} is rejected")
