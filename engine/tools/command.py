"""Commands and scripts as tools. They end when the task ends: the process group is gone before the call returns."""

from __future__ import annotations

import asyncio
import shlex

from ..errors import ErrorInfo, TaskFailure
from ..keys import JsonValue
from ..processes.results import text_or_failure
from ..processes.runner import Command, run_process
from ..processes.shells import shell_argv
from .context import current
from .spec import tool


@tool("command.run")
async def run(*args: JsonValue) -> str:
    """Run a program without a shell and return its stdout without trailing newlines.

    One text is split as a shell would split it; several arguments, or one list, are the argv as it is. Fails with
    `E-EXIT`, `E-SIGNAL`, `E-COMMAND` (cannot be started) or `E-ARGUMENTS`.
    """
    return await _run(_argv(args))


@tool("shell.run")
async def run_script(script: str) -> str:
    """Run a script as `runtime: shell` does and return its stdout without trailing newlines."""
    if not isinstance(script, str):
        raise _refused("shell.run takes one text, the script")
    context = current()
    path = context.call.env.get("PATH", context.environment.get("PATH"))
    return await _run(shell_argv(script, path))


async def _run(argv: tuple[str, ...]) -> str:
    """Run to the end. The executor keeps the time; its cancel arrives here, and goes on when the group is gone."""
    context = current()
    call = context.call
    command = Command(
        argv=argv,
        env={**context.environment, **call.env},
        cwd=call.cwd,
        stdin=None if call.stdin is None else call.stdin.encode("utf-8", "surrogateescape"),
        grace_s=call.grace_s,
    )
    result = await run_process(command, context.log, context.spawned)
    if result.cancelled:
        raise asyncio.CancelledError
    context.truncated = result.truncated
    return text_or_failure(result, context.log)


def _argv(args: tuple[JsonValue, ...]) -> tuple[str, ...]:
    """Make the argv of what the workflow wrote; numbers are written as text."""
    if len(args) == 1 and isinstance(args[0], str):
        try:
            argv = tuple(shlex.split(args[0]))
        except ValueError as error:
            raise _refused(f"command.run cannot split its text: {str(error).lower()}") from error
    else:
        parts = args[0] if len(args) == 1 and isinstance(args[0], list) else args
        argv = tuple(_word(part) for part in parts)
    if not argv or not argv[0]:
        raise _refused("command.run needs a program to run")
    return argv


def _word(part: JsonValue) -> str:
    """Return one argument as text."""
    if isinstance(part, bool) or not isinstance(part, str | int | float):
        raise _refused(f"command.run takes texts and numbers, not {part!r:.60}")
    return str(part)


def _refused(message: str) -> TaskFailure:
    """Fail the task: the same arguments never work."""
    return TaskFailure(ErrorInfo(code="E-ARGUMENTS", message=message, retryable=False))
