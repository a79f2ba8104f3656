"""One engine benchmark in a process of its own: `python -m benchmarks.engine_case SHAPE TASKS CALL`; prints JSON.

SHAPE: chain, fan, layered. CALL: memory (a tool that runs inside the turn), user (a no-op function on a worker thread),
or floor: a bare loop that writes two rows and commits once per task, WAL, synchronous NORMAL.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine import Engine, load_text
from highway_tui.garbage import collect_rarely

LAYER = 50


def main() -> None:
    shape, count, call = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    collect_rarely()  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        if call == "floor":
            wall, cpu = floor(Path(folder), count)
        else:
            wall, cpu = candidate(Path(folder), shape, count, call)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall_ms": wall * 1000 / count, "cpu_ms": cpu * 1000 / count, "peak_mb": peak_mb}))


def candidate(folder: Path, shape: str, count: int, call: str) -> tuple[float, float]:
    """Seconds of wall and CPU time for one run; a small run before it warms imports and the connection."""
    (folder / "noop.py").write_text("def noop():\n    return None\n")
    where = str(folder / "flow.json")
    loaded = load_text(workflow(shape, count, call), where)
    with Engine(str(folder / "bench.db")) as engine:
        engine.start(load_text(workflow("chain", 3, call), where)).wait()
        wall, cpu = time.perf_counter(), time.process_time()
        record = engine.start(loaded).wait()
        spent = time.perf_counter() - wall, time.process_time() - cpu
    assert record is not None
    assert record.status == "succeeded", record
    assert record.done == count
    return spent


def floor(folder: Path, count: int) -> tuple[float, float]:
    """The least a journalled engine could do."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE events (run TEXT, seq INTEGER, payload TEXT, PRIMARY KEY (run, seq))")
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO events VALUES ('run', ?, '{\"task\": \"started\"}')", (2 * number,))
        connection.execute("INSERT INTO events VALUES ('run', ?, '{\"task\": \"succeeded\"}')", (2 * number + 1,))
        connection.execute("COMMIT")
    spent = time.perf_counter() - wall, time.process_time() - cpu
    connection.close()
    return spent


def workflow(shape: str, count: int, call: str) -> bytes:
    """Write a workflow of `count` tasks."""
    task: dict[str, Any] = {"function": "memory.set", "args": ["key", 1]}
    if call == "user":
        task = {"function": "./noop.py:noop"}
    tasks = {f"t{number}": {**task, "dependencies": upstream(shape, number)} for number in range(count)}
    return json.dumps({"name": f"{shape} {count}", "tasks": tasks}).encode()


def upstream(shape: str, number: int) -> list[str]:
    """Ids that task `number` waits for."""
    if number == 0:
        return []
    if shape == "chain":
        return [f"t{number - 1}"]
    if shape == "fan":
        return ["t0"]
    if number < LAYER:
        return []
    first = (number // LAYER - 1) * LAYER
    return [f"t{first + number % LAYER}", f"t{first + (number + 1) % LAYER}"]


if __name__ == "__main__":
    main()
