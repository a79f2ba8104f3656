"""The workflow of the crash tests: sixty tasks that tell a ledger when they run, drawn by a seed."""

from __future__ import annotations

import json
import random
from typing import Any, Final, TypeAlias

Task: TypeAlias = dict[str, Any]

LEDGER_MODULE: Final = '''
import os
import time


def append(address):
    """Append one line, whole or not at all, and give it back."""
    descriptor = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (address + "\\n").encode())
    os.close(descriptor)
    time.sleep(0.004)
    return address
'''

_LAYERS: Final = 7
_WIDTH: Final = 5
_DECISIONS: Final = 4
_ITEMS: Final = 6
_ROUNDS: Final = 5


def crash_workflow(seed: int) -> dict[str, Task]:
    """Give the tasks by id: functions, scripts, memory, decisions, a parallel, three loops, and a wait near the end."""
    tasks: dict[str, Task] = {"begin": _function("begin", [])}
    tasks.update(_layers(random.Random(seed)))
    for number in range(_DECISIONS):
        tasks.update(_decision(number))
    tasks["rounds"] = {
        "condition": f"memory.n | default(0) < {_ROUNDS}",
        "dependencies": ["t1_1"],
        "loop_body": [
            {"task_id": "work", **_function("rounds[{{ loop.iteration - 1 }}]/work")},
            {"task_id": "count", "function": "memory.increment", "args": ["n"]},
        ],
    }
    tasks["each"] = {
        "items": list(range(_ITEMS)),
        "max_parallel": 3,
        "dependencies": ["t2_2"],
        "loop_body": [
            {"task_id": "work", **_function("each[{{ index }}]/work"), "result_key": "worked"},
            {
                "task_id": "inner",
                "items": ["a", "b"],
                "loop_body": [{"task_id": "count", "function": "memory.increment", "args": ["cells"]}],
            },
        ],
    }
    tasks["fork"] = {"branches": {"l": ["left"], "r": ["right"]}, "dependencies": ["t3_3"]}
    tasks["left"] = _script(["fork"])
    tasks["right"] = _function("right", ["fork"])
    tasks["join"] = _function("join", ["fork", "rounds", "each"])
    last = [f"t{_LAYERS - 1}_{place}" for place in range(_WIDTH)]
    # Long enough that a kill meant for the last tasks does not come too late.
    tasks["settle"] = {"wait_for": "700ms", "dependencies": ["join", *last]}
    tasks["end"] = _function("end", ["settle"])
    return tasks


def as_yaml(tasks: dict[str, Task]) -> str:
    """Write the workflow; JSON is YAML."""
    return json.dumps({"name": "crash", "max_parallel": 4, "tasks": tasks}, indent=1)


def writes_a_line(path: str, tasks: dict[str, Task]) -> bool:
    """Whether the instance at this address tells the ledger when it runs."""
    task = tasks.get(path, {})
    return path.endswith("/work") or str(task.get("function", "")).startswith("./ledger.py") or "run" in task


def _function(address: str, needs: list[str] | None = None) -> Task:
    task: Task = {"function": "./ledger.py:append", "args": [address]}
    return task if needs is None else {**task, "dependencies": needs}


def _script(needs: list[str]) -> Task:
    return {"run": 'echo "$HIGHWAY_TASK" >> ledger', "dependencies": needs}


def _layers(chance: random.Random) -> dict[str, Task]:
    """Each task depends on one to three of the layer before."""
    tasks: dict[str, Task] = {}
    for layer in range(_LAYERS):
        above = [f"t{layer - 1}_{place}" for place in range(_WIDTH)] if layer else ["begin"]
        for place in range(_WIDTH):
            needs = sorted(chance.sample(above, chance.randint(1, min(3, len(above)))))
            tasks[f"t{layer}_{place}"] = _function(f"t{layer}_{place}", needs)
    return tasks


def _decision(number: int) -> dict[str, Task]:
    """A memory entry decides which of two tasks runs, a script or a function."""
    return {
        f"note{number}": {"function": "memory.set", "args": [f"m{number}", number], "dependencies": [f"t{number}_0"]},
        f"ask{number}": {
            "condition": f"memory.m{number} % 2 == 1",
            "if_true": f"yes{number}",
            "if_false": f"no{number}",
            "dependencies": [f"note{number}"],
        },
        f"yes{number}": _script([f"ask{number}"]),
        f"no{number}": _function(f"no{number}", [f"ask{number}"]),
    }
