"""Ids -> edges, one scope per graph: the file itself, a loop's body, an inline branch. Twins go, implied edges come.

A scope is still about what was written (items with places); `build.py` makes the plan of it once nothing is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .canonical import BAD
from .models import Condition, Join, Parallel, Switch
from .plan import Edge, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..keys import JsonValue
    from .document import Spot
    from .items import Item, Source
    from .report import Report

ScopeKind: TypeAlias = Literal["workflow", "foreach", "while", "branch", "hook"]
_NO_DEFINITION: Final = frozenset(
    {"dependencies", "depends_on", "needs", "metadata", "is_internal_loop_task", "is_internal_parallel_task"}
    | {"operator_type", "task_id"}
)
"""Keys in which twins may differ; that of their operator is compared apart, for it may be left out."""


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """One graph of items. Filled by `resolve`, then only read."""

    kind: ScopeKind
    name: str = ""
    """The branch's or the hook's name; empty for everything else."""
    owner: Item | None
    parent: Scope | None
    items: tuple[Item, ...] = ()
    """In file order, without twins."""
    index: dict[str, int] = field(default_factory=dict)
    edges: list[dict[Edge, None]] = field(default_factory=list)
    """Per item: what it waits for, in the order written, implied edges last."""
    children: list[tuple[Scope, ...]] = field(default_factory=list)
    """Per item: its body, or its inline branches."""
    hooks: dict[str, Scope] = field(default_factory=dict)
    """Of the file's own scope: the tasks that run at the run's end, by `on_success`, `on_failure`, `finally`."""
    inner: dict[str, int] = field(default_factory=dict)
    """Ids of tasks below this scope, at any depth, each with the item that holds it."""

    def walk(self) -> Iterator[Scope]:
        """Yield this scope and all below it, outermost first."""
        yield self
        for scopes in self.children:
            for scope in scopes:
                yield from scope.walk()
        for scope in self.hooks.values():
            yield from scope.walk()

    @property
    def outward(self) -> Iterator[Scope]:
        """Yield this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def members(item: Item) -> Iterator[tuple[str, int, str]]:
    """Yield branch, position and id of each member of a parallel; nothing for other operators."""
    if isinstance(item.operator, Parallel):
        for branch, ids in item.operator.branches.items():
            for position, member in enumerate(ids):
                yield branch, position, member


def targets(item: Item) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield key path and id of each target of a condition or switch."""
    operator = item.operator
    if isinstance(operator, Condition):
        yield ("if_true",), operator.if_true
        if operator.if_false is not None:
            yield ("if_false",), operator.if_false
    elif isinstance(operator, Switch):
        for value, target in operator.cases.items():
            yield ("cases", value), target
        if operator.default is not None:
            yield ("default",), operator.default


def resolve(source: Source, report: Report) -> Scope:
    """Return the file's own scope with every scope inside it; unknown ids are reported and give no edge."""
    root = Scope(kind="workflow", owner=None, parent=None)
    resolver = _Resolver(source, report)
    resolver.fill(root, tuple(item for item in source.items if item.id not in resolver.hook_ids))
    resolver.start_task(root)
    resolver.hooks(root)
    return root


