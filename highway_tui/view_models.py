"""What the screens show of one run, folded from its records. Pure: time is an argument, nothing here paints or reads.

A record replaces an earlier one with the same key whole, so folding a batch twice changes nothing.
Cost: O(changed records) to fold; the list of rows is built again only when its shape changes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from engine import (
    Batch,
    JournalEntry,
    NameRecord,
    Node,
    Plan,
    RunRecord,
    ScopePath,
    TaskId,
    TaskKey,
    TaskRecord,
    TaskStatus,
    key_of,
)

from .circuits import Circuit, circuits_of
from .plan_nodes import PlanNodes

ROOT: Final = ScopePath("")
FOLD_ABOVE: Final = 12
"""A loop with more iterations than this shows only those that live or failed, and a row of counters."""
SHOWN_OF_FOLDED: Final = 8
"""At most so many iterations of a folded loop are listed."""
_PREVIEW_CHARS: Final = 400
_Key = TypeVar("_Key")


class Row(NamedTuple):
    """One line of the task list."""

    key: TaskKey
    depth: int
    """0 for the tasks of the workflow itself."""
    prefix: str = ""
    """`[3] ` before the tasks of an iteration, `branch/` before those of an inline branch."""
    fold: bool = False
    """True for the counters of a folded loop; `key` is the loop."""


class NameRow(NamedTuple):
    """One line of the variables pane."""

    kind: str
    scope: str
    name: str
    value: str
    """JSON text, cut to a few hundred characters; empty where it is not loaded."""
    size: int | None
    """Bytes of a result; None for everything else."""
    set_by: str


class Iterations(NamedTuple):
    """Counters of a loop's scopes."""

    done: int
    failed: int
    live: int


@dataclass(slots=True)
class _Scope:
    """The instances of one scope, and how many of them are open or failed."""

    keys: list[TaskKey] = field(default_factory=list)
    open: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Children:
    """The scopes under one operator, in the order they opened."""

    scopes: dict[ScopePath, None] = field(default_factory=dict)
    live: dict[ScopePath, None] = field(default_factory=dict)
    failed: dict[ScopePath, None] = field(default_factory=dict)

    @property
    def folded(self) -> bool:
        return len(self.scopes) > FOLD_ABOVE

    def shown(self) -> list[ScopePath]:
        if not self.folded:
            return list(self.scopes)
        wanted = list(self.live)[-SHOWN_OF_FOLDED:]
        room = SHOWN_OF_FOLDED - len(wanted)
        if room > 0:
            wanted = [scope for scope in self.failed if scope not in self.live][-room:] + wanted
        return sorted(wanted, key=_scope_order)


