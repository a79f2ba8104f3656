"""`validate`: every problem of every file, with its place. Nothing runs; neither the store nor the UI is imported."""

from __future__ import annotations

import click

from engine import Problem, load_workflow

from ..cli import json_option
from ..diagnostics import print_problems, problem_document, summary
from ..exits import Exit
from ..output import Output


@click.command("validate", short_help="say what is wrong with workflow files, and where")
@click.argument("files", nargs=-1, required=True, metavar="FLOW.yaml…", type=click.Path())
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@json_option
def command(files: tuple[str, ...], *, strict: bool, ascii_only: bool, as_json: bool) -> int:
    """Check workflow files; exit code 2 where one cannot run."""
    out = Output(ascii_only=ascii_only)
    found: list[Problem] = []
    for file in files:
        loaded = load_workflow(file)
        found += loaded.problems
        if not as_json:
            print_problems(out, loaded.problems, loaded)
            out.line(summary(file, loaded.problems))
    if as_json:
        out.json({"schema": "highway.problems/1", "problems": [problem_document(problem) for problem in found]})
    fatal = {"error", "warning"} if strict else {"error"}
    return Exit.USAGE if any(problem.severity in fatal for problem in found) else Exit.OK
