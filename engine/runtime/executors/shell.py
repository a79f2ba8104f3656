"""Runs `runtime: shell`: a script given to bash, to sh where there is none, or to the shell that the task names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from ...core.calls import Outcome, TaskCall
from ...core.ports import LogSink
from ...errors import TaskFailure
from ...processes.results import read_as, text_or_failure
from ...processes.runner import Command, run_process
from ...processes.shells import shell_argv
from .outcomes import cancelled, failed, succeeded, timed_out
from .values import to_json


class ShellExecutor:
    """The port `Executor` for scripts. Holds nothing between calls."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` is what children inherit; None: this process's, as it is now."""
        self._environment: Final = dict(os.environ) if environment is None else environment

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:
        """Run one attempt until the process group is gone. The value is stdout in the form that the task asks for."""
        options = call.options
        environment = {**self._environment, **call.env}
        try:
            command = Command(
                argv=shell_argv(call.script, environment.get("PATH"), options.shell),
                env=environment,
                cwd=call.cwd,
                stdin=None if call.stdin is None else call.stdin.encode("utf-8", "surrogateescape"),
                pty=options.pty,
                timeout_s=call.timeout_s,
                grace_s=call.grace_s,
            )
            result = await run_process(command, log, spawned)
            if result.cancelled:
                return cancelled(call)
            if result.timed_out:
                return timed_out(call)
            text = text_or_failure(result, log, options.exit_codes_ok)
            value = to_json(read_as(text, options.result_format, truncated=result.truncated))
            return succeeded(call, value, truncated=result.truncated)
        except TaskFailure as failure:
            return failed(call, failure.info)

    async def close(self) -> None:
        """Nothing is held."""
