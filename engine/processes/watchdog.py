"""One small process that ends everything this process has started, should this process be killed.

It is started with the first child, told of each session leader and of its end, and sent away when the last engine of
this process closes: then it does nothing at all. `watchdog_process.py` is what runs in it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MARKER: Final = "HIGHWAY_ENGINE"
"""In the environment of every child: the markers of the engines above it and, last, that of its own."""
_PROGRAM: Final = Path(__file__).with_name("watchdog_process.py")
_FAREWELL_S: Final = 2.0
_START_TICKS: Final = 19
"""Place of the start time in `/proc/PID/stat`, counted after the command's name."""

_logger: Final = logging.getLogger(__name__)


class Watchdog:
    """This process's watchdog. Any thread may use it."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._guard = threading.Lock()
        """Guards what follows: engines in one process run in threads of their own."""
        self._users = 0
        self._nonce = ""
        self._pipe: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._above: str | None = None
        """What MARKER was in this process's own environment, while `cover_this_process` has changed it."""
        self._covers = False
        self._hooked = False
        self._watched: set[int] = set()
        """Used by the loops of the engines alone; none of them knows a child of another."""

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Watch over the children that are started inside; after the last such block the watchdog goes."""
        with self._guard:
            self._users += 1
        try:
            yield
        finally:
            with self._guard:
                self._users -= 1
                if not self._users:
                    self._send_away()

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a child with the marker, and see to it that the watchdog lives.

        Unchanged outside of `serving`, and where no watchdog can be started.
        """
        with self._guard:
            return {**environment, **self._marked(environment)}

    def cover_this_process(self) -> None:
        """Cover what code that is not ours starts in this process: it inherits the marker, or tells of its fork."""
        if self._covers:
            return
        with self._guard:
            marked = self._marked(os.environ)
            if marked and not self._covers:
                self._above = os.environ.get(MARKER)
                self._covers = True
                os.environ.update(marked)
                if not self._hooked:
                    self._hooked = True
                    os.register_at_fork(after_in_child=self._after_fork)

    def watch(self, pid: int, ticks: int | None) -> None:
        """Tell of a child that leads a session of its own. `ticks` are its `start_ticks`; None: it is gone."""
        if ticks is not None:
            self._watched.add(pid)
            self._tell(b"+%d %d\n" % (pid, ticks))

    def forget(self, pid: int) -> None:
        """Tell that this child and all it started are gone."""
        if pid in self._watched:
            self._watched.remove(pid)
            self._tell(b"-%d\n" % pid)

    def _marked(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the marker for `environment`, started watchdog included. Called with the lock."""
        if self._users and self._pipe is None:
            self._start()
        if self._pipe is None:
            return {}
        above = environment.get(MARKER, "")
        return {MARKER: above if above.endswith(self._nonce) else f"{above}:{self._nonce}".lstrip(":")}

    def _after_fork(self) -> None:
        """In a forked child, which has our pipe and the engine's own environment: tell of it, and let the pipe go."""
        self._guard = threading.Lock()  # whoever held it is not in this process
        self._users, self._process = 0, None
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            with contextlib.suppress(OSError):
                os.write(pipe, b"+%d %d\n" % (os.getpid(), start_ticks(os.getpid()) or 0))
            os.close(pipe)

    def _start(self) -> None:
        """Start it. Called with the lock."""
        if not sys.executable:
            return
        self._nonce = secrets.token_hex(16)
        theirs, ours = os.pipe()
        os.set_blocking(ours, False)
        try:
            # Flags: nothing of the environment or of site-packages is read. Folder: it keeps no file system busy.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid()), self._nonce],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            _logger.warning("there is no watchdog; children may outlive a killed engine: %s", error)
            os.close(ours)
        else:
            self._pipe = ours
        finally:
            os.close(theirs)

    def _tell(self, message: bytes) -> None:
        with self._guard:
            if self._pipe is None:
                return
            try:
                os.write(self._pipe, message)
            except BlockingIOError:
                _logger.warning("the watchdog does not listen; the marker in the environment must do")
            except OSError:
                _logger.warning("the watchdog has gone; the next child gets a new one")
                self._drop()

    def _send_away(self) -> None:
        """Say good-bye and wait for its end. Called with the lock."""
        if self._covers:
            self._covers = False
            os.environ.pop(MARKER, None)
            if self._above is not None:
                os.environ[MARKER] = self._above
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            return
        with contextlib.suppress(OSError):
            os.write(pipe, b"bye\n")
        try:
            process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            process.kill()  # before its input ends: it would take that for our death
        self._drop()

    def _drop(self) -> None:
        """Forget a watchdog that has ended. Called with the lock."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self._process is not None:
            self._process.wait()
            self._process = None


def start_ticks(pid: int) -> int | None:
    """Return when a process was started, in the system's ticks; None: it is gone, 0: the system has no `/proc`."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None if Path("/proc/self").exists() else 0
    return int(stat.rpartition(b")")[2].split()[_START_TICKS])


WATCHDOG: Final = Watchdog()
"""The one of this process: engines that share a process share its death."""
