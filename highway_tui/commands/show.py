"""`show`: one run or one task of it, as it stands in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Final

import click

from engine import JsonValue, RunId, RunReader, TaskRecord, default_url, open_reader

from ..cli import json_option, store_option
from ..documents import duration, root_names, show_document, value_of
from ..output import Output, clean, shorten
from ..references import tasks_under
from ..sentences import chip_time, why

_VALUE: Final = 120
"""Characters of a value that are shown; `--json` shows all of it."""


@click.command("show", short_help="show a run, or one task of it")
@click.argument("reference", metavar="RUN[/TASK]")
@store_option
@json_option
def command(reference: str, url: str | None, *, as_json: bool) -> int:
    """Show a run: its tasks, results, variables and memory. With TASK (an address), that task and what is inside it."""
    out = Output()
    run, _, address = reference.partition("/")
    reader = open_reader(url or default_url())
    try:
        run_id = reader.resolve(run)
        tasks = tasks_under(reader.tasks(run_id), address)
        if as_json:
            out.json(show_document(reader, run_id, tasks))
            return 0
        _run(out, reader, run_id)
        _tasks(out, tasks)
        if address:
            _task(out, reader, run_id, tasks[0])
        else:
            _names(out, reader, run_id)
    finally:
        reader.close()
    return 0


def _run(out: Output, reader: RunReader, run_id: RunId) -> None:
    record = reader.run(run_id)
    out.line(f"{out.glyph(record.status)} run {record.id} {out.word(record.status)}")
    out.line(f"  workflow    {clean(record.name)}")
    if record.path:
        out.line(f"  file        {clean(record.path)}")
    out.line(f"  definition  sha256 {record.definition_sha256}")
    if record.started_at is not None:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started_at))
        out.line(f"  started     {began}, took {chip_time(duration(record)) or 'no end yet'}")
    pid = reader.owner_pid(run_id)
    if pid is not None:
        out.line(f"  owner       process {pid}")
    if record.error is not None:
        out.line(f"  error       {clean(record.error.message)} [{record.error.code}]")


def _tasks(out: Output, tasks: Sequence[TaskRecord]) -> None:
    out.line()
    width = min(60, max((len(task.key.address) for task in tasks), default=0))
    for task in tasks:
        took = chip_time(duration(task)).rjust(6)
        address = clean(task.key.address).ljust(width)
        cause = clean(why(task))
        out.line(f"{out.glyph(task.status)} {address}  {out.word(task.status, 15)} {took}  {cause}".rstrip())


def _task(out: Output, reader: RunReader, run_id: RunId, task: TaskRecord) -> None:
    out.line()
    for attempt in reader.attempts(run_id, task.key):
        error = f": {clean(attempt.error.message)} [{attempt.error.code}]" if attempt.error else ""
        again = f"generation {attempt.generation}, " if attempt.generation > 1 else ""
        out.line(f"{again}attempt {attempt.attempt}  {out.word(attempt.status)}{error}")
        if attempt.arguments is not None:
            out.line(f"  arguments  {_shown(attempt.arguments)}")
    if task.result is not None:
        out.line(f"result  {_shown(value_of(task.result, reader.values(run_id, [task.result])))}")


def _names(out: Output, reader: RunReader, run_id: RunId) -> None:
    names = root_names(reader, run_id)
    values = reader.values(run_id, [name.ref for name in names if name.ref])
    for kind, title in (("param", "params"), ("variable", "variables"), ("memory", "memory"), ("result", "results")):
        chosen = [name for name in names if name.kind == kind]
        if chosen:
            out.line()
            out.line(title)
        for name in chosen:
            value = value_of(name.ref, values) if kind == "result" else name.value
            out.line(f"  {clean(name.name)} = {_shown(value)}")


def _shown(value: JsonValue) -> str:
    return shorten(clean(json.dumps(value, ensure_ascii=False)), _VALUE)
