"""A single-threaded process that has everything imported and forks an engine per order: a crash test costs one fork.

Says `ready`, then reads one JSON order a line: `{"db", "flow", "run", "failpoints", "resume", "kill_after_s"}`; answers
with the child's exit code, minus the signal that ended it; a child is killed at `kill_after_s`, null for never.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from importlib import import_module
from typing import Any

from .flows import FLOWS


def main() -> None:
    """Warm up everything that starts no thread, then fork for each order."""
    warm_up()
    _say("ready")
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        if order["kill_after_s"] is not None:
            _kill_after(child, order["kill_after_s"])
        _, status = os.waitpid(child, 0)
        _say(str(os.waitstatus_to_exitcode(status)))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _kill_after(child: int, seconds: float) -> None:
    """Kill a child that lives that long."""
    ended = os.pidfd_open(child)
    if not select.select([ended], [], [], seconds)[0]:
        os.kill(child, signal.SIGKILL)
    os.close(ended)


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
