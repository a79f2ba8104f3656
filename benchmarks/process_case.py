"""Child processes, measured in a process of their own: `spawns` or `lines`. Prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from engine import Engine, RunStatus, load_text
from engine.core.calls import TaskCall
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.processes.child_watcher import install_child_watcher
from engine.runtime.executors.shell import ShellExecutor
from engine.runtime.log_sink import FileLogSink

_SPAWNS = 200
_AT_ONCE = 16
_PAIRS = 20
_LINES = 1_000_000


def _workflow(call: str) -> bytes:
    tasks = "".join(f"  t{number}: {call}\n" for number in range(_SPAWNS))
    return f"max_parallel: {_AT_ONCE}\ntasks:\n{tasks}".encode()


def _engine_ms(engine: Engine, call: str) -> float:
    """Milliseconds a process of a whole run: journal, permits, logs and watchdog included."""
    loaded = load_text(_workflow(call), "bench.yaml")
    began = time.perf_counter()
    record = engine.start(loaded).wait()
    assert record is not None
    assert record.status is RunStatus.SUCCEEDED
    return (time.perf_counter() - began) * 1000 / _SPAWNS


async def _spawn_all(argv: tuple[str, ...]) -> float:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def spawn() -> None:
        async with gate:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            await process.communicate()

    began = time.perf_counter()
    await asyncio.gather(*(spawn() for _ in range(_SPAWNS)))
    return (time.perf_counter() - began) * 1000 / _SPAWNS


def _in_thread(work: Coroutine[Any, Any, float]) -> float:
    """Run on a loop as the engine does: in a thread, with its child watcher."""
    found: list[float] = []
    install_child_watcher()
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return found[0]


def _spawns() -> dict[str, float]:
    """Compare runs of 200 processes with a bare loop of the same, pair by pair."""
    kinds = {
        "command": ("{function: command.run, args: ['true', '-x']}", ("true", "-x")),
        "script": ("{run: 'true'}", ("bash", "-euo", "pipefail", "-c", "true")),
    }
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, Engine(f"sqlite:///{folder}/bench.db") as engine:
        for kind, (call, argv) in kinds.items():
            pairs = [(_engine_ms(engine, call), _in_thread(_spawn_all(argv))) for _ in range(_PAIRS)]
            found[kind] = statistics.median(pair[0] for pair in pairs)
            found[f"{kind}_floor"] = statistics.median(pair[1] for pair in pairs)
    return found


async def _lines_into(folder: str) -> float:
    executor = ShellExecutor()
    log = FileLogSink(Path(folder) / "task.1.1.log")
    call = TaskCall(
        run_id=RunId("bench"), key=TaskKey(ROOT, TaskId("t")), attempt=1, runtime="shell", script=f"seq {_LINES}"
    )
    began = time.perf_counter()
    outcome = await executor.run(call, log, lambda *_: None)
    took = time.perf_counter() - began
    log.close()
    assert outcome.status == "succeeded"
    return took


def _lines() -> dict[str, float]:
    """Take a million lines from a script into a log file."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        took = _in_thread(_lines_into(folder))
    rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"us_per_line": took * 1e6 / _LINES, "rise_mb": rise}


if __name__ == "__main__":
    print(json.dumps(_spawns() if sys.argv[1] == "spawns" else _lines()))
