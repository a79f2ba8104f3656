"""The parts of a run's state: task instances, their scopes, the children of operators.

Mutable, owned by the engine thread, changed by `RunState.apply` alone. Everybody else reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ..definition.plan import CHOICES, ForeachSpec, Gate, Graph, Node, ParallelSpec, Plan, WhileSpec, WorkflowSpec
from ..errors import EngineBug, ErrorInfo
from ..keys import JsonValue, ScopePath, TaskId, TaskKey
from .events import NamedRef, Reason
from .status import TaskStatus
from .trigger_rules import Tally
from .values import ResultRef

UNRENDERED: Final = object()
"""Arguments that no attempt of this generation has rendered yet (None is a value)."""


@dataclass(slots=True)
class Carry:
    """What iterations of a while hand on."""

    results: dict[str, ResultRef | None] = field(default_factory=dict)
    tasks: dict[str, ResultRef | None] = field(default_factory=dict)
    """Results by task id."""


@dataclass(slots=True, eq=False)
class Children:
    """What an operator with a body keeps while it works; finished scopes leave only their counters and outputs here."""

    items: ResultRef | None = None
    total: int | None = None
    opened: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    scopes: dict[ScopePath, Scope] = field(default_factory=dict)
    """Open scopes, and failed ones, which a resume goes on with."""
    outputs: dict[str, tuple[NamedRef, ...]] = field(default_factory=dict)
    """By iteration (as text) or branch name."""
    results: dict[str, dict[str, ResultRef | None]] = field(default_factory=dict)
    """What each finished scope had under `results`, by iteration or branch; scopes without results are left out."""
    carry: Carry = field(default_factory=Carry)
    """While: what the iterations so far left, the last value of each name."""

    @property
    def running(self) -> int:
        """Scopes that are not closed."""
        return self.opened - self.done


@dataclass(slots=True, eq=False)
class Instance:
    """One task instance in its newest generation."""

    node: Node
    scope: Scope
    ordinal: int
    status: TaskStatus = TaskStatus.PENDING
    tally: Tally = field(default_factory=Tally)
    reason: Reason | None = None
    attempt: int = 0
    interruptions: int = 0
    rejections: int = 0
    """Attempts that ended in the queue: refused by a bulkhead, or out of its time."""
    generation: int = 1
    arguments: object = UNRENDERED
    result: ResultRef | None = None
    error: ErrorInfo | None = None
    queued_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    until: float | None = None
    awaits: str | None = None
    """What a wait waits for: a path, the name of an event, a prompt; None for a time or a condition."""
    children: Children | None = None
    members_done: int = 0
    """Parallel: terminal members."""
    opened: bool = False
    """Parallel: its members may start."""
    chose: bool = False
    """Condition: it has chosen among its targets."""
    chosen: TaskId | None = None
    choice: Reason | None = None
    sheltered: bool = False
    """It is a member of a parallel that says `continue_on_error`; set by `open_scope`."""
    stopped: bool = False
    """A stop reached it while it ran: an operator opens nothing more, a call is not tried again."""
    key: TaskKey = field(init=False)
    """Name of the instance in the run; kept, because every event of it asks for it several times."""

    def __post_init__(self) -> None:
        self.key = TaskKey(self.scope.path, self.node.id)

    @property
    def counts_as_failed(self) -> bool:
        """True where dependents, scopes and the run take it as a failure."""
        return self.status.failed and not self.node.continue_on_error

    @property
    def fails_its_scope(self) -> bool:
        """True where the scope, and the run in the end, takes it as a failure."""
        return self.counts_as_failed and not self.sheltered

    @property
    def children_done(self) -> int:
        """Finished scopes or members."""
        return self.children.done if self.children else self.members_done

    @property
    def children_total(self) -> int | None:
        """Number of scopes or members, where it is known."""
        if self.children is not None:
            return self.children.total
        if isinstance(self.node.spec, ParallelSpec):
            return sum(len(ids) for ids in self.node.spec.branches.values())
        return None


@dataclass(slots=True, eq=False)
class Scope:
    """One graph being run: the run itself, an iteration, an inline branch or a nested workflow."""

    path: ScopePath
    graph: Graph
    owner: Instance | None
    index: int = 0
    branch: str | None = None
    workflow: Workflow = field(default=None)  # type: ignore[assignment]  # set by `open_scope`, never None outside it
    instances: list[Instance] = field(default_factory=list)
    unfinished: int = 0
    failures: int = 0
    cancellations: int = 0
    results: dict[str, ResultRef | None] = field(default_factory=dict)
    carry: Carry = field(default_factory=Carry)
    """While: what the iterations before left, as it was when this one opened."""
    outer: Scope | None = None
    """Of a hook: the run's own scope, whose names it sees."""
    closed: bool = False

    def find(self, task: TaskId) -> Instance | None:
        """Return the instance of `task` in this very scope."""
        index = self.graph.index.get(task)
        return None if index is None else self.instances[index]