class _Resolver:
    """Lives while one file is resolved."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source = source
        self._report = report
        known = {item.id for item in source.items}
        named = (entry for entries in source.hooks.values() for entry in entries if isinstance(entry, tuple))
        self.hook_ids = {task_id for task_id, _ in named if task_id in known}
        """Tasks of the file's map that run only as hooks."""

    def _add(self, code: str, message: str, spot: Spot, fix: str | None = None) -> None:
        self._report.add(code, message, self._source.place(spot), fix)

    def fill(self, scope: Scope, items: tuple[Item, ...]) -> tuple[str, ...]:
        """Resolve one scope and those inside it; return the ids outside that its tasks depend on."""
        scope.items = self._without_twins(items)
        scope.index = {item.id: position for position, item in enumerate(scope.items)}
        scope.edges = [{} for _ in scope.items]
        for position, item in enumerate(scope.items):
            for task_id in _ids_inside(item):
                scope.inner.setdefault(task_id, position)
        outside: dict[str, None] = {}
        hoisted: list[tuple[str, ...]] = []
        for item in scope.items:
            children: list[Scope] = []
            wanted: list[str] = []
            for name, inner_items in item.scopes:
                child = Scope(kind=_scope_kind(item), name=name, owner=item, parent=scope)
                wanted += self.fill(child, inner_items)
                children.append(child)
            scope.children.append(tuple(children))
            hoisted.append(tuple(wanted))
        member_of, follows = self._members(scope)
        target_of = self._targets(scope)
        self._order(scope, target_of, follows)
        for position in range(len(scope.items)):
            gates = {**member_of.get(position, {}), **target_of.get(position, {})}
            outer_ids = self._dependencies(scope, position, gates, follows)
            for task_id in hoisted[position]:
                self._hoist(scope, position, task_id, gates, outer_ids)
            for upstream, gate in gates.items():
                scope.edges[position].setdefault(Edge(upstream, gate))
            outside.update(dict.fromkeys(outer_ids))
        return tuple(outside)

    def _without_twins(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Drop tasks that a body in the same list repeats: they run only there."""
        inside: dict[str, list[tuple[Item, Item]]] = {}
        for holder in items:
            for item in _all_inside(holder):
                inside.setdefault(item.id, []).append((holder, item))
        kept = []
        for item in items:
            originals = inside.get(item.id)
            if originals is None:
                kept.append(item)
            elif any(holder is item for holder, _ in originals):
                self._add("E-DUPLICATE-ID", f"a task inside `{item.id}` has the same id", item.name_spot)
                kept.append(item)
            elif any(item.kind == original.kind and _same(item.raw, original.raw) for _, original in originals):
                message = f"`{item.id}` repeats a task of `{originals[0][0].id}` and runs only there"
                self._add("I-TWIN", message, item.name_spot)
            else:
                message = f"`{item.id}` is also a task inside `{originals[0][0].id}`, with another definition"
                self._add("E-TWIN", message, item.name_spot, "rename one of them, or make them equal")
        return tuple(kept)

    def _members(self, scope: Scope) -> tuple[dict[int, dict[int, Gate]], dict[int, int]]:
        """Return per member its open gates, and per member without a `dependencies` key the one listed before it."""
        gates: dict[int, dict[int, Gate]] = {}
        follows: dict[int, int] = {}
        for owner, item in enumerate(scope.items):
            before: tuple[str, int] | None = None
            seen: set[str] = set()
            for branch, position, member in members(item):
                spot = item.spot.find("branches", branch, position)
                index = self._own_id(scope, member, spot, what=f"branch `{branch}` names")
                if index is None:
                    continue
                if member in seen:
                    self._add("E-MEMBER", f"`{member}` is listed twice in the branches of `{item.id}`", spot)
                    continue
                seen.add(member)
                gates.setdefault(index, {})[owner] = Gate.OPEN
                if before is not None and before[0] == branch:
                    follows.setdefault(index, before[1])
                elif index not in follows:
                    follows[index] = -1
                before = (branch, index)
        return gates, follows

    def _targets(self, scope: Scope) -> dict[int, dict[int, Gate]]:
        gates: dict[int, dict[int, Gate]] = {}
        for owner, item in enumerate(scope.items):
            for path, target in targets(item):
                index = self._own_id(scope, target, item.spot.find(*path), what=f"`{path[-1]}` names")
                if index is not None:
                    gates.setdefault(index, {})[owner] = Gate.TARGET
            for key, gate in (("on_success", Gate.SUCCESS), ("on_failure", Gate.FAILURE)):
                named = getattr(item.operator, key)
                if named is not None:
                    index = self._own_id(scope, named, item.spot.find(key), what=f"`{key}` names")
                    if index is not None and owner in gates.get(index, {}):
                        message = f"`{item.id}` names `{named}` twice"
                        fix = "let it depend on the task, with `trigger_rule: all_done`"
                        self._add("E-VALUE", message, item.spot.find(key), fix)
                    elif index is not None:
                        gates.setdefault(index, {})[owner] = gate
        return gates

    def _order(self, scope: Scope, target_of: Mapping[int, Mapping[int, Gate]], follows: dict[int, int]) -> None:
        """Let each task of a body follow the one before it; those that only an `on_…` calls stand outside the row."""
        before = -1
        for position in range(len(scope.items)):
            if {Gate.SUCCESS, Gate.FAILURE} & set(target_of.get(position, {}).values()):
                follows[position] = -1
            elif scope.kind != "workflow":
                follows.setdefault(position, before)
                before = position

    def _own_id(self, scope: Scope, task_id: str, spot: Spot, *, what: str) -> int | None:
        """Return the index of a task that must stand in this very scope."""
        index = scope.index.get(task_id)
        if index is None and task_id != BAD:
            if task_id in scope.inner:
                holder = scope.items[scope.inner[task_id]].id
                self._add(
                    "E-TARGET", f"{what} `{task_id}`, which is a task inside `{holder}`", spot, f"name `{holder}`"
                )
            elif any(task_id in outer.index or task_id in outer.inner for outer in scope.outward):
                self._add("E-TARGET", f"{what} `{task_id}`, which stands outside this body", spot)
            else:
                self._unknown(scope, task_id, spot, what)
        return index

    def _unknown(self, scope: Scope, task_id: str, spot: Spot, what: str) -> None:
        if task_id in self.hook_ids:
            self._add("E-TARGET", f"{what} `{task_id}`, which runs only as a hook, after all other tasks", spot)
            return
        known = chain(scope.index, scope.inner, (name for outer in scope.outward for name in outer.index))
        self._add(
            "E-UNKNOWN-ID", f"{what} `{task_id}`, which does not exist", spot, self._report.suggest(task_id, known)
        )

    def _dependencies(
        self, scope: Scope, position: int, gates: Mapping[int, Gate], follows: Mapping[int, int]
    ) -> list[str]:
        """Add the edges that a task writes, or those of its place in a list; return ids outside the scope."""
        item = scope.items[position]
        written = item.operator.dependencies
        outside: list[str] = []
        if written is None and isinstance(item.operator, Join):
            written = ()
        if written is None:
            before = follows.get(position, -1)
            if before >= 0:
                scope.edges[position].setdefault(Edge(before, gates.get(before, Gate.DONE)))
            written = ()
        joined = item.operator.join_tasks if isinstance(item.operator, Join) else ()
        if joined:
            known = (scope.index.get(task_id, scope.inner.get(task_id)) for task_id in joined)
            gates = {**{index: Gate.JOIN for index in known if index is not None}, **gates}
        for place, task_id in enumerate(joined):
            self._dependency(scope, position, task_id, gates, outside, item.spot.find("join_tasks", place))
        for place, task_id in enumerate(written):
            self._dependency(scope, position, task_id, gates, outside, item.spot.find("dependencies", place))
        return outside

    def _dependency(
        self,
        scope: Scope,
        position: int,
        task_id: str,
        gates: Mapping[int, Gate],
        outside: list[str],
        spot: Spot,
    ) -> None:
        edges = scope.edges[position]
        upstream = scope.index.get(task_id)
        if upstream is not None:
            edges.setdefault(Edge(upstream, gates.get(upstream, Gate.DONE)))
        elif any(outer.owner is not None and outer.owner.id == task_id for outer in scope.outward):
            pass  # a body task that depends on its own loop: the loop has started, or the task would not be here
        elif task_id in scope.inner:
            holder = scope.inner[task_id]
            name = scope.items[holder].id
            message = f"`{task_id}` is a task inside `{name}`: this waits for the whole of `{name}`"
            self._add("W-BODY-DEP", message, spot, f"write `{name}`")
            edges.setdefault(Edge(holder, Gate.JOIN if gates.get(holder) is Gate.JOIN else Gate.DONE))
        elif any(task_id in outer.index or task_id in outer.inner for outer in scope.outward):
            outside.append(task_id)
        elif task_id != BAD:
            self._unknown(scope, task_id, spot, "this depends on")

    def _hoist(self, scope: Scope, position: int, task_id: str, gates: Mapping[int, Gate], outside: list[str]) -> None:
        """Let a loop wait for what a task of its body depends on outside."""
        upstream = scope.index.get(task_id)
        if upstream is not None:
            scope.edges[position].setdefault(Edge(upstream, gates.get(upstream, Gate.DONE)))
        elif task_id in scope.inner:
            scope.edges[position].setdefault(Edge(scope.inner[task_id], Gate.DONE))
        else:
            outside.append(task_id)

    def start_task(self, root: Scope) -> None:
        """Check that `start_task` names a task without dependencies."""
        start = self._source.workflow.start_task
        if start is None or start == BAD:
            return
        spot = self._source.document.spot.find("start_task")
        index = self._own_id(root, start, spot, what="`start_task` names")
        if index is not None and root.edges[index]:
            upstream = root.items[next(iter(root.edges[index])).upstream].id
            self._add("E-START", f"`start_task` names `{start}`, which depends on `{upstream}`", spot)

    def hooks(self, root: Scope) -> None:
        """Resolve the tasks of each run-level hook in a scope of its own, which sees the whole workflow."""
        by_id = {item.id: item for item in self._source.items if item.id in self.hook_ids}
        for name, entries in self._source.hooks.items():
            items: dict[str, Item] = {}
            for entry in entries:
                task_id, spot = entry if isinstance(entry, tuple) else (entry.id, entry.name_spot)
                item = by_id.get(task_id) if isinstance(entry, tuple) else entry
                if item is None:
                    self._own_id(root, task_id, spot, what="the hook names")
                elif item.id in items:
                    self._add("E-DUPLICATE-ID", f"the id `{item.id}` is there twice in this list", spot)
                else:
                    items[item.id] = item
            if name in root.index:
                at = root.items[root.index[name]].name_spot
                self._add("E-DUPLICATE-ID", f"`{name}` is the address of the hook's tasks", at, "rename the task")
            root.hooks[name] = Scope(kind="hook", name=name, owner=None, parent=root)
            self.fill(root.hooks[name], tuple(items.values()))


def _scope_kind(item: Item) -> ScopeKind:
    if item.kind == "foreach":
        return "foreach"
    return "while" if item.kind == "while" else "branch"


def _all_inside(item: Item) -> Iterator[Item]:
    for _, items in item.scopes:
        for inner in items:
            yield inner
            yield from _all_inside(inner)


def _ids_inside(item: Item) -> Iterator[str]:
    return (inner.id for inner in _all_inside(item))


def _same(left: JsonValue | Mapping[str, JsonValue], right: JsonValue | Mapping[str, JsonValue]) -> bool:
    """Compare two definitions, dependencies and metadata aside, at any depth."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = {key for key, value in (*left.items(), *right.items()) if value is not None} - _NO_DEFINITION
        return all(_same(left.get(key), right.get(key)) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and left == right
