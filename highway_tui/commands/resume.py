"""`resume`: go on with a run of the store; what is finished stays finished."""

from __future__ import annotations

from collections.abc import Mapping

import click

from engine import JsonValue, RunStatus, open_reader

from ..assignments import secret_params
from ..settings import RunSettings, run_options, start_logging


@click.command("resume", short_help="go on with a run that was interrupted, failed or cancelled")
@click.argument("reference", metavar="RUN")
@click.option("-p", "assignments", multiple=True, metavar="key=value", help="Give a secret param again (repeat).")
@run_options
def command(reference: str, assignments: tuple[str, ...], *, settings: RunSettings) -> int:
    """Go on with a run; a succeeded one is reported."""
    start_logging(settings)
    return resume(settings, reference, secret_params(assignments))


def resume(settings: RunSettings, reference: str, params: Mapping[str, JsonValue]) -> int:
    """Go on with a run in the UI or headless; UsageError where `reference` names none. `params` are secret ones."""
    reader = open_reader(settings.url)
    try:
        run_id = reader.resolve(reference)
        has_succeeded = reader.run(run_id).status is RunStatus.SUCCEEDED
    finally:
        reader.close()
    if settings.headless or has_succeeded:
        from ..headless import resume_run

        return resume_run(settings, run_id, params)
    from ..app import HighwayApp
    from ..options import UiOptions

    options = UiOptions(url=settings.url, resume=run_id, params=params, ascii_only=settings.ascii_only)
    return HighwayApp(options).run() or 0
