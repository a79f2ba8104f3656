"""Control of a live run from another process of the same user: one socket a run, one request a connection.

A request is a line of JSON, `{"verb": "cancel", "run": "…", …}`; so is the answer, `{"ok": true}` or
`{"error": {"code": "…", "message": "…"}}`. What was asked for is saved before it is answered with `ok`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import socket
import stat
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ..core.events import Reason
from ..core.scheduler import Scheduler
from ..errors import EngineError, UsageError
from ..keys import JsonValue, RunId, key_of

LONGEST_LINE: Final = 64 * 1024
"""Bytes of a request or an answer; what is longer is refused."""

_LONGEST_PATH: Final = 107
"""Bytes that the kernel takes for the path of a unix socket."""

_PATIENCE_S: Final = 5.0
"""How long a client may take to send its line."""

_FAREWELL_S: Final = 0.2
"""How long answers may still be written after the run has ended."""

_AT_ONCE: Final = 32
"""Connections of one run at a time; more are closed at once."""

_log = logging.getLogger(__name__)


class Controlled(Protocol):
    """What a request reaches: a live run, on its loop."""

    @property
    def run_id(self) -> RunId: ...

    def wish(self, act: Wish) -> Awaitable[None]:
        """Let `act` happen; the answer comes when that is saved. UsageError where it does not fit."""
        ...


Fields = Mapping[str, JsonValue]
Wish = Callable[[Scheduler], object]


@dataclass(frozen=True, slots=True)
class _Verb:
    """One thing that can be asked for."""

    fields: frozenset[str]
    """What may stand beside `verb` and `run`: an unknown word is refused, for it might be a mistyped limit."""
    wish: Callable[[Fields], Wish]
    """Reads the fields; UsageError for what cannot be read."""
    needs_owner: bool = True
    """False for what can be written into a run that was left waiting."""


def _cancel(fields: Fields) -> Wish:
    reason = Reason("cancel", "cancelled from another process")
    address = _text(fields, "task")
    if address is None:
        return lambda scheduler: scheduler.cancel(reason)
    key = key_of(address)

    def cancel_task(scheduler: Scheduler) -> None:
        instance = scheduler.state.find(key)
        if instance is None:
            raise UsageError("E-TASK-UNKNOWN", f"the run has no task {address!r} now")
        if instance.status.terminal:
            raise UsageError("E-TASK-ENDED", f"task {address} has ended: {instance.status.value}")
        scheduler.cancel_task(key, reason)

    return cancel_task


def _signal(fields: Fields) -> Wish:
    name, payload = _needed(fields, "event"), fields.get("payload")
    return lambda scheduler: scheduler.signal(name, payload)


def _approve(fields: Fields) -> Wish:
    key, values, message = key_of(_needed(fields, "task")), fields.get("values"), _text(fields, "message")
    return lambda scheduler: scheduler.approve(key, {} if values is None else values, message or "")


def _reject(fields: Fields) -> Wish:
    key, message = key_of(_needed(fields, "task")), _text(fields, "message")
    return lambda scheduler: scheduler.disapprove(key, message or "")


def _pause(_fields: Fields) -> Wish:
    return lambda scheduler: scheduler.pause(Reason("pause", "paused from another process"))


def _unpause(_fields: Fields) -> Wish:
    return lambda scheduler: scheduler.unpause()


_VERBS: Final[Mapping[str, _Verb]] = {
    "approve": _Verb(frozenset({"task", "values", "message"}), _approve, needs_owner=False),
    "cancel": _Verb(frozenset({"task"}), _cancel),
    "pause": _Verb(frozenset(), _pause),
    "reject": _Verb(frozenset({"task", "message"}), _reject, needs_owner=False),
    "signal": _Verb(frozenset({"event", "payload"}), _signal, needs_owner=False),
    "unpause": _Verb(frozenset(), _unpause),
}


def wish_for_nobody(request: Fields) -> Wish | None:
    """Return what a request wants of a run without an owner; None where it takes one. UsageError: not readable."""
    fields = dict(request)
    verb = _VERBS.get(str(fields.pop("verb", "")))
    return None if verb is None or verb.needs_owner else verb.wish(fields)


def address_of(run_folder: Path) -> str:
    """Path of the socket for the run with that folder, in a folder that is ours alone; `""` where there can be none.

    The same folder gives the same path, so that the run's owner removes what a killed one left.
    """
    name = f"{hashlib.sha256(os.fsencode(run_folder)).hexdigest()[:16]}.sock"
    for folder in _folders():
        path = os.fspath(folder / name)
        if len(os.fsencode(path)) <= _LONGEST_PATH and _make_private(folder):
            return path
    _log.warning("no private folder for control sockets; other processes cannot control the runs of this one")
    return ""


def _folders() -> Iterator[Path]:
    """Where the user's sockets may be, best first."""
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "highway-tui")
    yield Path(tempfile.gettempdir(), f"highway-tui-{os.geteuid()}")


