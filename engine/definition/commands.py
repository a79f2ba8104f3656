"""Calls: tools that nobody knows, and values spliced into scripts."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from .canonical import BAD
from .holes import Hole, UnclosedHole, split
from .models import DockerTask, PythonTask, ShellTask, Task
from .static_analysis import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .context import Context
    from .document import Spot
    from .items import Item

_SHELLS: Final = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_COMMAND_FLAG: Final = re.compile(r"-[a-z]*c\Z")
_QUOTED: Final = re.compile(r"\|\s*quote\s*\Z")


def check_commands(context: Context) -> None:
    """Report unknown tools, and holes in scripts that are not quoted."""
    for item in context.items():
        if isinstance(item.operator, PythonTask):
            _check_tool(context, item, item.operator)
        if isinstance(item.operator, ShellTask) and item.operator.shell is not None:
            _check_shell(context, item, item.operator.shell)
        if isinstance(item.operator, Task) and item.operator.template:
            for script, spot in _scripts(item):
                _check_script(context, script, spot)


def _check_tool(context: Context, item: Item, task: PythonTask) -> None:
    name = task.function.removeprefix("tools.")
    if context.tools is None or ":" in name or name in context.tools or task.function == BAD:
        return
    message = f"unknown tool `{task.function}`"
    prefix = "tools." if name != task.function else ""
    fix = context.report.suggest(prefix + name, (prefix + tool for tool in sorted(context.tools)))
    context.add("W-TOOL", message, item.spot.find("function"), fix)


def _check_shell(context: Context, item: Item, shell: str | tuple[str, ...]) -> None:
    """Report a shell that is no command."""
    try:
        words = tuple(shlex.split(shell)) if isinstance(shell, str) else shell
    except ValueError as error:
        context.add("E-VALUE", f"`shell` cannot be split: {str(error).lower()}", item.spot.find("shell"))
        return
    if not words or not words[0]:
        context.add("E-VALUE", "`shell` names no program", item.spot.find("shell"), "write `bash -c`")


def _scripts(item: Item) -> Iterator[tuple[str, Spot]]:
    """Yield the texts of a task that a shell will read."""
    match item.operator:
        case ShellTask(run=run):
            yield run, item.spot.find("run")
        case DockerTask(command=command) if not isinstance(command, str):
            yield from _shell_argument(command, item.spot.find("command"))
        case PythonTask(function=function, args=args) if function.removeprefix("tools.") == "command.run":
            yield from _shell_argument(args, item.spot.find("args"))
        case PythonTask(function=function, args=(str(script), *_)) if function.removeprefix("tools.") == "shell.run":
            yield script, item.spot.find("args", 0)


def _shell_argument(command: Sequence[object], spot: Spot) -> Iterator[tuple[str, Spot]]:
    """Yield the script of `sh -c SCRIPT`."""
    if not command or str(command[0]).rpartition("/")[2] not in _SHELLS:
        return
    for position, argument in enumerate(command[1:-1], start=1):
        if isinstance(argument, str) and _COMMAND_FLAG.match(argument):
            script = command[position + 1]
            if isinstance(script, str):
                yield script, spot.find(position + 1)
            return


def _check_script(context: Context, script: str, spot: Spot) -> None:
    try:
        parts = split(script)
    except UnclosedHole:
        return  # an error of its own, found where templates are checked
    for part in parts:
        if (
            isinstance(part, Hole)
            and not _QUOTED.search(part.inner)
            and references(f"{{{{{part.inner}}}}}", condition=False)
        ):
            place = context.source.place(spot, part.start, part.end - part.start)
            inner = part.inner.strip()
            message = f"the value of `{inner}` becomes part of the script"
            context.report.add("W-SPLICE", message, place, f"write `{{{{ {inner} | quote }}}}`, or pass it in `env`")
