"""The command line: a first word that is no verb is a workflow file. Verbs are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar

import click

FLOW: Final = "flow"
"""The nameless command: open the UI, or run a file."""

VERBS: Final = {
    "validate": "say what is wrong with workflow files, and where",
    "runs": "list the runs",
    "show": "show a run, or one task of it",
    "logs": "print what the tasks of a run wrote",
    "resume": "go on with a run that was interrupted, failed or cancelled",
    "cancel": "end a run that another process is running, or one task of it",
    "pause": "start nothing new of a run that another process is running",
    "unpause": "go on with a run that was paused",
    "signal": "tell a run that an event happened",
    "approve": "let a task go on that waits for approval",
    "reject": "let a task fail that waits for approval",
}

_HELP: Final = """\
Run YAML workflows, see them live, and lose nothing.

Without FLOW.yaml the UI opens on the list of runs; with it, the UI checks the file and starts it. Where stdout is no
terminal, or CI=true, the workflow runs headless.

RUN is the id of a run, the beginning of one, or @latest.
"""
_CODES: Final = """\
Exit codes: 0 succeeded, 1 failed, 2 usage or invalid workflow, 3 left waiting, 4 storage, 5 owned by another process,
124 timed out, 129/130/143 ended by a signal or cancelled.
"""


class Verbs(click.Group):
    """Finds the verb, or hands everything to the nameless command."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name != FLOW and cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f".commands.{cmd_name}", __package__).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {*VERBS, "--help", "-h", "--version"}
        return super().parse_args(ctx, args if args and args[0] in own else [FLOW, *args])

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        formatter.write_usage("highway-tui", "[FLOW.yaml] [OPTIONS]")
        formatter.write_usage("highway-tui", "VERB …", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        flow = self.get_command(ctx, FLOW)
        if flow is not None:
            records = [record for option in flow.params if (record := option.get_help_record(ctx))]
            records += [record for option in self.get_params(ctx) if (record := option.get_help_record(ctx))]
            with formatter.section("Options"):
                formatter.write_dl(list(dict.fromkeys(records)))
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("highway-tui")
    except PackageNotFoundError:
        number = "(not installed)"
    click.echo(f"highway-tui {number}")
    ctx.exit()


@click.group(
    cls=Verbs,
    help=_HELP,
    epilog=_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def cli() -> None:
    """Only dispatches."""


_Function = TypeVar("_Function", bound=Callable[..., Any])


def store_option(function: _Function) -> _Function:
    """`--db`, which every verb takes."""
    return click.option(
        "--db",
        "url",
        envvar="HIGHWAY_DB",
        metavar="URL",
        help="Where runs are kept (or HIGHWAY_DB): a file or a database URL.",
    )(function)


def json_option(function: _Function) -> _Function:
    """`--json`, for the verbs that print data."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
