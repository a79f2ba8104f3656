"""Finds and signals the processes of one command: its sessions, its group, its descendants, and never anybody else.

A command is the leader of its own session, so no descendant shares a session with the engine. One that starts a
session of its own is known from the moment a look around finds it below the leader; one that did so *and* whose
parent has died before that look is not found (the watchdog's marker in the environment is for those).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

import psutil


class Family:
    """Everything that descends from a command. Used by one thread."""

    def __init__(self, leader: int) -> None:
        """`leader` is the pid of a process that leads a session and a group of its own."""
        self._leader = leader
        self._sessions = {leader}
        self._known: set[psutil.Process] = set()

    def is_gone(self) -> bool:
        """Tell whether the leader's group is empty and nothing known is alive. One system call where all went well."""
        if not self._known:
            try:
                os.killpg(self._leader, 0)
            except ProcessLookupError:
                return True
            except PermissionError:
                pass  # macOS says so for a group of zombies; the look around tells
        return not self.look_around()

    def look_around(self) -> list[psutil.Process]:
        """Return the living members, after a pass over the system's processes. Zombies have ended."""
        with contextlib.suppress(psutil.Error):
            self._known.update(psutil.Process(self._leader).children(recursive=True))
        own = os.getsid(0)
        for process in filter(_lives, self._known):
            with contextlib.suppress(OSError):
                self._sessions.add(os.getsid(process.pid))
        self._sessions.discard(own)  # no descendant is in it; a pid given anew between two lines might be
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.Error):
                if os.getsid(pid) in self._sessions:
                    self._known.add(psutil.Process(pid))
        self._known = {process for process in self._known if _lives(process)}
        return list(self._known)

    def terminate(self) -> None:
        """Ask all members to end, once; stopped ones are woken to do so. What they start to tidy up is let be."""
        # First the look: once its parent has died, nothing leads to a descendant in another session.
        elsewhere = [process for process in self.look_around() if _group(process) != self._leader]
        # The whole group in one step: one by one would miss the child that a member forks meanwhile.
        with contextlib.suppress(OSError):
            os.killpg(self._leader, signal.SIGTERM)
            os.killpg(self._leader, signal.SIGCONT)
        for process in elsewhere:
            _send(process.terminate)
            _send(process.resume)

    def kill(self) -> None:
        """End all members at once."""
        with contextlib.suppress(OSError):
            os.killpg(self._leader, signal.SIGKILL)
        for process in self.look_around():
            _send(process.kill)


def _send(deliver: Callable[[], None]) -> None:
    """Signal; a process that is gone, or became another user's, is left alone."""
    with contextlib.suppress(psutil.Error):
        deliver()


def _group(process: psutil.Process) -> int | None:
    """Return the process group; None for one that is gone."""
    try:
        return os.getpgid(process.pid)
    except OSError:
        return None


def _lives(process: psutil.Process) -> bool:
    """Tell whether it is still the same process and no zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
