"""A second opinion on the dialect: runs plain workflow data to its end, naively, one task after the other.

Shares no code with the engine and knows no time, slots, journal or crash. A failure stops only what depends on it
(`keep_going`). Rules that fire early are judged when all dependencies have ended, which changes no outcome as long as
such a task reads nothing that its dependencies write.
"""

from __future__ import annotations

import operator as op
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Answer: TypeAlias = tuple[str, Any]
"""How one attempt of a call ends: `ok`, `fail` or `final` (never tried again), and the value of a success."""
Calls: TypeAlias = Callable[[str, int], Answer]
"""Address and attempt (from 1) to its answer."""
Tasks: TypeAlias = dict[str, dict[str, Any]]

FAILED: Final = ("failed", "upstream_failed")
OPERATORS: Final = {"==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


class Wrong(Exception):
    """A template or condition has no value: its task fails."""


@dataclass
class Ending:
    """Everything that is determined about a run. Addresses are those of docs/dialect.md."""

    run: str = ""
    statuses: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    """Of succeeded instances."""
    named: dict[str, Any] = field(default_factory=dict)
    """`results.*` of the run."""
    memory: dict[str, Any] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    """Of calls that ran."""
    causes: set[str] = field(default_factory=set)
    """Instances that failed by themselves and are not `continue_on_error`: what fail-fast would stop for."""
    sheltered: bool = False
    """One of them stands in an operator that says `continue_on_error`."""


@dataclass
class Scope:
    """One list of tasks being run: the workflow, an iteration, an inline branch."""

    path: str
    tasks: Tasks
    outer: Scope | None = None
    loop: dict[str, Any] | None = None
    statuses: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """Results by task id."""
    results: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    chosen: dict[str, str | None] = field(default_factory=dict)
    sheltered: bool = False

    def address(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def failed(self, name: str) -> bool:
        """Say whether dependents take the end of a task as a failure."""
        return self.statuses[name] in FAILED and not self.tasks[name].get("continue_on_error")

    @property
    def has_failed(self) -> bool:
        """Say whether any of its tasks counts as failed for whoever holds the list."""
        return any(self.failed(name) and not self.is_kept(name) for name in self.tasks)

    def is_kept(self, name: str) -> bool:
        """Say whether a parallel around a member tolerates its failure."""
        around = [other for other in self.tasks if name in members(self.tasks[other])]
        return any(self.tasks[other].get("continue_on_error") or self.is_kept(other) for other in around)


class Reference:
    def __init__(self, tasks: Tasks, calls: Calls) -> None:
        self._tasks = tasks
        self._calls = calls
        self._end = Ending()

    def run(self) -> Ending:
        root = self._run_scope(Scope("", top_level(self._tasks)))
        self._end.run = "failed" if root.has_failed else "succeeded"
        self._end.named = root.results
        return self._end

    # --- which tasks run -------------------------------------------------------------------------------------------

    def _run_scope(self, scope: Scope) -> Scope:
        needs = dependencies(scope.tasks, nested=scope.outer is not None)
        while len(scope.statuses) < len(scope.tasks):
            before = (len(scope.statuses), len(scope.opened))
            for name in scope.tasks:
                if name in scope.opened and name not in scope.statuses:
                    self._close_parallel(scope, name)
                elif name not in scope.statuses and all(_has_spoken(scope, name, other) for other in needs[name]):
                    self._decide(scope, name, needs[name])
            assert (len(scope.statuses), len(scope.opened)) != before, f"circle in {sorted(scope.tasks)}"
        return scope

    def _decide(self, scope: Scope, name: str, needs: list[str]) -> None:
        task = scope.tasks[name]
        choosers = [other for other in needs if name in targets(scope.tasks[other])]
        votes = [_vote(scope, name, other) for other in needs]
        verdict = judge(task.get("trigger_rule", "default"), votes)
        if choosers and not any(scope.chosen.get(other) == name for other in choosers):
            refused = any(scope.failed(other) for other in choosers)
            verdict = "upstream_failed" if refused else "skipped"
        try:
            if verdict == "run" and not condition(task.get("when", "true"), self._names(scope)):
                verdict = "skipped"
            if verdict != "run":
                self._finish(scope, name, verdict)
            elif kind_of(task) == "parallel":
                scope.opened.add(name)
            else:
                self._finish(scope, name, "succeeded", self._value(scope, name, task))
        except Wrong:
            self._finish(scope, name, "failed")

    def _finish(self, scope: Scope, name: str, status: str, value: Any = None) -> None:
        address, task = scope.address(name), scope.tasks[name]
        scope.statuses[name] = self._end.statuses[address] = status
        if status == "succeeded":
            scope.values[name] = self._end.results[address] = value
            if task.get("result_key"):
                scope.results[task["result_key"]] = value
        elif status == "failed" and not task.get("continue_on_error"):
            self._end.causes.add(address)
            self._end.sheltered = self._end.sheltered or scope.sheltered or scope.is_kept(name)

    # --- operators -------------------------------------------------------------------------------------------------

    def _value(self, scope: Scope, name: str, task: dict[str, Any]) -> Any:
        """Run a task that may start; return its result, Wrong where it fails."""
        match kind_of(task):
            case "task":
                return self._call(scope, name, task)
            case "foreach":
                return self._foreach(scope, name, task)
            case "while":
                return self._while(scope, name, task)
            case "condition":
                value = condition(task["condition"], self._names(scope))
                taken = scope.chosen[name] = task.get("if_true" if value else "if_false")
                return {"value": value, "taken": taken}
        return None

    def _call(self, scope: Scope, name: str, task: dict[str, Any]) -> Any:
        args = [fill(arg, self._names(scope)) for arg in task.get("args", ())]
        for value in task.get("env", {}).values():
            fill(value, self._names(scope))
        function = task.get("function")
        if function is not None:
            return self._remember(function, *args)
        address = scope.address(name)
        for attempt in range(1, task.get("retry", {}).get("max_attempts", 1) + 1):
            self._end.attempts[address] = attempt
            ending, value = self._calls(address, attempt)
            if ending == "ok":
                return value
            if ending == "final":
                break
        raise Wrong(address)

    def _remember(self, function: str, key: str, value: Any = 1) -> Any:
        memory = self._end.memory
        memory[key] = value if function == "memory.set" else memory.get(key, 0) + value
        return {"key": key} | ({"status": "ok"} if function == "memory.set" else {"new_value": memory[key]})

    def _close_parallel(self, scope: Scope, name: str) -> None:
        """End a parallel once all its members have; inline branches run here and now."""
        task = scope.tasks[name]
        if not scope.statuses.keys() >= set(members(task)):
            return
        inline = {
            branch: self._run_scope(self._inner(scope, name, f"{scope.address(name)}/{branch}", inner["tasks"]))
            for branch, inner in task.get("branch_workflows", {}).items()
        }
        if any(map(scope.failed, members(task))) or any(inner.has_failed for inner in inline.values()):
            self._finish(scope, name, "failed")
            return
        result = {branch: inner.values for branch, inner in inline.items()}
        for branch, ids in task.get("branches", {}).items():
            result[branch] = {member: scope.values[member] for member in ids if member in scope.values}
        for inner in inline.values():
            scope.results.update(inner.results)
        self._finish(scope, name, "succeeded", result)

    def _foreach(self, scope: Scope, name: str, task: dict[str, Any]) -> Any:
        items = fill(task["items"], self._names(scope))
        if isinstance(items, dict):
            items = [{"key": key, "value": value} for key, value in items.items()]
        if not isinstance(items, list):
            raise Wrong(items)
        turns = []
        for index, item in enumerate(items):
            loop = {"item": item, "index": index, "first": index == 0, "last": index == len(items) - 1}
            turns.append(self._turn(scope, name, {**loop, "length": len(items)}, {}))
        if any(turn.has_failed for turn in turns):
            raise Wrong(name)
        keys = {key: None for turn in turns for key in turn.results}
        keys |= {body["result_key"]: None for body in task["loop_body"] if body.get("result_key")}
        scope.results.update({key: [turn.results.get(key) for turn in turns] for key in keys})
        return [_outputs(turn) for turn in turns]

    def _while(self, scope: Scope, name: str, task: dict[str, Any]) -> Any:
        """Run iterations as long as the condition, which sees their results, holds."""
        left: dict[str, Any] = {}
        turns: list[Scope] = []
        while condition(task["condition"], {**self._names(scope), "results": {**self._results(scope), **left}}):
            if len(turns) >= task.get("max_iterations", 10_000):
                raise Wrong("max_iterations")
            loop = {"index": len(turns), "iteration": len(turns) + 1, "first": not turns}
            turns.append(self._turn(scope, name, loop, left))
            if turns[-1].has_failed:  # the next iteration stands behind it
                raise Wrong(name)
            left |= turns[-1].results
        scope.results.update(left)
        return {"iterations": len(turns), "last": _outputs(turns[-1]) if turns else None}

    def _turn(self, scope: Scope, name: str, loop: dict[str, Any], before: dict[str, Any]) -> Scope:
        body = {inner["task_id"]: inner for inner in scope.tasks[name]["loop_body"]}
        inner = self._inner(scope, name, f"{scope.address(name)}[{loop['index']}]", body)
        outer = self._loop(scope)
        inner.loop = loop if outer is None else {**loop, "parent": outer}
        inner.before = dict(before)
        return self._run_scope(inner)

    def _inner(self, scope: Scope, name: str, path: str, tasks: Tasks) -> Scope:
        kept = scope.tasks[name].get("continue_on_error") or scope.is_kept(name)
        return Scope(path, tasks, scope, sheltered=bool(scope.sheltered or kept))

    # --- names -----------------------------------------------------------------------------------------------------

    def _names(self, scope: Scope) -> dict[str, Any]:
        tasks = {name: {"status": status} for name, status in scope.statuses.items()}
        names = {"memory": self._end.memory, "results": self._results(scope), "tasks": tasks}
        loop = self._loop(scope)
        return names if loop is None else {**names, **loop, "loop": loop}

    def _results(self, scope: Scope | None) -> dict[str, Any]:
        return {} if scope is None else {**self._results(scope.outer), **scope.before, **scope.results}

    def _loop(self, scope: Scope) -> dict[str, Any] | None:
        if scope.loop is not None or scope.outer is None:
            return scope.loop
        return self._loop(scope.outer)


# --- dependencies and rules ----------------------------------------------------------------------------------------


def kind_of(task: dict[str, Any]) -> str:
    """Name the operator."""
    return str(task.get("operator_type", "task"))


def top_level(tasks: Tasks) -> Tasks:
    """Leave out twins, which run in their body alone."""
    inside = set(_ids_inside(tasks))
    return {name: task for name, task in tasks.items() if name not in inside}


def dependencies(tasks: Tasks, *, nested: bool) -> dict[str, list[str]]:
    """Return what each task of a list waits for, implied dependencies included."""
    needs: dict[str, list[str]] = {name: [] for name in tasks}
    inside = {inner: name for name, task in tasks.items() for inner in _ids_inside({name: task})}
    follows: dict[str, str | None] = {}
    for task in tasks.values():
        for ids in task.get("branches", {}).values():
            follows |= dict(zip(ids, [None, *ids], strict=False))
    previous = None
    for name, task in tasks.items():
        before = follows.get(name, previous if nested else None)
        written = task.get("dependencies", [before] if before else [])
        for other in [*written, *_dependencies_inside(task)]:
            known = other if other in tasks else inside.get(other)
            if known is not None and known != name:
                needs[name].append(known)
        needs[name] += [other for other in tasks if name in [*targets(tasks[other]), *members(tasks[other])]]
        needs[name] = list(dict.fromkeys(needs[name]))
        previous = name
    return needs


def judge(rule: str, votes: list[str]) -> str:
    """Return `run`, `skipped` or `upstream_failed`; `votes` are `ok`, `skipped` and `failed`."""
    failed, ok, strict = "failed" in votes, "ok" in votes, ("default", "all_success", "none_failed", "none_skipped")
    if failed and rule in strict:
        return "upstream_failed"
    exact = {"one_failed": failed, "all_failed": set(votes) == {"failed"}, "none_skipped": "skipped" not in votes}
    runs = exact.get(rule, ok or rule in ("all_done", "always", "one_done", "none_failed"))
    return "run" if runs or not votes else "skipped"


def _has_spoken(scope: Scope, name: str, other: str) -> bool:
    return other in scope.statuses or (other in scope.opened and name in members(scope.tasks[other]))


def _vote(scope: Scope, name: str, other: str) -> str:
    if other in scope.opened and name in members(scope.tasks[other]):
        return "ok"
    if other in scope.chosen and name in targets(scope.tasks[other]):
        return "ok" if scope.chosen[other] == name else "skipped"
    if scope.failed(other):
        return "failed"
    return "skipped" if scope.statuses[other] == "skipped" else "ok"


def targets(task: dict[str, Any]) -> list[str]:
    """List what a condition names."""
    return [task[key] for key in ("if_true", "if_false") if key in task]


def members(task: dict[str, Any]) -> list[str]:
    """List the members of a parallel."""
    return [member for ids in task.get("branches", {}).values() for member in ids]


def _bodies(task: dict[str, Any]) -> Iterator[Tasks]:
    if "loop_body" in task:
        yield {inner["task_id"]: inner for inner in task["loop_body"]}
    for branch in task.get("branch_workflows", {}).values():
        yield branch["tasks"]


def _ids_inside(tasks: Tasks) -> Iterator[str]:
    for task in tasks.values():
        for body in _bodies(task):
            yield from body
            yield from _ids_inside(body)


def _dependencies_inside(task: dict[str, Any]) -> Iterator[str]:
    """Yield what the bodies of an operator depend on outside themselves: it becomes the operator's."""
    for body in _bodies(task):
        known = {*body, *_ids_inside(body)}
        for inner in body.values():
            for other in [*inner.get("dependencies", ()), *_dependencies_inside(inner)]:
                if other not in known:
                    yield other


def _outputs(scope: Scope) -> dict[str, Any]:
    return {scope.tasks[name].get("result_key") or name: value for name, value in scope.values.items()}


# --- templates: only what the generated workflows say ----------------------------------------------------------------

_HOLE: Final = re.compile(r"\{\{(.*)\}\}")
_COMPARISON: Final = re.compile(r"(.+?) (==|!=|<=|>=|<|>) (.+)")


def fill(value: Any, names: dict[str, Any]) -> Any:
    """Render an argument: a text that is one hole gives its value."""
    hole = _HOLE.fullmatch(value) if isinstance(value, str) else None
    return value if hole is None else _term(hole[1], names)


def condition(text: str, names: dict[str, Any]) -> bool:
    """Evaluate a condition; Wrong where it has no boolean value."""
    compared = _COMPARISON.fullmatch(text)
    try:
        value = OPERATORS[compared[2]](*(_term(compared[n], names) for n in (1, 3))) if compared else _term(text, names)
    except TypeError as error:
        raise Wrong(text) from error
    if not isinstance(value, bool):
        raise Wrong(text)
    return value


def _term(text: str, names: dict[str, Any]) -> Any:
    text = text.strip().removeprefix("{{").removesuffix("}}").strip()
    if text in ("true", "false"):
        return text == "true"
    if text.isdecimal():
        return int(text)
    if text.startswith("'"):
        return text[1:-1]
    path, default, otherwise = text.partition(" | default(")
    path, is_defined, _ = path.partition(" is defined")
    value: Any = names
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            if not (default or is_defined):
                raise Wrong(path)
            return int(otherwise.removesuffix(")")) if default else False
        value = value[key]
    return True if is_defined else value
