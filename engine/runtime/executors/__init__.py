"""One executor per runtime. `EXECUTORS` is the table; a new runtime is a module here and a line there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ...core.ports import Executor, Recovering, ToolRegistry
from ...definition.plan import Plan
from ...definition.runtimes import runtimes_of
from ...keys import RunId

ExecutorFactory: TypeAlias = Callable[[ToolRegistry, int], Executor]
"""`(registry, most calls at once) -> executor`."""


def _python(registry: ToolRegistry, threads: int) -> Executor:
    from .local_python import PythonExecutor

    return PythonExecutor(registry, threads)


def _shell(registry: ToolRegistry, threads: int) -> Executor:  # noqa: ARG001 - one signature for all factories
    from .shell import ShellExecutor

    return ShellExecutor()


def _docker(registry: ToolRegistry, threads: int) -> Executor:  # noqa: ARG001 - one signature for all factories
    from .docker import DockerExecutor

    return DockerExecutor(threads)


EXECUTORS: Final[Mapping[str, ExecutorFactory]] = {"docker": _docker, "python": _python, "shell": _shell}
"""By the name of the runtime."""


async def recover(executors: Mapping[str, Executor], run_id: RunId, plan: Plan) -> None:
    """Let executors look at what the last owner of a run left, where the workflow uses them."""
    for name in sorted(runtimes_of(plan)):
        executor = executors[name]
        if isinstance(executor, Recovering):
            await executor.recover(run_id)
