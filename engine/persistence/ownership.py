"""Who owns a run: an exclusive lock on a file beside it. Lock obtained = the old owner is dead.

The lock is `flock`'s: the kernel gives it back when the process ends, however it ends, and a stopped process keeps it.
It belongs to the open file, which is closed on exec: programs we start do not hold it, a bare `fork` would.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import OwnedElsewhere
from ..keys import RunId
from .files import make_folder

_PATIENCE_S: Final = 30.0
"""How long a claim waits for readers that look at the lock; each holds it for microseconds. An owner ends the wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """This process, such that no other is taken for it."""

    pid: int
    started: float
    """As the system tells it, Unix seconds."""
    boot_id: str
    """`""` where the system tells none."""
    host: str


@dataclass(frozen=True, slots=True)
class LockState:
    """What a look at a lock showed."""

    live: bool
    pid: int | None = None
    """None where nobody lives, or the owner has not written its name yet."""


def identify() -> Identity:
    """Describe this process."""
    import psutil

    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot_id = ""
    return Identity(
        pid=os.getpid(), started=psutil.Process().create_time(), boot_id=boot_id, host=socket.gethostname()[:255]
    )


class RunLock:
    """The lock of one run, held from `take` to `release`, by this object alone."""

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        """Use `take`."""
        self._handle = handle

    @classmethod
    def take(cls, folder: Path, run_id: RunId, identity: Identity) -> RunLock:
        """Lock the run at once and sign; OwnedElsewhere where another lock lives, in this process too."""
        make_folder(folder)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(handle, run_id)
            name = {"pid": identity.pid, "started": identity.started, "host": identity.host}
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(name).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        return cls(handle)

    def release(self) -> None:
        """Let go. The file stays: removing a lock file lets two processes hold two files of one name."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def look(folder: Path) -> LockState:
    """Tell whether the lock is held. A claim at the same moment is not disturbed: it waits for lookers."""
    try:
        handle = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return LockState(live=False)
    try:
        if _try(handle, fcntl.LOCK_SH):
            return LockState(live=False)
        return LockState(live=True, pid=_signature(handle))
    finally:
        os.close(handle)


def _lock(handle: int, run_id: RunId) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _try(handle, fcntl.LOCK_EX):
        # An owner excludes sharing; somebody who only looks does not.
        if not _try(handle, fcntl.LOCK_SH) or time.monotonic() > deadline:
            raise OwnedElsewhere(run_id, _signature(handle))
        fcntl.flock(handle, fcntl.LOCK_UN)
        time.sleep(0.001)


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signature(handle: int) -> int | None:
    try:
        return int(json.loads(os.pread(handle, 4096, 0))["pid"])
    except (ValueError, KeyError, TypeError):
        return None
