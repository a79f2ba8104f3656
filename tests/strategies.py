"""Random workflows: valid by construction, nested to some depth, with every operator and the rules that matter."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

RULES = ["default", "none_skipped", "none_failed", "all_done", "always", "one_success", "one_failed", "all_failed"]


@st.composite
def workflows(draw: st.DrawFn, *, depth: int = 2, size: int = 5) -> dict[str, Any]:
    """Draw the `tasks` of a workflow. Ids are `t0`, `t1` …; dependencies point backwards, so there is no cycle."""
    return _tasks(draw, "t", depth, size)


def _tasks(draw: st.DrawFn, prefix: str, depth: int, size: int) -> dict[str, Any]:
    tasks: dict[str, Any] = {}
    for number in range(draw(st.integers(1, size))):
        name = f"{prefix}{number}"
        task = _operator(draw, name, depth)
        task["dependencies"] = draw(st.lists(st.sampled_from(sorted(tasks)), unique=True, max_size=2)) if tasks else []
        if draw(st.integers(0, 3)) == 0:
            task["trigger_rule"] = draw(st.sampled_from(RULES))
        if draw(st.integers(0, 7)) == 0:
            task["continue_on_error"] = True
        if draw(st.integers(0, 9)) == 0:
            task["when"] = "false"
        tasks[name] = task
        if task["operator_type"] == "condition":
            _add_targets(draw, tasks, name)
        elif task["operator_type"] == "parallel":
            _add_members(draw, tasks, name)
    return tasks


def _operator(draw: st.DrawFn, name: str, depth: int) -> dict[str, Any]:
    kinds = ["task", "task", "task", "memory", "wait", "condition", "parallel"]
    if depth > 0:
        kinds += ["foreach", "while"]
    kind = draw(st.sampled_from(kinds))
    if kind == "task":
        task: dict[str, Any] = {"operator_type": "task", "run": "true", "result_key": name}
        if draw(st.booleans()):
            task["retry"] = {"max_attempts": 2, "delay": "1s"}
        return task
    if kind == "memory":
        return {"operator_type": "task", "function": "memory.increment", "args": ["counter"]}
    if kind == "wait":
        return {"operator_type": "wait", "wait_for": draw(st.integers(0, 3))}
    if kind == "condition":
        return {"operator_type": "condition", "condition": draw(st.sampled_from(["true", "false", "1 < 2", "1 > 2"]))}
    if kind == "parallel":
        return {"operator_type": "parallel", "branches": {}}
    body = [{"task_id": key, **task} for key, task in _tasks(draw, f"{name}_", depth - 1, 3).items()]
    if kind == "foreach":
        items = draw(st.lists(st.integers(0, 9), max_size=3))
        return {
            "operator_type": "foreach",
            "items": items,
            "loop_body": body,
            "max_parallel": draw(st.integers(1, 2)),
        }
    turns = draw(st.integers(0, 2))
    counter = {"task_id": f"{name}_count", "operator_type": "task", "function": "memory.increment", "args": [name]}
    counter["dependencies"] = []
    return {
        "operator_type": "while",
        "condition": f"memory.{name} | default(0) < {turns}",
        "loop_body": [counter, *body],
    }


def _add_targets(draw: st.DrawFn, tasks: dict[str, Any], name: str) -> None:
    condition = tasks[name]
    for key in ("if_true", "if_false") if draw(st.booleans()) else ("if_true",):
        target = f"{name}_{key[3:]}"
        tasks[target] = {"operator_type": "task", "run": "true", "dependencies": [name]}
        condition[key] = target


def _add_members(draw: st.DrawFn, tasks: dict[str, Any], name: str) -> None:
    branches = tasks[name]["branches"]
    for number in range(draw(st.integers(1, 3))):
        members = [f"{name}_m{number}{letter}" for letter in "ab"[: draw(st.integers(1, 2))]]
        branches[f"branch{number}"] = members
        for member in members:
            tasks[member] = {"operator_type": "task", "run": "true"}
