"""A single-threaded process that has everything imported and forks an engine per order: a crash test costs one fork.

Reads one JSON order a line: `{"db", "flow", "run", "failpoints", "resume"}`; answers with the child's wait status.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

from .flows import FLOWS


def main() -> None:
    """Warm up everything that starts no thread, then fork for each order."""
    warm_up()
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def warm_up() -> None:
    """Import what an engine imports, build the models, compile the statements: children inherit it all."""
    for name in ("asyncio", "engine.engine", "engine.runtime.executors.local_python", "engine.runtime.executors.shell"):
        import_module(name)
    from engine import load_text
    from engine.persistence.statements import Statements

    Statements()
    load_text(json.dumps({"tasks": FLOWS["foreach"] | FLOWS["condition"]}).encode())


def run(order: dict[str, Any]) -> int:
    """Run or resume to the end; 0 succeeded, 1 failed, 9 given up."""
    from engine import Engine, EngineError, RunId, load_workflow

    os.environ["HIGHWAY_FAILPOINTS"] = order["failpoints"]
    try:
        with Engine(order["db"]) as engine:
            if order["resume"]:
                handle = engine.resume(RunId(order["run"]))
            else:
                handle = engine.start(load_workflow(order["flow"]), run_id=order["run"])
            record = handle.wait(30)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 9
    return 0 if record is not None and record.status == "succeeded" else 1


if __name__ == "__main__":
    main()