class RunView:
    """One run as the screen shows it. Mutable, owned by the UI's thread."""

    def __init__(self, plan: Plan | None = None) -> None:
        """`plan` gives the tasks that have no record yet; None where no definition can be read."""
        self.plan = plan
        self.run: RunRecord | None = None
        self.counts: Counter[str] = Counter()
        """Root instances by the word of their status."""
        self.busy: dict[TaskKey, None] = {}
        """Calls under way, in the order they started."""
        self.queued: dict[TaskKey, None] = {}
        """Calls that wait for a permit, in the order they came."""
        self.asking: dict[TaskKey, None] = {}
        """Tasks that wait for a person's word."""
        self.circuits: dict[str, Circuit] = {}
        """What the journal said last of each circuit, by the name of the bulkhead."""
        self.nodes = PlanNodes(plan)
        self._tasks: dict[TaskKey, TaskRecord] = {}
        self._names: dict[tuple[str, str, str], NameRecord] = {}
        self._previews: dict[str, str] = {}
        self._scopes: dict[ScopePath, _Scope] = {}
        self._children: dict[TaskKey, _Children] = {}
        self._rows: tuple[Row, ...] | None = None
        self._unknown = set() if plan is None else {node.id for node in plan.root.nodes}
        self.counts["pending"] = len(self._unknown)

    # --- folding -----------------------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> None:
        """Fold one turn of the engine."""
        for value in batch.values:
            self._previews[value.ref.digest] = value.text[:_PREVIEW_CHARS]
        self.note(batch.entries)
        self.load(batch.run, batch.tasks, batch.names)

    def note(self, entries: Iterable[JournalEntry]) -> None:
        """Remember what entries of the journal say and records do not, oldest first."""
        if self.plan is not None and self.plan.bulkheads:
            self.circuits.update(circuits_of(entries))

    def load(self, run: RunRecord, tasks: Iterable[TaskRecord] = (), names: Iterable[NameRecord] = ()) -> None:
        """Fold records from anywhere."""
        self.run = run
        for task in tasks:
            self._put(task)
        for name in names:
            self._names[name.scope, name.kind, name.name] = name

    def add_older(self, run: RunRecord, tasks: Iterable[TaskRecord], names: Iterable[NameRecord]) -> None:
        """Fold records that may be older than what is known: only what is missing is taken."""
        known = {(name.scope, name.kind, name.name) for name in self._names.values()}
        self.load(
            self.run or run,
            [task for task in tasks if task.key not in self._tasks],
            [name for name in names if (name.scope, name.kind, name.name) not in known],
        )

    def add_previews(self, previews: Mapping[str, str]) -> None:
        """Remember JSON texts of results by digest."""
        self._previews.update({digest: text[:_PREVIEW_CHARS] for digest, text in previews.items()})

    def _put(self, record: TaskRecord) -> None:
        key = record.key
        old = self._tasks.get(key)
        self._tasks[key] = record
        scope = self._scopes.setdefault(key.scope, _Scope())
        if old is None:
            scope.keys.append(key)
            self._rows = None
        change_open = (not record.status.terminal) - (old is not None and not old.status.terminal)
        change_failed = record.status.failed - (old is not None and old.status.failed)
        scope.open += change_open
        scope.failed += change_failed
        if record.operator == "task":
            _mark(self.busy, key, on=record.status is TaskStatus.RUNNING)
            _mark(self.queued, key, on=record.status is TaskStatus.QUEUED)
        approval = (
            record.status is TaskStatus.WAITING and record.reason is not None and record.reason.code == "approval"
        )
        _mark(self.asking, key, on=approval or record.status is TaskStatus.NEEDS_ATTENTION)
        if key.scope == ROOT:
            self._count_root(record, old)
        elif old is None or change_open or change_failed:
            self._note_scope(key.scope, scope)

    def _count_root(self, record: TaskRecord, old: TaskRecord | None) -> None:
        if old is not None:
            self.counts[old.status.value] -= 1
        elif record.key.task in self._unknown:
            self._unknown.discard(record.key.task)
            self.counts["pending"] -= 1
        self.counts[record.status.value] += 1

    def _note_scope(self, path: ScopePath, scope: _Scope) -> None:
        children = self._children.setdefault(self._owner_of(path), _Children())
        children.scopes[path] = None
        before = (path in children.live, path in children.failed)
        _mark(children.live, path, on=scope.open > 0)
        _mark(children.failed, path, on=scope.failed > 0)
        if children.folded and before != (path in children.live, path in children.failed):
            self._rows = None

    def _owner_of(self, scope: ScopePath) -> TaskKey:
        """Find the operator that opened `scope`: `loop[0]`, `wf` or `par/branch`."""
        owner = key_of(scope.rpartition("[")[0] if scope.endswith("]") else scope)
        if scope.endswith("]") or owner in self._tasks or owner.scope == ROOT:
            return owner
        return key_of(owner.scope)

    # --- looking -----------------------------------------------------------------------------------------------

    @property
    def started(self) -> bool:
        """True once there is a run."""
        return self.run is not None

    @property
    def live(self) -> bool:
        """True while something can still change without anyone asking."""
        return self.run is not None and not self.run.status.terminal and self.run.status.value != "interrupted"

    @property
    def total(self) -> int:
        """Instances of the workflow itself."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Terminal instances of the workflow itself."""
        return sum(count for status, count in self.counts.items() if TaskStatus(status).terminal)

    def record(self, key: TaskKey) -> TaskRecord | None:
        """Give the newest record; None where nothing has happened yet."""
        return self._tasks.get(key)

    def status(self, key: TaskKey) -> str:
        """Give the word of the status; `pending` where nothing has happened yet."""
        record = self._tasks.get(key)
        return "pending" if record is None else record.status.value

    def operator(self, key: TaskKey) -> str:
        """Give the operator of an instance; `task` where it is unknown."""
        record = self._tasks.get(key)
        if record is not None:
            return record.operator
        place = None if self.plan is None or key.scope != ROOT else self.plan.root.index.get(key.task)
        return "task" if self.plan is None or place is None else self.plan.root.nodes[place].operator

    def instance(self, path: str) -> TaskKey:
        """Give the instance that stands for a task of the definition; in a loop, that of the iteration to look at."""
        return self.nodes.instance(path, self._iteration)

    def _iteration(self, loop: TaskKey) -> ScopePath | None:
        """Choose one scope of a loop: the newest that lives, else one that failed, else the newest."""
        children = self._children.get(loop)
        if children is None or not children.scopes:
            return None
        return next(reversed(children.live or children.failed or children.scopes))

    def node(self, key: TaskKey) -> Node | None:
        """Give the task of the definition that an instance stands for; None where it is not known."""
        return self.nodes.of(key)

    def iterations(self, key: TaskKey) -> Iterations | None:
        """Count the scopes under an operator; None while it has none."""
        children = self._children.get(key)
        if children is None:
            return None
        failed = sum(1 for scope in children.failed if scope not in children.live)
        return Iterations(len(children.scopes) - len(children.live) - failed, failed, len(children.live))

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines of the task list."""
        if self._rows is None:
            self._rows = tuple(self._walk(self._root_keys(), 0, ""))
        return self._rows

    def waits_for(self, key: TaskKey) -> list[str]:
        """Name the dependencies of a task of the workflow itself that are not over yet."""
        place = None if self.plan is None or key.scope != ROOT else self.plan.root.index.get(key.task)
        if self.plan is None or place is None:
            return []
        nodes = self.plan.root.nodes
        upstream = dict.fromkeys(nodes[edge.upstream].id for edge in nodes[place].dependencies)
        return [task for task in upstream if not TaskStatus(self.status(task_key(task))).terminal]

    def running(self) -> list[TaskKey]:
        """List what can be followed: calls and waits under way, the longest first."""
        live = [self._tasks[row.key] for row in self.rows if not row.fold and row.key in self._tasks]
        busy = [task for task in live if task.status.value in {"running", "waiting", "retry_wait"}]
        leaves = [task for task in busy if task.key not in self._children and task.children_total is None]
        order = {"running": 0, "retry_wait": 1, "waiting": 2}
        return [task.key for task in sorted(leaves, key=lambda task: (order[task.status.value], task.started_at or 0))]

    def failures(self) -> list[TaskKey]:
        """List what failed on its own, in the order of the rows."""
        bad = {"failed", "timed_out", "needs_attention", "interrupted"}
        return [row.key for row in self.rows if not row.fold and self.status(row.key) in bad]

    def names(self, selected: TaskKey | None = None) -> list[NameRow]:
        """List the names that the workflow and the scopes around `selected` have."""
        around = ROOT if selected is None else selected.scope
        found = [
            name
            for name in self._names.values()
            if not name.deleted and (name.scope in {ROOT, around} or around.startswith(f"{name.scope}/"))
        ]
        if not found and self.plan is not None and not self.started:
            return [
                NameRow("variable", "", name, _json(value), None, "") for name, value in self.plan.variables.items()
            ] + [NameRow("param", "", spec.name, _json(spec.default), None, "") for spec in self.plan.params.values()]
        found.sort(key=lambda name: (_KINDS.index(name.kind) if name.kind in _KINDS else 9, name.scope, name.name))
        return [self._name_row(name) for name in found]

    def missing_previews(self, limit_bytes: int = 65536) -> list[NameRecord]:
        """List the results of the workflow itself whose text is not known yet and is small enough to load."""
        return [
            name
            for name in self._names.values()
            if name.ref is not None
            and name.scope == ROOT
            and name.ref.size <= limit_bytes
            and name.ref.digest not in self._previews
        ]

    def preview(self, record: TaskRecord) -> str:
        """Give the beginning of a task's result as JSON text; empty where it is not loaded."""
        return "" if record.result is None else self._previews.get(record.result.digest, "")

    def _name_row(self, name: NameRecord) -> NameRow:
        if name.kind != "result":
            return NameRow(name.kind, name.scope, name.name, _json(name.value), None, name.set_by)
        if name.ref is None:
            return NameRow(name.kind, name.scope, name.name, "null", 4, name.set_by)
        text = self._previews.get(name.ref.digest, "")
        return NameRow(name.kind, name.scope, name.name, text, name.ref.size, name.set_by)

    def _root_keys(self) -> Sequence[TaskKey]:
        if self.plan is not None:
            return [TaskKey(ROOT, node.id) for node in self.plan.root.nodes]
        return self._in_order(ROOT)

    def _in_order(self, scope: ScopePath) -> list[TaskKey]:
        known = self._scopes.get(scope)
        return [] if known is None else sorted(known.keys, key=lambda key: self._tasks[key].ordinal)

    def _walk(self, keys: Sequence[TaskKey], depth: int, prefix: str) -> Iterator[Row]:
        for key in keys:
            yield Row(key, depth, prefix)
            children = self._children.get(key)
            if children is None:
                continue
            if children.folded:
                yield Row(key, depth + 1, fold=True)
            for scope in children.shown():
                yield from self._walk(self._in_order(scope), depth + 1, _prefix(key, scope))


_KINDS: Final = ("memory", "variable", "param", "result")


def _mark(marks: dict[_Key, None], key: _Key, *, on: bool) -> None:
    if on:
        marks[key] = None
    else:
        marks.pop(key, None)


def _scope_order(scope: ScopePath) -> tuple[int, str]:
    index = scope.rpartition("[")[2].rstrip("]") if scope.endswith("]") else ""
    return (int(index) if index.isdigit() else 0, scope)


def _prefix(owner: TaskKey, scope: ScopePath) -> str:
    if scope.endswith("]"):
        return scope[scope.rfind("[") :] + " "
    branch = scope[len(owner.address) + 1 :]
    return f"{branch}/" if branch else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:_PREVIEW_CHARS]


def task_key(task: str) -> TaskKey:
    """Name an instance of the workflow itself."""
    return TaskKey(ROOT, TaskId(task))
