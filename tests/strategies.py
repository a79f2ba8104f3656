"""Random workflows: valid by construction, nested to some depth, with every operator and the rules that matter.

Nothing in them depends on the order in which calls end: a task reads a result or a memory key only where its writer
has ended for certain, counters that several tasks add to are read by none, and a task with a rule that fires early
reads nothing of what it waits for. So every run of one has one right end, which `tests/reference.py` computes.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

Tasks: TypeAlias = dict[str, dict[str, Any]]
Names: TypeAlias = frozenset[str]

PLAIN: Final = ("default", "none_skipped", "none_failed")
"""Rules by which nothing starts behind a failure."""
EARLY: Final = ("one_success", "one_failed", "one_done")
RULES: Final = (*PLAIN, *EARLY, "all_done", "always", "all_failed", "all_success")
_COMPARISONS: Final = ("<", ">", "==", "!=", "<=", ">=")


@dataclass(frozen=True)
class World:
    """What calls answer: chosen by address, from a few answers, so that examples shrink to few differences."""

    answers: tuple[tuple[str, Any], ...]
    healed: bool = False
    """True: what failed before succeeds now, with the same value."""

    def __call__(self, address: str, attempt: int) -> tuple[str, Any]:
        """Answer an attempt, counted from 1 without interrupted ones."""
        ending, value = self.answers[zlib.crc32(address.encode()) % len(self.answers)]
        good = self.healed or ending == "ok" or (ending == "once" and attempt > 1)
        return ("ok", value) if good else ("final" if ending == "final" else "fail", None)

    def heal(self) -> World:
        """The same world after somebody mended it."""
        return replace(self, healed=True)


_VALUES = st.integers(0, 4) | st.lists(st.integers(0, 4), max_size=3) | st.just({"a": 1, "b": [2]})
_ENDINGS = st.sampled_from(["ok", "ok", "ok", "once", "fail", "final"])
WORLDS = st.lists(st.tuples(_ENDINGS, _VALUES), min_size=1, max_size=9).map(lambda answers: World(tuple(answers)))


@st.composite
def workflows(
    draw: st.DrawFn, *, depth: int = 2, size: int = 5, rules: Sequence[str] = RULES, tolerant: bool = True
) -> Tasks:
    """Draw the `tasks` of a workflow. Ids are `t0`, `t1` …; dependencies point backwards, so there is no cycle.

    `tolerant` allows `continue_on_error`.
    """
    tasks = _Drawing(draw, rules, tolerant=tolerant).tasks(_Place("t", depth, size))
    inside = [(name, task) for body in map(_all_bodies, tasks.values()) for name, task in body if "run" in task]
    if inside and draw(st.integers(0, 5)) == 5:  # a twin, as exports write it: it runs only in its body
        name, twin = draw(st.sampled_from(inside))
        tasks[name] = {key: value for key, value in twin.items() if key not in ("dependencies", "task_id")}
    return tasks


@dataclass(frozen=True)
class _Place:
    """Where a list of tasks stands."""

    prefix: str
    depth: int
    size: int
    readable: Names = frozenset()
    """Results and memory keys that are settled before the list starts."""
    loops: tuple[str, ...] = ()
    """Kinds of the loops around it, innermost first."""
    outside: tuple[str, ...] = ()
    """Ids that its tasks may depend on although they stand outside."""
    nested: bool = False

    @property
    def alone(self) -> bool:
        """Say whether no other instance of these tasks runs at the same time."""
        return "foreach" not in self.loops


@dataclass
class _List:
    """A list of tasks in the making."""

    place: _Place
    tasks: Tasks = field(default_factory=dict)
    settled: dict[str, Names] = field(default_factory=dict)
    """Per task: the names that are settled when it has ended."""
    open_targets: list[tuple[str, str]] = field(default_factory=list)
    """Conditions whose target is still to be named, and the key for it."""


class _Drawing:
    """Lives while one workflow is drawn."""

    def __init__(self, draw: st.DrawFn, rules: Sequence[str], *, tolerant: bool) -> None:
        self._draw = draw
        self._rules = rules
        self._tolerant = tolerant

    def _one_in(self, number: int) -> bool:
        """Draw a rare yes; the simplest example says no."""
        return self._draw(st.integers(0, number - 1)) == number - 1

    def tasks(self, place: _Place) -> Tasks:
        """Draw a list of tasks."""
        made = _List(place)
        for number in range(self._draw(st.integers(1, place.size))):
            self._task(made, f"{place.prefix}{number}", sorted(made.tasks))
        for number, (condition, key) in enumerate(made.open_targets):
            if key == "if_true" or self._draw(st.booleans()):
                name = f"{place.prefix}_target{number}"
                made.tasks[condition][key] = name
                made.tasks[name] = {"operator_type": "task", "run": "true", "dependencies": []}
        return made.tasks

    def _task(self, made: _List, name: str, before: list[str], *, member: bool = False) -> None:
        place = made.place
        needs = self._draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if before else []
        written: dict[str, Any] = {"dependencies": [self._way_to(made, other) for other in needs]}
        if (member or place.nested) and self._one_in(3):
            written, needs = {}, []  # it follows the one before, and reads nothing of it
        choosers = self._choosers(made, name, before)
        if self._one_in(3):
            written["trigger_rule"] = self._draw(st.sampled_from(self._rules))
        settled = frozenset().union(*(made.settled[other] for other in (*needs, *choosers)))
        readable = place.readable
        if written.get("trigger_rule") in EARLY:
            needs = []
        else:
            readable |= settled
        if self._tolerant and self._one_in(6):
            written["continue_on_error"] = True
        if self._one_in(6):
            written["when"] = self._condition(made, readable, needs)
        task, keys = self._operator(made, name, readable, needs, before)
        if place.outside and self._one_in(6):
            written.setdefault("dependencies", []).append(self._draw(st.sampled_from(place.outside)))
        made.tasks[name] = task | written
        early = choosers or written.get("trigger_rule") in EARLY or "dependencies" not in written
        made.settled[name] = keys if early else keys | settled
        if task["operator_type"] == "parallel" and "branches" in task:
            self._members(made, name, before)

    def _way_to(self, made: _List, name: str) -> str:
        """Name an operator by itself or, which means the same, by a task inside it."""
        inside = [inner for inner, _ in _all_bodies(made.tasks[name])]
        return self._draw(st.sampled_from(inside)) if inside and self._one_in(6) else name

    def _choosers(self, made: _List, name: str, before: list[str]) -> list[str]:
        """Make the task a target of conditions that look for one."""
        found = []
        for condition, key in list(made.open_targets):
            if condition in before and self._one_in(2):
                made.open_targets.remove((condition, key))
                made.tasks[condition][key] = name
                found.append(condition)
        return found

    def _members(self, made: _List, name: str, before: list[str]) -> None:
        for number in range(self._draw(st.integers(1, 3))):
            members = [f"{name}_m{number}{letter}" for letter in "ab"[: self._draw(st.integers(1, 2))]]
            for member in members:
                self._task(made, member, before, member=True)
                before = [*before, member]
            made.tasks[name]["branches"][f"branch{number}"] = members

    # --- operators -------------------------------------------------------------------------------------------------

    def _operator(
        self, made: _List, name: str, readable: Names, needs: list[str], before: list[str]
    ) -> tuple[dict[str, Any], Names]:
        """Draw an operator; return it with the names that it settles."""
        kinds = ["task", "task", "task", "memory", "wait", "condition", "parallel"]
        if made.place.depth > 0:
            kinds += ["foreach", "while", "inline"]
        kind = self._draw(st.sampled_from(kinds))
        task: dict[str, Any] = {"operator_type": kind}
        keys: Names = frozenset()
        if kind in ("task", "memory"):
            task, keys = self._call(made, name, readable, kind)
        elif kind == "wait":
            task["wait_for"] = self._draw(st.integers(0, 3))
        elif kind == "condition":
            task["condition"] = self._condition(made, readable, needs)
            made.open_targets += [(name, "if_true"), (name, "if_false")]
        elif kind == "parallel":
            task["branches"] = {}
        else:
            place = replace(made.place, readable=readable, outside=(*made.place.outside, *before))
            task, keys = self._nest(place, name, kind)
        if kind not in ("wait", "memory") and self._one_in(2):
            task["result_key"] = name
            keys |= {f"results.{name}"}
        return task, keys

    def _call(self, made: _List, name: str, readable: Names, kind: str) -> tuple[dict[str, Any], Names]:
        if kind == "task":
            task: dict[str, Any] = {"operator_type": "task", "run": "true"}
            if not self._one_in(3):
                task["retry"] = {"max_attempts": self._draw(st.integers(1, 3)), "delay": "1s"}
            if readable and self._one_in(3):
                task["env"] = {"VALUE": self._hole(readable)}
            return task, frozenset()
        if readable and made.place.alone and self._one_in(2):
            args = [name, self._hole(readable)]
            return {"operator_type": "task", "function": "memory.set", "args": args}, frozenset({f"memory.{name}"})
        return {"operator_type": "task", "function": "memory.increment", "args": ["counter"]}, frozenset()

    def _nest(self, place: _Place, name: str, kind: str) -> tuple[dict[str, Any], Names]:
        readable = place.readable
        loops = place.loops if kind == "inline" else (kind, *place.loops)
        inner = replace(place, prefix=f"{name}_", depth=place.depth - 1, size=3, loops=loops, nested=True)
        if kind == "inline":
            branches = {}
            for letter in "xy"[: self._draw(st.integers(1, 2))]:
                branches[letter] = {"tasks": self.tasks(replace(inner, prefix=f"{name}_{letter}"))}
            keys = frozenset(key for branch in branches.values() for key in _keys(branch["tasks"]))
            return {"operator_type": "parallel", "branch_workflows": branches}, keys
        body = [{"task_id": key, **task} for key, task in self.tasks(inner).items()]
        keys = _keys({task["task_id"]: task for task in body})
        if kind == "foreach":
            literal = st.lists(st.integers(0, 4), max_size=3)
            items = self._hole(readable) if readable and self._one_in(3) else self._draw(literal)
            limit = self._draw(st.integers(1, 3))
            return {"operator_type": "foreach", "items": items, "loop_body": body, "max_parallel": limit}, keys
        return self._while(place, name, body, keys), keys

    def _while(self, place: _Place, name: str, body: list[dict[str, Any]], keys: Names) -> dict[str, Any]:
        task: dict[str, Any] = {"operator_type": "while", "loop_body": body, "max_iterations": 3}
        if keys and self._one_in(2):
            key = self._draw(st.sampled_from(sorted(keys)))
            task["condition"] = f"{key} | default(0) {self._draw(st.sampled_from(_COMPARISONS))} 2"
        elif place.alone:
            count = {"task_id": f"{name}_count", "operator_type": "task", "function": "memory.increment"}
            body.insert(0, {**count, "args": [name], "dependencies": []})
            task["condition"] = f"memory.{name} | default(0) < {self._draw(st.integers(0, 2))}"
        else:
            task["condition"] = self._draw(st.sampled_from(["true", "false"]))
        return task

    # --- expressions -----------------------------------------------------------------------------------------------

    def _hole(self, readable: Names) -> str:
        return f"{{{{ {self._draw(st.sampled_from(sorted(readable)))}{self._draw(_DEFAULTS)} }}}}"

    def _condition(self, made: _List, readable: Names, needs: list[str]) -> str:
        terms = ["1"]
        for loop in made.place.loops[:1]:
            terms += ["index", "loop.index", "item" if loop == "foreach" else "loop.iteration"]
        terms += ["loop.parent.index"] if len(made.place.loops) > 1 else []
        kinds = ["constant", "number"] + ["name"] * 4 * bool(readable) + ["status"] * bool(needs)
        kind = self._draw(st.sampled_from(kinds))
        if kind == "constant":
            return self._draw(st.sampled_from(["true", "false", "1 < 2", "1 > 2"]))
        comparison = self._draw(st.sampled_from(_COMPARISONS))
        number = self._draw(st.integers(0, 4))
        if kind == "status":
            return f"tasks.{needs[0]}.status {self._draw(st.sampled_from(['==', '!=']))} 'succeeded'"
        if kind != "name":
            return f"{self._draw(st.sampled_from(terms))} {comparison} {number}"
        name = self._draw(st.sampled_from(sorted(readable)))
        forms = [
            f"{name}{self._draw(_DEFAULTS)} {comparison} {number}",
            f"{{{{ {name} }}}} {comparison} {number}",
            f"{name} is defined",
        ]
        return self._draw(st.sampled_from(forms))


_DEFAULTS = st.sampled_from(["", " | default(1)"])


def _keys(tasks: Tasks) -> Names:
    """Return the names that a body leaves behind for those who come after it."""
    found = {f"results.{task['result_key']}" for task in tasks.values() if "result_key" in task}
    for task in tasks.values():
        if task.get("function") == "memory.set":
            found.add(f"memory.{task['args'][0]}")
        for body in _bodies(task):
            found |= _keys(body)
    return frozenset(found)


def _all_bodies(task: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """List the tasks inside an operator, at any depth, by id."""
    found = [pair for body in _bodies(task) for pair in body.items()]
    return found + [deeper for _, inner in found for deeper in _all_bodies(inner)]


def _bodies(task: dict[str, Any]) -> list[Tasks]:
    inline = [branch["tasks"] for branch in task.get("branch_workflows", {}).values()]
    return [*inline, {inner["task_id"]: inner for inner in task.get("loop_body", ())}]
