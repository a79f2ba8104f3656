"""`logs`: what the tasks of a run wrote, merged by time; `-f` goes on until the run is over."""

from __future__ import annotations

import time
from typing import Final

import click

from engine import RunId, RunReader, TaskKey, default_url, open_reader

from ..cli import store_option
from ..output import Output, clock
from ..references import tasks_under
from ..tails import Tail, log_text, merged, named_line

_POLL_S: Final = 0.3


@click.command("logs", short_help="print what the tasks of a run wrote")
@click.argument("run", metavar="RUN")
@click.argument("task", required=False, default="", metavar="[TASK]")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the run is over.")
@store_option
def command(run: str, task: str, url: str | None, *, follow: bool) -> int:
    """Print the log of one task (an address, with everything inside it) or of all tasks."""
    out = Output()
    reader = open_reader(url or default_url())
    try:
        _print(out, reader, reader.resolve(run), task, follow=follow)
    finally:
        reader.close()
    return 0


def _print(out: Output, reader: RunReader, run_id: RunId, address: str, *, follow: bool) -> None:
    folder = reader.run_folder(run_id)
    tails: dict[TaskKey, Tail] = {}
    while not out.is_closed():
        is_over = not follow or reader.run(run_id).status.terminal or reader.owner_pid(run_id) is None
        tasks = tasks_under(reader.tasks(run_id), address)
        is_one = bool(address) and len(tasks) == 1
        calls = [task for task in tasks if task.operator == "task" and task.attempts]
        for key, line in merged((task, tails.setdefault(task.key, Tail(folder, task.key))) for task in calls):
            out.line(f"{clock(line.at)}  {log_text(out, line)}" if is_one else named_line(out, key, line))
            if out.is_closed():
                break
        out.flush()
        if is_over:
            break
        time.sleep(_POLL_S)
    for tail in tails.values():
        tail.close()
