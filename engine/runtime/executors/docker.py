"""Runs `runtime: docker`: the SDK in worker threads, for it blocks. The call is over when its container is removed.

A container outlives a killed engine. `recover` finds those of a run by their label: one that still runs is taken over
by the call that asks with the same idempotency key, everything else is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ...core.calls import Outcome, TaskCall
from ...core.ports import LogSink
from ...errors import ErrorInfo, TaskFailure
from ...keys import RunId
from ...processes.ending import KILL_S
from .container import ContainerRun
from .docker_daemon import Daemon
from .outcomes import cancelled, failed, succeeded, timed_out
from .threads import WorkerPool
from .values import error_of

_Answer: TypeAlias = "str | ErrorInfo"
_logger: Final = logging.getLogger(__name__)


class DockerExecutor:
    """The ports `Executor` and `Recovering` for containers. Nothing is imported or connected before the first call."""

    def __init__(self, threads: int, environment: Mapping[str, str] | None = None) -> None:
        """Run up to `threads` containers. `environment` names the daemon; None: this process's, as it is now."""
        self._calls: Final = WorkerPool(threads)
        self._stops: Final = WorkerPool(threads)
        """Apart, so that a stop never waits for what it shall end."""
        self._environment: Final = dict(os.environ) if environment is None else environment
        self._daemon: Daemon | None = None
        self._left: Final[dict[RunId, dict[str, str]]] = {}
        """Containers that may be taken over: id by idempotency key."""

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Outcome:  # noqa: ARG002 - a container's pid belongs to the daemon's machine
        """Run one attempt until its container is gone. The value is stdout without trailing newlines."""
        was_cancelled, done = False, False
        try:
            daemon = await self._connected()
        except asyncio.CancelledError:
            return cancelled(call)
        adopted = self._left.get(call.run_id, {}).pop(call.idempotency_key, None)
        attempt = ContainerRun(daemon, call, log, adopted)
        work = asyncio.create_task(self._calls.run(lambda _: _answer(attempt)))
        try:
            done = bool((await asyncio.wait({work}, timeout=call.timeout_s))[0])
        except asyncio.CancelledError:
            was_cancelled = True
        if was_cancelled or not done:
            await self._end(attempt, work, call.grace_s)
            return cancelled(call) if was_cancelled else timed_out(call)
        answer = work.result()
        return failed(call, answer) if isinstance(answer, ErrorInfo) else succeeded(call, answer)

    async def recover(self, run_id: RunId) -> None:
        """Keep the running containers of a run for the calls that will ask for them; remove its other ones.

        Without a daemon nothing happens: the calls will say so themselves.
        """
        daemon = await self._connected()
        self._left[run_id] = await self._stops.run(lambda _: _recovered(daemon, run_id))

    async def sweep(self, run_id: RunId) -> None:
        """Remove what `recover` kept and no call has asked for. The daemon is asked only where something is left."""
        left = list(self._left.pop(run_id, {}).values())
        if left:
            daemon = await self._connected()
            await self._stops.run(lambda _: _removed(daemon, left))

    async def close(self) -> None:
        """End the threads that can be ended and give the connections back."""
        await self._calls.close()
        await self._stops.close()
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.close()

    async def _connected(self) -> Daemon:
        """Return the daemon. The SDK takes 190 ms to import: not on the loop."""
        if self._daemon is None:
            made = await self._calls.run(lambda _: _daemon(self._environment))
            if self._daemon is None:  # another call may have been quicker
                self._daemon = made
        return self._daemon

    async def _end(self, attempt: ContainerRun, work: asyncio.Task[_Answer], grace_s: float) -> None:
        """TERM, grace, KILL, and wait for the removal. A cancel meanwhile means: now."""
        helpers = [asyncio.create_task(self._stops.run(lambda _: attempt.stop(grace_s)))]
        with contextlib.suppress(asyncio.CancelledError):
            # An image on its way is left to the daemon; its thread goes no further than that.
            await asyncio.wait({work}, timeout=0 if attempt.pulling else grace_s)
        if not work.done() and not attempt.pulling:
            helpers.append(asyncio.create_task(self._stops.run(lambda _: attempt.kill())))
            await _patiently(work, KILL_S)
        if not work.done() and not attempt.pulling:
            _logger.warning("a container of %s is not gone yet; a thread goes on removing it", attempt.address)
        for task in (*helpers, work):
            task.cancel()
        await _patiently(asyncio.gather(*helpers, work, return_exceptions=True), KILL_S)


def _daemon(environment: Mapping[str, str]) -> Daemon:
    import docker  # noqa: F401 - imported here, in a thread, for all

    return Daemon(environment)


def _answer(attempt: ContainerRun) -> _Answer:
    """Run an attempt, in a thread."""
    try:
        return attempt.run()
    except Exception as error:  # the top of a thread: whatever happens is an outcome
        if not isinstance(error, TaskFailure):
            _logger.exception("a container call raised")
        return error_of(error)


def _recovered(daemon: Daemon, run_id: RunId) -> dict[str, str]:
    """Sort the containers of a run, in a thread; return those that may be taken over."""
    kept: dict[str, str] = {}
    try:
        for left in sorted(daemon.left_of(run_id), key=lambda left: left.attempt, reverse=True):
            if left.running and left.key and left.key not in kept:
                kept[left.key] = left.id
            else:
                daemon.remove(left.id)
    except TaskFailure as failure:
        _logger.warning("containers of run %s were not looked for: %s", run_id, failure.message)
    return kept


def _removed(daemon: Daemon, containers: list[str]) -> None:
    """Remove containers, in a thread."""
    for container in containers:
        try:
            daemon.remove(container)
        except TaskFailure as failure:
            _logger.warning("container %s was not removed: %s", container[:12], failure.message)


async def _patiently(work: asyncio.Future[Any], patience_s: float) -> None:
    """Wait for `work`, at most so long, whatever cancels come: it cannot be ended any faster."""
    deadline = time.monotonic() + patience_s
    while not work.done() and (left := deadline - time.monotonic()) > 0:
        try:
            await asyncio.wait({work}, timeout=left)
        except asyncio.CancelledError:
            continue
