"""A process that calls functions of workflow authors, one at a time, for an engine that can end it at any moment.

Requests and answers are JSON texts behind their length, over a socket whose number is the argument of `main`. What
a function writes to stdout and stderr goes there, so that nothing it does can spoil an answer. The end of the socket
ends the process. TERM ends a call: a coroutine is cancelled, a function that watches `ctx.cancelled` is told, any other
gets SystemExit. The process ends with the call then.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, TextIO, cast

from ...errors import ErrorInfo
from ...tools.function_context import CancelToken, TaskContext, asks_for_context, with_context
from ...tools.user_functions import UserFunctions
from .values import error_of, to_json, user_traceback

LENGTH: Final = struct.Struct(">Q")
"""Before each message: the bytes of its JSON text."""


def main(number: int) -> None:
    """Serve until the socket ends. Runs in the main thread of a process of its own."""
    connection = socket.socket(fileno=number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    _Worker(connection).serve()


class _Worker:
    """The state of the process."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._functions = UserFunctions()
        self._guard = threading.Lock()
        """Guards the sending: a function may log from several threads."""
        self._stdin = sys.stdin

    def serve(self) -> None:
        """Answer requests."""
        while (request := self._receive()) is not None:
            token = CancelToken()
            signal.signal(signal.SIGTERM, _handler(token))
            answer = self._answer(request, token)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            if token.is_set:
                return  # nobody waits for the answer
            self._send({**answer, "spent": _has_leftovers()})

    def _answer(self, request: dict[str, Any], token: CancelToken) -> dict[str, Any]:
        environment = dict(os.environ)
        try:
            os.environ.update(request["env"])
            os.chdir(request["cwd"])
            if request["stdin"] is not None:
                sys.stdin = cast("TextIO", io.TextIOWrapper(io.BytesIO(request["stdin"].encode()), encoding="utf-8"))
            function = self._functions.find(request["function"], request["folder"])
            args, kwargs = request["args"], request["kwargs"]
            if asks_for_context(function, kwargs):
                context = TaskContext(request["facts"], self._log, token)
                args, kwargs = with_context(function, args, kwargs, context)
            value = function(*args, **kwargs)
            return {"value": to_json(asyncio.run(_awaited(value, token)) if inspect.isawaitable(value) else value)}
        except BaseException as error:  # noqa: BLE001 - `sys.exit()` in a function ends its task, not the worker
            return {"error": _fields(error_of(error)), "trace": user_traceback(error)}
        finally:
            sys.stdin = self._stdin
            os.environ.clear()
            os.environ.update(environment)

    def _log(self, level: str, text: str) -> None:
        sys.stdout.flush()
        self._send({"log": [level, text]})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        with self._guard:
            self._connection.sendall(LENGTH.pack(len(data)) + data)

    def _receive(self) -> dict[str, Any] | None:
        """Return the next request; None when there will be none."""
        head = self._exactly(LENGTH.size)
        if head is None:
            return None
        body = self._exactly(LENGTH.unpack(head)[0])
        return None if body is None else cast("dict[str, Any]", json.loads(body))

    def _exactly(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            piece = self._connection.recv(min(size - len(data), 1 << 20))
            if not piece:
                return None
            data += piece
        return bytes(data)


async def _awaited(value: object, token: CancelToken) -> object:
    """Await what a coroutine function returned; TERM tells one that watches, and cancels any other."""
    task = asyncio.current_task()

    def end() -> None:
        token.set()
        if task is not None and not token.watched:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    return await value  # type: ignore[misc]  # asked with isawaitable


def _handler(token: CancelToken) -> Callable[[int, FrameType | None], None]:
    """Make what TERM does during one call of a plain function."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal
        token.set()
        if not token.watched:
            raise SystemExit(128 + signal.SIGTERM)

    return end


def _has_leftovers() -> bool:
    """Tell whether the call has left threads or children behind: the next one gets a clean process then."""
    if threading.active_count() > 1:
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _fields(error: ErrorInfo) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
    }