@dataclass(slots=True, eq=False)
class Workflow:
    """What belongs to one workflow, the run's own or a nested one: its names."""

    plan: Plan
    home: ScopePath
    params: dict[str, JsonValue]
    variables: dict[str, JsonValue]
    memory: dict[str, JsonValue] = field(default_factory=dict)
    memory_set_by: dict[str, str] = field(default_factory=dict)


def child_graph(owner: Instance, branch: str | None) -> Graph:
    """Return the graph that a scope below `owner` runs; EngineBug where the operator has none."""
    spec = owner.node.spec
    if isinstance(spec, ForeachSpec | WhileSpec):
        return spec.body
    if isinstance(spec, WorkflowSpec):
        return spec.plan.root
    if isinstance(spec, ParallelSpec) and branch is not None and branch in spec.inline:
        return spec.inline[branch]
    raise EngineBug("E-BUG-SCOPE", f"{owner.key.address} has no scopes")


def open_scope(scope: Scope, first_ordinal: int) -> None:
    """Fill a new scope with pending instances and their tallies."""
    for node in scope.graph.nodes:
        instance = Instance(node, scope, first_ordinal + node.index)
        tally = instance.tally
        for edge in node.dependencies:
            if edge.gate is Gate.JOIN:
                tally.joined = tally.joined or Tally()
                tally.joined.unresolved += 1
                continue
            if edge.gate in CHOICES:
                tally.is_target = True
                tally.choosers += 1
            tally.unresolved += 1
        scope.instances.append(instance)
    scope.unfinished = len(scope.instances)
    pending = [instance for instance in scope.instances if instance.node.continue_on_error]
    while pending:
        for member in members_of(pending.pop()):
            if not member.sheltered:
                member.sheltered = True
                pending.append(member)


def members_of(instance: Instance) -> list[Instance]:
    """List the members of a parallel once each; nothing for every other operator."""
    spec = instance.node.spec
    if not isinstance(spec, ParallelSpec):
        return []
    others = instance.scope.instances
    return [others[index] for index in dict.fromkeys(index for ids in spec.branches.values() for index in ids)]


def reopen(scope: Scope) -> None:
    """Take back the end of a scope in which something starts anew, and what its operator counted for it."""
    if scope.owner is None or scope.owner.children is None or not scope.closed:
        return
    children = scope.owner.children
    children.done -= 1
    children.failed -= scope.failures > 0
    children.cancelled -= scope.failures == 0
    scope.closed = False


def memberships(graph: Graph) -> dict[int, list[int]]:
    """Return the parallels that each member of a graph belongs to, by index."""
    table: dict[int, list[int]] = {}
    for node in graph.nodes:
        if isinstance(node.spec, ParallelSpec):
            for member in {index for ids in node.spec.branches.values() for index in ids}:
                table.setdefault(member, []).append(node.index)
    return table


def descendants(instance: Instance) -> Iterator[Scope]:
    """Yield every scope kept below an operator, outer ones first."""
    pending = list(instance.children.scopes.values()) if instance.children else []
    while pending:
        scope = pending.pop()
        yield scope
        for inner in scope.instances:
            if inner.children:
                pending.extend(inner.children.scopes.values())


_TAKES: Final = {
    Gate.SUCCESS: frozenset({TaskStatus.SUCCEEDED, TaskStatus.REUSED}),
    Gate.FAILURE: frozenset({TaskStatus.FAILED, TaskStatus.TIMED_OUT}),
}
"""Ends of a task that take its `on_success` and its `on_failure`."""


def count_dependency(instance: Instance, gate: Gate, tally: Tally, sign: int, target: TaskId) -> None:
    """Add (`sign` 1) or withdraw (-1) what `instance` says through one edge to `target`'s tally. Call once per edge."""
    if gate is Gate.JOIN and tally.joined is not None:
        tally = tally.joined
    tally.unresolved -= sign
    if gate is Gate.SUCCESS or gate is Gate.FAILURE:
        taken = instance.status in _TAKES[gate]
        tally.choosers -= sign
        tally.taken += sign * taken
        tally.ok += sign * taken
        tally.skipped += sign * (not taken)
        return
    if gate is Gate.TARGET:
        tally.choosers -= sign
        if instance.chose:
            taken = instance.chosen == target
            tally.taken += sign * taken
            tally.ok += sign * taken
            tally.skipped += sign * (not taken)
            return
        tally.broken += sign * instance.counts_as_failed
        tally.withdrawn += sign * (instance.counts_as_failed and instance.status is TaskStatus.CANCELLED)
    elif gate is Gate.OPEN and instance.opened:
        tally.ok += sign
        return
    if instance.status is TaskStatus.SKIPPED:
        tally.skipped += sign
    elif not instance.counts_as_failed:
        tally.ok += sign
    elif instance.status is TaskStatus.CANCELLED:
        tally.cancelled += sign
    else:
        tally.failed += sign


def has_spoken(instance: Instance, gate: Gate) -> bool:
    """Say whether `instance` has already counted through edges of this gate."""
    if instance.status.terminal:
        return True
    return (gate is Gate.OPEN and instance.opened) or (gate is Gate.TARGET and instance.chose)
