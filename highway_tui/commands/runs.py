"""`runs`: what the store knows, newest first. Statuses are derived; reading changes none."""

from __future__ import annotations

import time

import click

from engine import default_url, open_reader

from ..cli import json_option, store_option
from ..documents import duration, run_document
from ..output import Output, cells, clean, shorten
from ..sentences import chip_time


@click.command("runs", short_help="list the runs")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1), help="How many at most.")
@store_option
@json_option
def command(url: str | None, limit: int, *, as_json: bool) -> int:
    """List the runs, newest first."""
    out = Output()
    reader = open_reader(url or default_url())
    try:
        records = reader.runs(limit=limit)
    finally:
        reader.close()
    if as_json:
        out.json({"schema": "highway.runs/1", "runs": [run_document(record) for record in records]})
        return 0
    width = max((len(record.id) for record in records), default=0)
    for record in records:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started_at or record.created_at))
        took = chip_time(duration(record)).rjust(6)
        name = shorten(clean(record.name), 40)
        padding = " " * max(0, 40 - cells(name))
        out.line(
            f"{record.id.ljust(width)}  {out.glyph(record.status)} {out.word(record.status, 11)}  {began}  {took}  "
            f"{name}{padding}  {record.done}/{record.total}",
        )
    if not records:
        out.line("no runs yet")
    return 0
