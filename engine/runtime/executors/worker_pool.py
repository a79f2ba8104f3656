"""Worker processes for functions with `isolate: process`: reused while they are clean, ended with a call that is.

Each leads a session of its own. Output is read in chunks as it comes and belongs to the call that runs; what is left
in the pipes when the answer arrives is read before the call ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ...core.calls import TaskCall
from ...core.ports import LogSink
from ...errors import ErrorInfo, TaskFailure
from ...keys import JsonValue
from ...processes.ending import end_family, settled
from ...processes.family import Family
from ...processes.runner import DRAIN_S, start_time
from ...processes.watchdog import WATCHDOG, start_ticks
from .worker_process import LENGTH

Answer: TypeAlias = tuple[JsonValue, ErrorInfo | None]

_PROGRAM: Final = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "importlib.import_module(sys.argv[2]).main(int(sys.argv[3]))"
)
_CHUNK: Final = 256 * 1024
_PIPE: Final = 1024 * 1024
"""Bytes; no pipe holds more unless root makes it so."""


class _Exit(asyncio.SubprocessProtocol):
    """Tells of the end of a worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)


class _Worker:
    """One process. Used on one loop, by one call at a time."""

    def __init__(self, transport: asyncio.SubprocessTransport, exited: asyncio.Future[None]) -> None:
        self.pid: Final = transport.get_pid()
        ticks = start_ticks(self.pid)
        WATCHDOG.watch(self.pid, ticks)
        self.started: Final = start_time(ticks)
        self.exited: Final = exited
        self._transport: Final = transport
        self._family: Final = Family(self.pid)
        self._outputs: dict[int, str] = {}
        self._log: LogSink | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> _Worker:
        """Start a process. TaskFailure `E-WORKER` where the system has no room for one."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        protocol = _Exit(loop)
        try:
            transport, _ = await loop.subprocess_exec(
                lambda: protocol,
                *_argv(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                pass_fds=(theirs.fileno(),),
                env=WATCHDOG.environment(environment),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            for read_end, _ in pipes:
                os.close(read_end)
            message = f"no process can be started for the function: {error.strerror}"
            raise TaskFailure(ErrorInfo(code="E-WORKER", message=message)) from error
        finally:
            theirs.close()
            for _, write_end in pipes:
                os.close(write_end)
        worker = cls(transport, protocol.exited)
        worker._reader, worker._writer = await asyncio.open_connection(sock=ours)
        for (read_end, _), stream in zip(pipes, ("stdout", "stderr"), strict=True):
            os.set_blocking(read_end, False)
            worker._outputs[read_end] = stream
            loop.add_reader(read_end, worker._read, read_end)
        return worker

    async def call(self, request: Mapping[str, Any], log: LogSink) -> tuple[Answer, bool]:
        """Run one call; the flag says that the worker is clean. Raises EOFError or OSError when it died."""
        self._log = log
        data = json.dumps(request).encode()
        self._writer.writelines((LENGTH.pack(len(data)), data))
        await self._writer.drain()
        while True:
            (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            message = json.loads(await self._reader.readexactly(size))
            self.drain()
            if "log" in message:
                log.line(*message["log"])
                continue
            if message.get("trace"):
                log.line("error", message["trace"])
            error = ErrorInfo(**message["error"]) if "error" in message else None
            return (message.get("value"), error), not message["spent"]

    def rest(self) -> None:
        """Belong to no call: what is written from now on is nobody's."""
        self._log = None

    async def end(self, grace_s: float) -> None:
        """TERM, grace, KILL; then give everything back. A cancel during the grace means: now."""
        await end_family(self.exited, self._family, grace_s)
        self.drain()
        for fd in list(self._outputs):
            self._close(fd)
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._writer.wait_closed()
        self._transport.close()
        WATCHDOG.forget(self.pid)

    def failure(self) -> ErrorInfo:
        """Say how it ended, when nobody had asked it to."""
        code = self._transport.get_returncode()
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            return ErrorInfo(code="E-SIGNAL", message=f"the function's process was ended by {name}")
        message = f"the function ended its process with exit code {code}"
        return ErrorInfo(code="E-EXIT", message=message, exit_code=code)

    def drain(self) -> None:
        """Take everything that has been written so far; one who goes on writing meanwhile is not waited for."""
        for fd in list(self._outputs):
            for _ in range(_PIPE // _CHUNK):
                if not self._read(fd):
                    break

    def _read(self, fd: int) -> bool:
        """Take one chunk; False where there is none now."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._close(fd)
            return False
        if self._log is not None:
            self._log.write(data, self._outputs[fd])
        return True

    def _close(self, fd: int) -> None:
        if self._outputs.pop(fd, None) is not None:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)


def _argv(number: int) -> tuple[str, ...]:
    """Return the command of a worker that serves the socket `number`; it finds modules where this process does."""
    path = json.dumps([os.path.abspath(entry) for entry in sys.path])  # noqa: PTH100 - "" is a folder too
    module = f"{__package__}.worker_process"
    return (sys.executable, "-X", "faulthandler", "-c", _PROGRAM, path, module, str(number))


class WorkerProcesses:
    """Starts workers as they are needed and keeps as many idle ones as there are processors. Used on one loop."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is what workers inherit; that of a call comes on top for its time."""
        self._environment: Final = environment
        self._keep: Final = os.cpu_count() or 1
        self._idle: list[_Worker] = []

    async def run(self, call: TaskCall, log: LogSink, spawned: Callable[[int, float], None]) -> Answer:
        """Run one call. A cancel ends its process and is raised when that is gone; a second one kills at once."""
        worker = await self._worker()
        spawned(worker.pid, worker.started)
        clean = False
        grace_s = min(call.grace_s, DRAIN_S)
        try:
            answer, clean = await worker.call(_request(call), log)
            return answer
        except asyncio.CancelledError:
            log.line("warning", "stopping: the function's process was told to end")
            grace_s = call.grace_s
            raise
        except (EOFError, OSError):
            await asyncio.wait({worker.exited}, timeout=DRAIN_S)
            worker.drain()
            return None, worker.failure()
        finally:
            if clean and len(self._idle) < self._keep:
                worker.rest()
                self._idle.append(worker)
            else:
                await worker.end(grace_s)

    async def close(self) -> None:
        """End the idle ones."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(worker.end(DRAIN_S) for worker in idle))

    async def _worker(self) -> _Worker:
        """Return a living worker that is idle, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.exited.done():
                return worker
            await worker.end(0)
        # The start is not interrupted: between fork and the first word nobody would know the child.
        starting = asyncio.ensure_future(_Worker.start(self._environment))
        if await settled(starting) and starting.exception() is None:
            await starting.result().end(0)
            raise asyncio.CancelledError
        return starting.result()


def _request(call: TaskCall) -> dict[str, Any]:
    return {
        "function": call.function,
        "folder": call.folder or ".",
        "cwd": call.cwd or ".",
        "args": list(call.args),
        "kwargs": dict(call.kwargs),
        "env": dict(call.env),
        "stdin": call.stdin,
        "facts": facts_of(call),
    }


def facts_of(call: TaskCall) -> dict[str, str | int]:
    """Return what a `ctx` knows of its call."""
    return {
        "run_id": call.run_id,
        "task": call.key.address,
        "attempt": call.attempt,
        "idempotency_key": call.idempotency_key,
    }
