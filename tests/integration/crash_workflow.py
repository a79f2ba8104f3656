"""The workflows of the crash tests: tasks that tell a ledger when they run, drawn by a seed.

Whatever is killed, and however often, each of them has one end.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Task: TypeAlias = dict[str, Any]

LEDGER_MODULE: Final = '''
import os
import time


def append(address):
    """Append one line, whole or not at all, and give it back."""
    ledger = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger")
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
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
    tasks.update(_layers(random.Random(seed), _LAYERS, _WIDTH))
    for number in range(_DECISIONS):
        tasks.update(_decision(number, f"t{number}_0"))
    tasks["rounds"] = _rounds(_ROUNDS, ["t1_1"])
    tasks["each"] = _each(_ITEMS, ["t2_2"])
    tasks.update(_fork(["t3_3"]))
    tasks["join"] = _function("join", ["fork", "rounds", "each"])
    last = [f"t{_LAYERS - 1}_{place}" for place in range(_WIDTH)]
    # Long enough that a kill meant for the last tasks does not come too late.
    tasks["settle"] = {"wait_for": "700ms", "dependencies": ["join", *last]}
    tasks["end"] = _function("end", ["settle"])
    return tasks


def random_workflow(seed: int) -> dict[str, Task]:
    """Give a few layers of tasks, and behind random ones of them a random choice of all operators."""
    chance = random.Random(seed)
    layers, width = chance.randint(1, 4), chance.randint(2, 4)
    tasks: dict[str, Task] = {"begin": _function("begin", [])}
    tasks.update(_layers(chance, layers, width))
    made = list(tasks)
    pieces: list[Callable[[list[str]], dict[str, Task]]] = [
        lambda needs: _decision(0, needs[0]),
        lambda needs: _decision(1, needs[0]),
        lambda needs: {"rounds": _rounds(chance.randint(1, 4), needs)},
        lambda needs: {"each": _each(chance.randint(0, 5), needs)},
        _fork,
        _switch,
        _nested,
        _retried,
        lambda needs: {"nap": {"wait_for": f"{chance.randint(1, 60)}ms", "dependencies": needs}},
        _event,
    ]
    for piece in chance.sample(pieces, chance.randint(2, len(pieces))):
        tasks.update(piece([chance.choice(made)]))
    ends = sorted(set(tasks) - {need for task in tasks.values() for need in task.get("dependencies", [])})
    tasks["all"] = {"join_tasks": ends, "join_mode": "all_of", "dependencies": []}
    tasks["end"] = {**_function("end", ["all"]), "trigger_rule": "all_done"}
    return tasks


def as_yaml(tasks: dict[str, Task], **more: Any) -> str:
    """Write the workflow; JSON is YAML."""
    return json.dumps({"name": "crash", "max_parallel": 4, **more, "tasks": tasks}, indent=1)


def writes_a_line(path: str, tasks: dict[str, Task]) -> bool:
    """Whether the instance at this address tells the ledger when it runs."""
    task = tasks.get(path, {})
    return path.endswith("/work") or str(task.get("function", "")).startswith("./ledger.py") or "run" in task


def _function(address: str, needs: list[str] | None = None) -> Task:
    task: Task = {"function": "./ledger.py:append", "args": [address]}
    return task if needs is None else {**task, "dependencies": needs}


def _script(needs: list[str]) -> Task:
    return {"run": 'echo "$HIGHWAY_TASK" >> ledger', "dependencies": needs}


def _rounds(count: int, needs: list[str]) -> Task:
    return {
        "condition": f"memory.n | default(0) < {count}",
        "dependencies": needs,
        "loop_body": [
            {"task_id": "work", **_function("rounds[{{ loop.iteration - 1 }}]/work")},
            {"task_id": "count", "function": "memory.increment", "args": ["n"]},
        ],
    }


def _each(count: int, needs: list[str]) -> Task:
    return {
        "items": list(range(count)),
        "max_parallel": 3,
        "dependencies": needs,
        "loop_body": [
            {"task_id": "work", **_function("each[{{ index }}]/work"), "result_key": "worked"},
            {
                "task_id": "inner",
                "items": ["a", "b"],
                "loop_body": [{"task_id": "count", "function": "memory.increment", "args": ["cells"]}],
            },
        ],
    }


def _fork(needs: list[str]) -> dict[str, Task]:
    return {
        "fork": {"branches": {"l": ["left"], "r": ["right"]}, "dependencies": needs},
        "left": _script(["fork"]),
        "right": _function("right", ["fork"]),
    }


def _switch(needs: list[str]) -> dict[str, Task]:
    return {
        "which": {"switch_on": "{{ 1 + 1 }}", "cases": {"1": "one", "2": "two"}, "dependencies": needs},
        "one": _function("one", ["which"]),
        "two": _script(["which"]),
    }


def _nested(needs: list[str]) -> dict[str, Task]:
    """A parallel whose branches are workflows of their own."""
    branches = {
        "l": {"tasks": {"work": _function("apart/l/work", [])}},
        "r": {"tasks": {"work": _script([]), "more": {"function": "memory.set", "args": ["x", 1]}}},
    }
    return {"apart": {"branch_workflows": branches, "dependencies": needs}}


def _retried(needs: list[str]) -> dict[str, Task]:
    """Fails until a file is there, which it makes; a kill in between costs an attempt, so there are plenty."""
    script = 'test -e made || { touch made; exit 1; }; echo "$HIGHWAY_TASK" >> ledger'
    return {"again": {"run": script, "retry": {"max_attempts": 9, "delay": "5ms"}, "dependencies": needs}}


def _event(needs: list[str]) -> dict[str, Task]:
    return {
        "tell": {"operator_type": "emit_event", "event_name": "told", "payload": 7, "dependencies": needs},
        "hear": {"operator_type": "wait_for_event", "event_name": "told", "dependencies": ["begin"]},
    }


def _layers(chance: random.Random, layers: int, width: int) -> dict[str, Task]:
    """Each task depends on one to three of the layer before."""
    tasks: dict[str, Task] = {}
    for layer in range(layers):
        above = [f"t{layer - 1}_{place}" for place in range(width)] if layer else ["begin"]
        for place in range(width):
            needs = sorted(chance.sample(above, chance.randint(1, min(3, len(above)))))
            tasks[f"t{layer}_{place}"] = _function(f"t{layer}_{place}", needs)
    return tasks


def _decision(number: int, need: str) -> dict[str, Task]:
    """A memory entry decides which of two tasks runs, a script or a function."""
    return {
        f"note{number}": {"function": "memory.set", "args": [f"m{number}", number], "dependencies": [need]},
        f"ask{number}": {
            "condition": f"memory.m{number} % 2 == 1",
            "if_true": f"yes{number}",
            "if_false": f"no{number}",
            "dependencies": [f"note{number}"],
        },
        f"yes{number}": _script([f"ask{number}"]),
        f"no{number}": _function(f"no{number}", [f"ask{number}"]),
    }
