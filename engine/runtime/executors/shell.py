"""Runs `runtime: shell`: a script given to bash, or to sh where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from ...core.calls import Outcome, TaskCall
from ...core.ports import LogSink
from ...errors import TaskFailure
from ...processes.results import text_or_failure
from ...processes.runner import Command, run_process
from ...processes.shells import shell_argv
from .outcomes import cancelled, failed, succeeded, timed_out


class ShellExecutor:
    """The port `Executor` for scripts. Holds nothing between calls."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` is what children inherit; None: this process's, as it is now."""
        self._environment: Final = dict(os.environ) if environment is None else environment

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:
        """Run one attempt until the process group is gone. The value is stdout without trailing newlines."""
        environment = {**self._environment, **call.env}
        try:
            command = Command(
                argv=shell_argv(call.script, environment.get("PATH")),
                env=environment,
                cwd=call.cwd,
                timeout_s=call.timeout_s,
                grace_s=call.grace_s,
            )
            result = await run_process(command, log, spawned)
            if result.cancelled:
                return cancelled(call)
            if result.timed_out:
                return timed_out(call)
            return succeeded(call, text_or_failure(result, log))
        except TaskFailure as failure:
            return failed(call, failure.info)

    async def close(self) -> None:
        """Nothing is held."""