@asynccontextmanager
async def serving(run: Controlled, address: str) -> AsyncIterator[None]:
    """Answer requests at `address` inside; the run's lock is held. Without a socket the run goes on all the same."""
    listener = _listen(address) if address else None
    if listener is None:
        yield
        return
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(connections) >= _AT_ONCE:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(_converse(run, reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_unix_server(connected, sock=listener, limit=LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(OSError):
            os.unlink(address)  # noqa: PTH108 - the address is text everywhere
        if connections:
            await asyncio.wait(connections, timeout=_FAREWELL_S)
        for task in list(connections):
            task.cancel()  # it says so, and closes
            await asyncio.wait([task], timeout=_FAREWELL_S)


def _make_private(folder: Path) -> bool:
    """Make `folder` where it is missing; True where it is a folder of ours that nobody else may enter."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077


def _listen(address: str) -> socket.socket | None:
    """Bind the socket, 0600; None where the system does not let us."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)  # noqa: PTH108 - the address is text everywhere
        listener.bind(address)
        os.chmod(address, 0o600)  # noqa: PTH101 - the same; nobody can connect before `listen`
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        _log.warning("no control socket at %s: %s", address, error)
        return None
    return listener


async def _converse(run: Controlled, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request, answer it, close."""
    try:
        if is_same_user(writer.get_extra_info("socket")):
            answer = await _answer(run, reader)
            writer.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
            async with asyncio.timeout(_PATIENCE_S):
                await writer.drain()
    except (OSError, TimeoutError):
        _log.info("a control client of run %s left before its answer", run.run_id)
    finally:
        writer.close()


async def _answer(run: Controlled, reader: asyncio.StreamReader) -> dict[str, JsonValue]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            line = await reader.readline()
    except TimeoutError:
        return _refusal("E-CONTROL", f"no request came within {_PATIENCE_S:g} s")
    except ValueError:
        return _refusal("E-CONTROL", f"a request has at most {LONGEST_LINE} bytes")
    try:
        await run.wish(_parse(line, run.run_id))
    except EngineError as error:
        return _refusal(error.code, error.message)
    except asyncio.CancelledError:
        return _refusal("E-NOT-LIVE", f"run {run.run_id} has just ended")
    return {"ok": True}


def _parse(line: bytes, run_id: RunId) -> Wish:
    """Read a request; UsageError `E-CONTROL` for what is none, or is meant for another run."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not line.endswith(b"\n") or not isinstance(request, dict):
        raise UsageError("E-CONTROL", "a request is one line with a JSON object")
    name, run = request.pop("verb", None), request.pop("run", None)
    if run != run_id:
        raise UsageError("E-CONTROL", f"run {run_id} lives here, not {run!r}")
    verb = _VERBS.get(name) if isinstance(name, str) else None
    if verb is None:
        raise UsageError("E-CONTROL", f"the owner of run {run_id} knows no verb {name!r}")
    if unknown := sorted(request.keys() - verb.fields):
        raise UsageError("E-CONTROL", f"{name} takes no {unknown[0]!r}")
    return verb.wish(request)


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError("E-CONTROL", f"{name} is a text")
    return value


def _needed(fields: Fields, name: str) -> str:
    text = _text(fields, name)
    if text is None:
        raise UsageError("E-CONTROL", f"{name} is missing")
    return text


def is_same_user(connection: socket.socket) -> bool:
    """Say whether the other end is a process of this user. Where the system cannot tell, the folder's mode decides."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return bool(uid == os.geteuid())


def _refusal(code: str, message: str) -> dict[str, JsonValue]:
    return {"error": {"code": code, "message": message}}
