"""`approve`: let a task go on that waits for a person."""

from __future__ import annotations

import click

from engine import JsonValue, parse_value

from ..asking import ask
from ..cli import store_option


@click.command("approve", short_help="let a task go on that waits for approval")
@click.argument("run", metavar="RUN")
@click.argument("task", metavar="TASK")
@click.option("-i", "--input", "inputs", multiple=True, metavar="key=value", help="A value to answer with (repeat).")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
@store_option
def command(run: str, task: str, inputs: tuple[str, ...], message: str, url: str | None) -> int:
    """Approve what TASK (an address) waits for."""
    request: dict[str, JsonValue] = {"verb": "approve", "task": task, "values": _values(inputs), "message": message}
    return ask(url, run, request, f"has the answer: {task} is approved")


def _values(inputs: tuple[str, ...]) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {}
    for text in inputs:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise click.UsageError(f"-i {text!r} is no key=value")
        values[key] = parse_value(value)
    return values
