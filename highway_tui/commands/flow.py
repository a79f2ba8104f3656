"""The nameless command: open the UI, or run a workflow file in it or headless."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..cli import VERBS
from ..settings import RunSettings, StartWishes, run_options, start_logging, start_wishes


class _Nameless(click.Command):
    """Its help is that of the whole program."""

    def get_help(self, ctx: click.Context) -> str:
        return ctx.parent.get_help() if ctx.parent else super().get_help(ctx)


@click.command("flow", cls=_Nameless, hidden=True)
@click.argument("file", required=False, metavar="[FLOW.yaml]")
@start_wishes
@click.option("--no-start", is_flag=True, help="Open the UI without running.")
@run_options
def command(*, settings: RunSettings, wanted: StartWishes, file: str | None, no_start: bool) -> int:
    """Open the UI, or run a workflow."""
    if file is None:
        return _open_list(settings, is_bare=not no_start and wanted == StartWishes())
    _check_exists(file)
    if settings.headless and no_start:
        raise click.UsageError("--no-start opens the UI, and this is headless; `highway-tui validate` only checks")
    start_logging(settings)
    if settings.headless:
        from ..headless import run_file

        return run_file(settings, file, wanted)
    return _open_file(settings, file, wanted, start=not no_start)


def _check_exists(file: str) -> None:
    """One clear line for a word that is neither verb nor file. What a file that exists is, its loader tells."""
    if os.path.lexists(file):
        return
    from difflib import get_close_matches

    near = get_close_matches(file, VERBS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    verb = "" if Path(file).suffix else "verb or "
    raise click.UsageError(f"there is no {verb}file {file!r}{hint}")


def _open_list(settings: RunSettings, *, is_bare: bool) -> int:
    if not is_bare:
        raise click.UsageError("-p, --run-id, --keep-going and --no-start need a workflow file")
    if settings.headless:
        raise click.UsageError("the UI needs a terminal; `highway-tui runs` lists the runs")
    start_logging(settings)
    from ..app import HighwayApp
    from ..options import UiOptions

    return HighwayApp(UiOptions(url=settings.url, ascii_only=settings.ascii_only)).run() or 0


def _open_file(settings: RunSettings, file: str, wanted: StartWishes, *, start: bool) -> int:
    if wanted.run_id is not None and _is_known(settings.url, wanted.run_id):
        from ..assignments import secret_params
        from .resume import resume

        return resume(settings, wanted.run_id, secret_params(wanted.assignments))
    from engine import load_workflow

    from ..app import HighwayApp
    from ..assignments import split_assignments
    from ..options import UiOptions

    plan = load_workflow(file).plan if wanted.assignments else None
    if wanted.assignments and plan is None:
        raise click.UsageError(f"{file} has errors; -p needs a file without them")
    params, variables = split_assignments(plan, wanted.assignments) if plan is not None else ({}, {})
    options = UiOptions(
        url=settings.url,
        workflow=Path(file),
        start=start,
        params=params,
        variables=variables,
        keep_going=wanted.keep_going,
        run_id=wanted.run_id,
        ascii_only=settings.ascii_only,
    )
    return HighwayApp(options).run() or 0


def _is_known(url: str, run_id: str) -> bool:
    """Say whether the store has a run of exactly this id."""
    from engine import RunId, UsageError, open_reader

    reader = open_reader(url)
    try:
        reader.run(RunId(run_id))
    except UsageError:
        return False
    finally:
        reader.close()
    return True
