"""What the options of a command that runs something come to: read once, at the edge, then frozen."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .cli import store_option


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How to run, where to keep it and how much to say."""

    url: str
    ui: bool | None
    """True and False force it; None lets the surroundings decide."""
    as_json: bool
    verbosity: int
    """-1 failures and the end only, 0 state changes and `log` lines, 1 all output."""
    pass_code: bool
    """Headless: a failed run returns the exit code of the task that failed first."""
    ascii_only: bool
    log_file: Path | None
    """None is the default file in the state folder."""

    @property
    def headless(self) -> bool:
        """Whether this run has no UI: asked for, or because nobody could see one."""
        if self.ui is not None:
            return not self.ui
        return self.as_json or not sys.stdout.isatty() or os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWishes:
    """What a caller wants of a new run."""

    assignments: tuple[str, ...] = ()
    """`key=value`, as typed."""
    run_id: str | None = None
    """None lets the engine choose."""
    keep_going: bool = False


def start_wishes(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of `StartWishes` to a command, which gets them as `wanted`."""

    @click.option("-p", "assignments", multiple=True, metavar="key=value", help="Set a param or variable (repeat).")
    @click.option("--run-id", metavar="ID", help="Id of the run; a known one is resumed, or reported if it succeeded.")
    @click.option("--keep-going", is_flag=True, help="A failure stops only what depends on it.")
    @functools.wraps(function)
    def wrapper(
        assignments: tuple[str, ...],
        run_id: str | None,
        *,
        keep_going: bool,
        **options: Any,  # noqa: ANN401 - whatever the command declares
    ) -> int:
        wanted = StartWishes(assignments=assignments, run_id=run_id, keep_going=keep_going)
        return function(wanted=wanted, **options)

    return wrapper


def run_options(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of `RunSettings` to a command, which gets them as `settings`."""

    @store_option
    @click.option("--ui/--no-ui", "ui", default=None, help="Force the UI, or run headless.")
    @click.option("--json", "as_json", is_flag=True, help="Headless: print one event a line.")
    @click.option("-v", "--verbose", is_flag=True, help="Headless: show all output of the tasks.")
    @click.option("-q", "--quiet", is_flag=True, help="Headless: show failures and the end only.")
    @click.option("-x", "--exit-code", "pass_code", is_flag=True, help="Headless: return the failed task's own code.")
    @click.option("--log-file", type=click.Path(dir_okay=False, path_type=Path), help="The engine's own log.")
    @click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
    @functools.wraps(function)
    def wrapper(url: str | None, *, verbose: bool, quiet: bool, **options: Any) -> int:  # noqa: ANN401 - whatever the command declares
        if verbose and quiet:
            raise click.UsageError("-v and -q exclude each other")
        if options["as_json"] and options["ui"]:
            raise click.UsageError("--json and --ui exclude each other")
        from engine import default_url

        settings = RunSettings(
            url=url or default_url(),
            ui=options.pop("ui"),
            as_json=options.pop("as_json"),
            verbosity=int(verbose) - int(quiet),
            pass_code=options.pop("pass_code"),
            ascii_only=options.pop("ascii_only"),
            log_file=options.pop("log_file"),
        )
        return function(settings=settings, **options)

    return wrapper


def start_logging(settings: RunSettings) -> None:
    """Send the engine's log to its file. One that was asked for and cannot be written is a usage error."""
    from .logfile import configure, silence
    from .output import complain

    try:
        configure(settings.log_file)
    except OSError as error:
        if settings.log_file is not None:
            raise click.UsageError(f"cannot write {settings.log_file}: {error.strerror}") from error
        silence()
        complain(f"there is no engine log: {error}")
