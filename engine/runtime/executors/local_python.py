"""Runs tools and the functions of workflow authors. The engine's loop is never held up by code that is not ours.

| function | where it runs | when it is given up |
|---|---|---|
| tool, coroutine function | the engine's loop | cancelled; a process it runs is ended first |
| tool, `inline` | the engine's loop, no await | never |
| tool, plain | a worker thread | left behind |
| author's, plain | a worker thread | left behind: Python cannot end a thread; its result is dropped |
| author's, coroutine function | a worker thread with a loop of its own | cancelled there |
| author's, `isolate: process` | a worker process | TERM, grace, KILL |

An author's function that looks at `ctx.cancelled` is told first, and left behind only when its grace is over.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...core.calls import Outcome, TaskCall
from ...core.ports import LogSink, ToolRegistry
from ...errors import ErrorInfo, TaskFailure
from ...processes.watchdog import WATCHDOG
from ...tools.context import CURRENT, Resources, ToolContext
from ...tools.function_context import CancelToken, TaskContext, asks_for_context, with_context
from ...tools.spec import bare, spec_of
from .outcomes import cancelled, failed, succeeded, timed_out
from .threads import Job, WorkerPool
from .values import error_of, to_json, user_traceback
from .worker_pool import Answer, WorkerProcesses, facts_of


class PythonExecutor:
    """The port `Executor` for `runtime: python`. Memory tools never come here: they run inside a turn."""

    def __init__(self, registry: ToolRegistry, threads: int, environment: Mapping[str, str] | None = None) -> None:
        """Use up to `threads` threads. `environment` is what children inherit; None: this process's, as it is now."""
        self._registry: Final = registry
        self._names: Final = registry.names()
        self._tools: dict[str, Callable[..., object]] = {}
        self._pool: Final = WorkerPool(threads)
        self._environment: Final = dict(os.environ) if environment is None else environment
        self._processes: Final = WorkerProcesses(self._environment)
        self._resources: Final = Resources()

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:
        """Run one attempt. A thread cannot be ended: it is left behind at the deadline, its late result dropped."""
        context = ToolContext(
            call=call, log=log, spawned=spawned, environment=self._environment, resources=self._resources
        )
        token = CURRENT.set(context)
        try:
            if call.timeout_s is None:
                answer = await self._answer(context)
            else:
                async with asyncio.timeout(call.timeout_s) as limit:
                    answer = await self._answer(context)
        except asyncio.CancelledError:
            return cancelled(call)
        except TimeoutError:
            return timed_out(call) if limit.expired() else cancelled(call)
        finally:
            CURRENT.reset(token)
            if context.unfinished:
                context.flush()
        value, error = answer
        return failed(call, error) if error is not None else succeeded(call, value, truncated=context.truncated)

    async def close(self) -> None:
        """End the threads that can be ended and give back what tools share."""
        await self._resources.close()
        await self._processes.close()
        await self._pool.close()

    async def _answer(self, context: ToolContext) -> Answer:
        """Find the function and run it where it belongs. Raises CancelledError alone."""
        call = context.call
        tool = self._tools.get(call.function)
        if tool is None and bare(call.function) in self._names:
            # Importing a tool's libraries may take long: not on the loop.
            found = await self._pool.run(lambda _: _found(self._registry, call))
            if isinstance(found, ErrorInfo):
                return None, found
            tool = self._tools[call.function] = found
        spec = None if tool is None else spec_of(tool)
        if tool is None and call.isolate == "process":
            return await self._in_process(context)
        if spec is None:
            WATCHDOG.cover_this_process()
        if tool is None or spec is None or not spec.on_loop:
            return await self._pool.run(lambda job: _in_thread(self._registry, context, job))
        try:
            value = tool(*call.args, **call.kwargs)
            return to_json(await value if inspect.isawaitable(value) else value), None
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is its task's failure
            return None, _described(error, context.log)

    async def _in_process(self, context: ToolContext) -> Answer:
        try:
            return await self._processes.run(context.call, context.log, context.spawned)
        except TaskFailure as failure:
            return None, failure.info


def _found(registry: ToolRegistry, call: TaskCall) -> Callable[..., object] | ErrorInfo:
    """Look a function up, in a thread."""
    try:
        return registry.function(call.function, call.folder)
    except Exception as error:  # noqa: BLE001 - a tool whose library is missing fails its task
        return error_of(error)


def _in_thread(registry: ToolRegistry, context: ToolContext, job: Job[Answer]) -> Answer:
    """Look the function up, call it and check its result, in a thread."""
    call = context.call
    token = CURRENT.set(context)
    try:
        function = registry.function(call.function, call.folder)
        args, kwargs = _arguments(function, context, job)
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = asyncio.run(_awaited(value, job))
        return to_json(value), None
    except BaseException as error:  # noqa: BLE001 - `sys.exit()` in a function ends the task, not the engine
        return None, _described(error, context.log)
    finally:
        CURRENT.reset(token)


def _arguments(
    function: Callable[..., object], context: ToolContext, job: Job[Answer]
) -> tuple[Sequence[object], Mapping[str, object]]:
    """Return what to call it with, its `ctx` included where it asks for one."""
    call = context.call
    if spec_of(function) is not None or not asks_for_context(function, call.kwargs):
        return call.args, call.kwargs
    token = CancelToken()

    def tell() -> float:
        token.set()
        if not token.watched:
            return 0.0
        context.log.line("warning", "stopping: the function was told to end")
        return call.grace_s

    job.tell = tell
    return with_context(function, call.args, call.kwargs, TaskContext(facts_of(call), context.log.line, token))


async def _awaited(value: object, job: Job[Answer]) -> object:
    """Await what an author's coroutine function returned; giving the call up cancels it."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is not None:
        job.on_abandon(lambda: loop.call_soon_threadsafe(task.cancel))
    return await value  # type: ignore[misc]  # asked with isawaitable


def _described(error: BaseException, log: LogSink) -> ErrorInfo:
    """Describe what was raised; the way to it goes into the log."""
    trace = user_traceback(error)
    if trace:
        log.line("error", trace)
    return error_of(error)
