"""One small workflow for each operator. Tasks write their address into a ledger of their own, in one `write` each."""

from __future__ import annotations

from typing import Any

LEDGER_PY = '''\
import os


def note(address, value=None):
    """Append one line; O_APPEND makes it whole."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{address}\\n".encode())
    finally:
        os.close(handle)
    return value if value is not None else address
'''


def note(address: str, *after: str, **extra: Any) -> dict[str, Any]:
    """Build a task that writes `address` into the ledger and returns it."""
    return {"function": "./ledger.py:note", "args": [address], "dependencies": list(after), **extra}


def inner(task: str, address: str, **extra: Any) -> dict[str, Any]:
    """Build a task of a body."""
    return {"task_id": task, "operator_type": "task", "function": "./ledger.py:note", "args": [address], **extra}


def shell(address: str, *after: str) -> dict[str, Any]:
    """Build a process that writes `address` into the ledger."""
    return {"run": f"echo '{address}' >> ledger", "dependencies": list(after)}


FLOWS: dict[str, dict[str, Any]] = {
    "task": {"a": note("a"), "b": note("b", "a"), "c": note("c", "a"), "d": note("d", "b", "c")},
    "shell": {"a": shell("a"), "b": shell("b", "a"), "c": shell("c", "b")},
    "memory": {
        "a": {"function": "memory.increment", "args": ["n"]},
        "b": note("b", "a"),
        "c": {"function": "memory.increment", "args": ["n"], "dependencies": ["b"], "result_key": "n"},
        "d": note("d", "c"),
    },
    "condition": {
        "a": note("a", result_key="a"),
        "if": {"condition": "results.a == 'a'", "if_true": "yes", "if_false": "no", "dependencies": ["a"]},
        "yes": note("yes"),
        "no": note("no"),
        "end": note("end", "yes", "no"),
    },
    "parallel": {
        "par": {"branches": {"left": ["a1", "a2"], "right": ["b1"]}},
        "a1": {"function": "./ledger.py:note", "args": ["a1"]},
        "a2": {"function": "./ledger.py:note", "args": ["a2"]},
        "b1": {"function": "./ledger.py:note", "args": ["b1"]},
        "end": note("end", "par"),
    },
    "branches": {
        "par": {
            "branch_workflows": {
                "left": {"tasks": {"a": note("par/left/a"), "b": note("par/left/b", "a")}},
                "right": {"tasks": {"a": note("par/right/a")}},
            }
        },
        "end": note("end", "par"),
    },
    "foreach": {
        "each": {
            "items": ["x", "y", "z"],
            "max_parallel": 2,
            "loop_body": [
                inner("do", "each[{{ index }}]/do", result_key="out"),
                inner("then", "each[{{ index }}]/then"),
            ],
        },
        "end": note("end", "each"),
    },
    "while": {
        "loop": {
            "condition": "memory.n | default(0) < 3",
            "loop_body": [
                inner("do", "loop[{{ memory.n | default(0) }}]/do"),
                {"task_id": "count", "operator_type": "task", "function": "memory.increment", "args": ["n"]},
            ],
        },
        "end": note("end", "loop"),
    },
    "switch": {
        "a": note("a"),
        "choose": {"switch_on": "{{ tasks.a.result }}", "cases": {"a": "hit", "b": "miss"}, "dependencies": ["a"]},
        "hit": note("hit"),
        "miss": note("miss"),
    },
    "join": {
        "a": note("a"),
        "b": note("b"),
        "both": {"join_tasks": ["a", "b"], "join_mode": "all_success"},
        "end": note("end", "both"),
    },
    "event": {
        "tell": {"operator_type": "emit_event", "event_name": "told", "payload": {"n": 1}, "dependencies": ["a"]},
        "hear": {"operator_type": "wait_for_event", "event_name": "told", "result_key": "heard"},
        "a": note("a"),
        "end": note("end", "hear"),
    },
    "retry": {
        "a": {
            "run": "test -e made || { touch made; exit 1; }; echo a >> ledger",
            "retry": {"max_attempts": 9, "delay": "5ms"},
        },
        "b": note("b", "a"),
    },
    "hooks": {
        "a": note("a", on_success="after"),
        "after": note("after"),
        "b": note("b", "a"),
    },
    "wait": {"a": note("a"), "pause": {"wait_for": "60ms", "dependencies": ["a"]}, "b": note("b", "pause")},
    "nested loops": {
        "outer": {
            "items": [1, 2],
            "loop_body": [
                {
                    "task_id": "mid",
                    "operator_type": "foreach",
                    "items": [1, 2],
                    "loop_body": [inner("do", "outer[{{ loop.parent.index }}]/mid[{{ index }}]/do")],
                }
            ],
        },
        "end": note("end", "outer"),
    },
}
EDGES: dict[str, list[tuple[str, str]]] = {
    "task": [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")],
    "shell": [("a", "b"), ("b", "c")],
    "memory": [("b", "d")],
    "condition": [("a", "yes"), ("yes", "end")],
    "parallel": [("a1", "a2"), ("a2", "end"), ("b1", "end")],
    "branches": [("par/left/a", "par/left/b"), ("par/left/b", "end"), ("par/right/a", "end")],
    "foreach": [("each[0]/do", "each[0]/then"), ("each[2]/then", "end")],
    "while": [("loop[0]/do", "loop[1]/do"), ("loop[2]/do", "end")],
    "switch": [("a", "hit")],
    "join": [("a", "end"), ("b", "end")],
    "event": [("a", "end")],
    "retry": [("a", "b")],
    "hooks": [("a", "after"), ("a", "b")],
    "wait": [("a", "b")],
    "nested loops": [("outer[1]/mid[1]/do", "end")],
}
"""What must stand before what in every ledger."""
