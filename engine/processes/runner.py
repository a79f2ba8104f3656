"""Runs one child process to its end. The child leads its own session; when the call is over, its whole group is.

Output is read in chunks as it comes and goes straight to the log; only a capped part stays in memory. The end of the
*process* ends the call, not the end of its pipes: asyncio's own `wait()` hangs where a background child keeps stdout
open. What outlives the leader gets a short time to finish writing, and is then ended: a service that shall outlive
its task starts with `setsid` and its own output.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import psutil

from ..core.ports import LogSink
from ..errors import ErrorInfo, TaskFailure
from .ending import end_family, is_gone_within, settled
from .family import Family
from .terminals import Terminal
from .watchdog import WATCHDOG, start_ticks

STDOUT_CAP: Final = 1024 * 1024
"""Bytes of stdout kept as the result."""
STDERR_CAP: Final = 8 * 1024
"""Bytes of stderr kept, from its end."""
DRAIN_S: Final = 0.5
"""How long output and group members may outlive the leader."""
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start."""

    argv: tuple[str, ...]
    """At least the program; no shell is involved."""
    env: Mapping[str, str]
    """The whole environment of the child."""
    cwd: str = ""
    """`""` means the engine's own folder."""
    stdin: bytes | None = None
    """None: the child reads end of file."""
    pty: bool = False
    """Give it a pseudo-terminal: stderr is part of stdout then, and without `stdin` its input is the terminal too."""
    timeout_s: float | None = None
    grace_s: float = 10.0
    """Between TERM and KILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """How the child ended. At most one of `exit_code` and `signal` is given; neither where it could not be reaped."""

    exit_code: int | None
    signal: int | None
    stdout: bytes
    """At most STDOUT_CAP bytes from its beginning."""
    truncated: bool
    """There was more on stdout; the log has it."""
    stderr_tail: bytes
    timed_out: bool = False
    cancelled: bool = False


class _Output(asyncio.SubprocessProtocol):
    """Takes what the child writes, and tells of its two ends: its own and that of its pipes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, log: LogSink) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.stdout = bytearray()
        self.truncated = False
        self.stderr = bytearray()
        self._log = log
        self._open = {1, 2}
        self.terminal: Terminal | None = None

    def read_terminal(self, terminal: Terminal) -> None:
        """Take all output from a terminal."""
        self.terminal = terminal
        terminal.read_into(lambda data: self.pipe_data_received(1, data), self._terminal_ended)

    def _terminal_ended(self) -> None:
        for fd in (1, 2):
            self.pipe_connection_lost(fd, None)

    def close(self) -> None:
        """Give the terminal back, where there is one."""
        if self.terminal is not None:
            self.terminal.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._log.write(data, "stdout")
            room = STDOUT_CAP - len(self.stdout)
            self.truncated |= len(data) > room
            self.stdout += data[:room]
        else:
            self._log.write(data, "stderr")
            self.stderr += data[-STDERR_CAP:]
            del self.stderr[:-STDERR_CAP]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(fd)
        if not self._open and not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)


async def run_process(command: Command, log: LogSink, spawned: Callable[[int, float], None]) -> ProcessResult:
    """Run `command` until it and its group are gone.

    A cancel ends them and is returned, not raised; a second one kills at once. Raises
    TaskFailure `E-COMMAND` when it cannot be started.
    """
    loop = asyncio.get_running_loop()
    output = _Output(loop, log)
    # The start is not interrupted: between fork and the first pipe nobody would know the child.
    starting = loop.create_task(_start(loop, output, command))
    cancelled = await settled(starting)
    transport = starting.result()
    pid = transport.get_pid()
    ticks = start_ticks(pid)
    WATCHDOG.watch(pid, ticks)
    spawned(pid, start_time(ticks))
    family = Family(pid)
    timed_out = False
    try:
        if not cancelled:
            try:
                done, _ = await asyncio.wait({output.exited}, timeout=command.timeout_s)
                timed_out = not done
                if done and not await _drained(output, family):
                    log.line("warning", "ended what the command had left running in the background")
                    await end_family(output.exited, family, min(command.grace_s, DRAIN_S))
            except asyncio.CancelledError:
                cancelled = True
        if cancelled or timed_out:
            await end_family(output.exited, family, command.grace_s)
    finally:
        transport.close()
        output.close()
        WATCHDOG.forget(pid)
    code = transport.get_returncode()
    return ProcessResult(
        exit_code=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        stdout=bytes(output.stdout),
        truncated=output.truncated,
        stderr_tail=bytes(output.stderr),
        timed_out=timed_out,
        cancelled=cancelled,
    )


async def _start(loop: asyncio.AbstractEventLoop, output: _Output, command: Command) -> asyncio.SubprocessTransport:
    """Start the child in a session of its own and give it its input."""
    terminal: Terminal | None = None
    pipe = asyncio.subprocess.PIPE
    try:
        if command.pty:
            terminal = Terminal()
        screen = pipe if terminal is None else terminal.theirs
        empty = asyncio.subprocess.DEVNULL if terminal is None else terminal.theirs
        transport, _ = await loop.subprocess_exec(
            lambda: output,
            *command.argv,
            stdin=empty if command.stdin is None else pipe,
            stdout=screen,
            stderr=screen,
            cwd=command.cwd or None,
            env=WATCHDOG.environment(command.env),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        if terminal is not None:
            terminal.close()
        raise TaskFailure(_cannot_start(command, error)) from error
    if terminal is not None:
        terminal.close_theirs()
        output.read_terminal(terminal)
    if command.stdin is not None:
        own_input = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
        own_input.write(command.stdin)
        own_input.close()  # after what is buffered; a child that does not read only loses it
    return transport


def _cannot_start(command: Command, error: Exception) -> ErrorInfo:
    """Say why in one sentence: the folder, the program, or its arguments."""
    program = command.argv[0]
    if command.cwd and not os.path.isdir(command.cwd):  # noqa: PTH112 - one question, asked after a failure
        message = f"the folder {command.cwd} does not exist"
    elif isinstance(error, FileNotFoundError):
        message = f"command {program!r} not found"
    elif isinstance(error, ValueError):
        message = f"command {program!r} cannot be started: an argument or a variable holds a NUL character"
    else:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"command {program!r} cannot be started: {reason}"
    return ErrorInfo(code="E-COMMAND", message=message, retryable=not isinstance(error, ValueError))


def start_time(ticks: int | None) -> float:
    """Return the Unix time that names a process together with its pid, from its `start_ticks`; now, where unknown."""
    return _boot_time() + ticks / _TICKS_PER_S if ticks else time.time()


@lru_cache(maxsize=1)
def _boot_time() -> float:
    """Ask once: psutil reads a file of the system each time."""
    return psutil.boot_time()


async def _drained(output: _Output, family: Family) -> bool:
    """Wait a moment for the pipes to close and the group to empty; False when something holds on."""
    if not output.closed.done():
        await asyncio.wait({output.closed}, timeout=DRAIN_S)
    return output.closed.done() and (family.is_gone() or await is_gone_within(output.exited, family, DRAIN_S))
