"""The watchdog itself: a process that outlives the engine by a moment and ends what the engine has left running.

Started by path with `python -I -S`: it imports nothing but a few small modules of the standard library. It reads
lines from its input: `+PID TICKS` a session leader was started, `-PID` it is gone with all it started, `bye` the engine
ends as it should. The end of the input without `bye`, or the end of the engine, means that it was killed.

It ends, at once and by KILL: the leaders it was told, what is in their sessions and groups, every descendant of those,
and every process of this user whose environment holds the engine's marker. What wipes its environment and leaves
both its session and its parent escapes; without a cgroup nobody can tell whose it was.
"""

import os
import select
import signal
import sys
import time

_IGNORED = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2")
_PATIENCE_S = 10.0
"""How long it goes on looking; processes stuck in the kernel end when they leave it."""
_POLL_S = 0.5
"""How often it looks after its parent where the system has no pidfds."""


class _Process:
    """What `/proc/PID/stat` says."""

    def __init__(self, pid: int, fields: list[bytes]) -> None:
        self.pid = pid
        self.state = fields[0]
        self.parent, self.group, self.session = (int(field) for field in fields[1:4])
        self.ticks = int(fields[19])


def main(engine: int, marker: bytes) -> None:
    """Serve until the engine is gone; `engine` is its pid, `marker` what the environment of its children holds."""
    for name in _IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    leaders: dict[int, int] = {}
    if not _listen(engine, leaders):
        _end(leaders, marker)


def _listen(engine: int, leaders: dict[int, int]) -> bool:
    """Keep `leaders` (pid → start time in ticks, 0 unknown); True when the engine said good-bye."""
    sources, timeout = [0], None
    try:
        sources.append(os.pidfd_open(engine))
    except (AttributeError, OSError):
        timeout = _POLL_S
    rest = b""
    while True:
        ready, _, _ = select.select(sources, [], [], timeout)
        data = os.read(0, 65536) if 0 in ready else b""
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line == b"bye":
                return True
            pid, _, ticks = line[1:].partition(b" ")
            if line.startswith(b"+"):
                leaders[int(pid)] = int(ticks)
            else:
                leaders.pop(int(pid), None)
        if not data and (ready or os.getppid() != engine):
            return False


def _end(leaders: dict[int, int], marker: bytes) -> None:
    """Kill pass by pass until a pass finds nobody: what was forked during one is found by the next."""
    deadline = time.monotonic() + _PATIENCE_S
    sessions: set[int] = set()
    clean = 0
    while clean < 2 and time.monotonic() < deadline:
        doomed = _doomed(leaders, sessions, marker)
        for pid in doomed:
            try:  # noqa: SIM105 - contextlib costs more to import than all the rest
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        clean = 0 if doomed else clean + 1
        time.sleep(0.01)


def _doomed(leaders: dict[int, int], sessions: set[int], marker: bytes) -> list[int]:
    """Return the living processes that belong to the engine; `sessions` is kept from pass to pass."""
    if not os.path.isdir("/proc/self"):  # noqa: PTH112 - pathlib is as costly as contextlib
        return [-pid for pid in leaders if _has_group(pid)]
    table = _table()
    own = os.getpid()
    members = {pid for pid in table if pid != own and _is_marked(pid, marker)}
    for pid, ticks in leaders.items():
        process = table.get(pid)
        # One that is gone may have left its session behind: its number is not given away while the session has members.
        if process is None or process.ticks == ticks:
            sessions.add(pid)
            members.add(pid)
    members |= {pid for pid, process in table.items() if process.session in sessions or process.group in sessions}
    grew = True
    while grew:
        found = {pid for pid, process in table.items() if process.parent in members} - members
        members |= found
        grew = bool(found)
    members &= table.keys() - {own}
    sessions.update(pid for pid in members if table[pid].session == pid)
    return [pid for pid in members if table[pid].state not in b"ZX"]


def _table() -> dict[int, _Process]:
    """Return the system's processes by pid."""
    table = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - see above
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - see above
                    table[int(name)] = _Process(int(name), file.read().rpartition(b")")[2].split())
            except (OSError, ValueError):
                continue
    return table


def _is_marked(pid: int, marker: bytes) -> bool:
    """Tell whether the environment it was started with holds the marker; another user's cannot be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - see above
            return marker in file.read()
    except OSError:
        return False


def _has_group(pid: int) -> bool:
    """Tell whether anybody is left in a group; for systems without `/proc`."""
    try:
        os.killpg(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), os.fsencode(sys.argv[2]))
