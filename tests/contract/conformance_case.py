"""One call with a lot of output, in a process of its own, so that its memory can be told: `RUNTIME DEED SIZE FOLDER`.

Prints `{"status", "rise_mb", "log_bytes", "lag_s"}`: how it ended, how far the engine's memory rose above what an empty
call needs, what is on disk, and the longest time for which the loop answered nobody.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from engine.core.calls import TaskCall
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.processes.child_watcher import install_child_watcher
from engine.runtime.executors import EXECUTORS
from engine.runtime.executors.prints import prints_into_logs
from engine.runtime.log_sink import FileLogSink
from engine.tools.registry import Registry

HERE: Final = Path(__file__).parent
_MEGABYTE: Final = "x" * 1_000_000


def deed(name: str, size: int) -> tuple[str, str, tuple[Any, ...], float | None]:
    """Return a script, a function, its arguments and a timeout: `one_line` (MB), `lines` (thousands), `yes` (ms)."""
    match name:
        case "one_line":
            script = f"head -c {size}000000 /dev/zero | tr '\\0' x"
            return script, "write", ([_MEGABYTE], size), None
        case "lines":
            return f"seq 0 {size}000", "print_lines", (size * 1000,), None
        case _:
            return "yes", "print_until_told", (), size / 1000


def call(runtime: str, what: tuple[str, str, tuple[Any, ...], float | None]) -> TaskCall:
    """Make the call for one runtime."""
    script, function, args, timeout_s = what
    base = TaskCall(
        run_id=RunId(uuid4().hex),
        key=TaskKey(ROOT, TaskId("task")),
        attempt=1,
        runtime="shell",
        script=script,
        folder=str(HERE),
        timeout_s=timeout_s,
    )
    if runtime == "shell":
        return base
    named = replace(base, runtime="python", script="", function=f"./conformance_functions.py:{function}", args=args)
    return replace(named, isolate="process" if runtime == "process" else "thread")


async def _lag(stop: asyncio.Event) -> float:
    """Return the longest the loop took to come back, beyond what was asked for."""
    worst = 0.0
    while not stop.is_set():
        began = time.monotonic()
        await asyncio.sleep(0.02)
        worst = max(worst, time.monotonic() - began - 0.02)
    return worst


async def _run(runtime: str, name: str, size: int, folder: Path) -> dict[str, Any]:
    registry = Registry()
    made = {kind: factory(registry, 4) for kind, factory in EXECUTORS.items() if kind != "docker"}
    executor = made["shell" if runtime == "shell" else "python"]
    empty = FileLogSink(folder / "empty.1.1.log")
    await executor.run(replace(call(runtime, deed("lines", 1)), timeout_s=None), empty, lambda *_: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stop = asyncio.Event()
    watching = asyncio.create_task(_lag(stop))
    log = FileLogSink(folder / "task.1.1.log")
    outcome = await executor.run(call(runtime, deed(name, size)), log, lambda *_: None)
    log.close()
    stop.set()
    for one in made.values():
        await one.close()
    return {
        "status": outcome.status,
        "rise_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "log_bytes": sum(file.stat().st_size for file in folder.glob("task.1.1.log*")),
        "lag_s": await watching,
    }


def main() -> None:
    """Run on a loop in a thread, as the engine does."""
    runtime, name, size, folder = sys.argv[1:]
    found: list[dict[str, Any]] = []

    def work() -> None:
        with prints_into_logs():
            found.append(asyncio.run(_run(runtime, name, int(size), Path(folder))))

    install_child_watcher()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    sys.stdout.write(json.dumps(found[0]) + "\n")


if __name__ == "__main__":
    main()
