"""One executor per runtime. `EXECUTORS` is the table; a new runtime is a module here and a line there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ...core.calls import Outcome, TaskCall
from ...core.ports import Executor, LogSink, ToolRegistry
from ...errors import ErrorInfo

ExecutorFactory: TypeAlias = Callable[[ToolRegistry, int], Executor]
"""`(registry, most calls at once) -> executor`."""


class UnavailableExecutor:
    """Stands for a runtime that this version accepts in a file and cannot run."""

    def __init__(self, runtime: str) -> None:
        """`runtime` is named in the error."""
        self._error: Final = ErrorInfo(
            code="E-NOT-YET", message=f"runtime {runtime} is not available in this version", retryable=False
        )

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:  # noqa: ARG002 - the port's signature
        """Fail the task."""
        return Outcome(
            key=call.key, attempt=call.attempt, generation=call.generation, status="failed", error=self._error
        )

    async def close(self) -> None:
        """Nothing is held."""


def _python(registry: ToolRegistry, threads: int) -> Executor:
    from .local_python import PythonExecutor

    return PythonExecutor(registry, threads)


def _shell(registry: ToolRegistry, threads: int) -> Executor:  # noqa: ARG001 - one signature for all factories
    from .shell import ShellExecutor

    return ShellExecutor()


def _docker(registry: ToolRegistry, threads: int) -> Executor:  # noqa: ARG001 - one signature for all factories
    return UnavailableExecutor("docker")


EXECUTORS: Final[Mapping[str, ExecutorFactory]] = {"docker": _docker, "python": _python, "shell": _shell}
"""By the name of the runtime."""
