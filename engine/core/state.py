"""The state of one run. `apply` is the only thing that changes it, and it costs O(out-degree of what changed).

Owned by the engine thread; nobody but the orchestrator reads it before the turn is saved. Does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from ..definition.plan import (
    ConditionSpec,
    ForeachSpec,
    Gate,
    Graph,
    ParallelSpec,
    Plan,
    SwitchSpec,
    WhileSpec,
    WorkflowSpec,
)
from ..errors import EngineBug
from ..keys import ROOT, RunId, ScopePath, TaskKey, key_of
from . import events as e
from .instances import (
    UNRENDERED,
    Carry,
    Children,
    Instance,
    Scope,
    Workflow,
    child_graph,
    count_dependency,
    descendants,
    has_spoken,
    members_of,
    memberships,
    reopen,
)
from .run_facts import RunFacts
from .status import TaskStatus
from .transitions import next_task_status

CALL_ACTIVE = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.RETRY_WAIT})

RESTING = frozenset({TaskStatus.WAITING, TaskStatus.NEEDS_ATTENTION})
"""Nothing is done for these until something happens outside."""


class RunState(RunFacts):
    """Everything known about a run, folded from its journal."""

    def __init__(self, run_id: RunId, plan: Plan) -> None:
        """Start empty: status `created`, no instances until `RunCreated` is applied."""
        super().__init__(run_id, plan)
        self.active_calls = 0
        """Calls that are queued, running or waiting for another attempt."""
        self.waiting = 0
        """Instances that wait for a moment, a fact or a person."""
        self._memberships: dict[int, dict[int, list[int]]] = {}

    # --- reading ---------------------------------------------------------------------------------------------------

    def find(self, key: TaskKey) -> Instance | None:
        """Return a live instance; None where its scope is gone or was never opened."""
        scope = self.scopes.get(key.scope)
        return None if scope is None else scope.find(key.task)

    def instance(self, key: TaskKey) -> Instance:
        """Return a live instance; EngineBug where there is none."""
        found = self.find(key)
        if found is None:
            raise EngineBug("E-BUG-KEY", f"no instance {key.address}")
        return found

    def parallels_of(self, instance: Instance) -> Iterator[Instance]:
        """Yield the parallels that `instance` is a member of."""
        for index in self._members(instance.scope.graph).get(instance.node.index, ()):
            yield instance.scope.instances[index]

    def region(self, scope: ScopePath) -> list[Instance]:
        """List the instances that a stop of `scope` reaches: the whole run, or what is inside an operator."""
        if scope == ROOT:
            return list(self.instances())
        operator = self.instance(key_of(scope))
        inside = [instance for kept in descendants(operator) for instance in kept.instances]
        for member in members_of(operator):
            inside.append(member)
            inside.extend(inner for kept in descendants(member) for inner in kept.instances)
        return inside

    def _members(self, graph: Graph) -> dict[int, list[int]]:
        table = self._memberships.get(id(graph))
        if table is None:
            table = self._memberships[id(graph)] = memberships(graph)
        return table

    # --- changing --------------------------------------------------------------------------------------------------

    def apply(self, event: e.Event, at: float) -> None:
        """Take one fact in. IllegalTransition leaves everything as it was."""
        self._at = at
        self._RULES[type(event)](self, event)

    def _task_queued(self, event: e.TaskQueued) -> None:
        def change(instance: Instance) -> None:
            instance.queued_at = self._at
            instance.until = None

        self._move(event, event.reason, change)

    def _task_started(self, event: e.TaskStarted) -> None:
        def change(instance: Instance) -> None:
            instance.attempt = event.attempt
            if instance.arguments is UNRENDERED:
                instance.arguments = event.arguments
            if instance.started_at is None:
                instance.started_at = self._at

        self._move(event, None, change)

    def _task_spawned(self, event: e.TaskSpawned) -> None:
        next_task_status(self.instance(event.key).status, event)

    def _operator_entered(self, event: e.OperatorEntered) -> None:
        def change(instance: Instance) -> None:
            instance.started_at = instance.started_at or self._at
            spec = instance.node.spec
            if isinstance(spec, ForeachSpec | WhileSpec | WorkflowSpec) or (
                isinstance(spec, ParallelSpec) and spec.inline
            ):
                instance.children = instance.children or Children(items=event.items, total=event.total)

        instance = self._move(event, None, change)
        if isinstance(instance.node.spec, ParallelSpec):
            instance.opened = True
            self._speak(instance, Gate.OPEN)

    def _condition_evaluated(self, event: e.ConditionEvaluated) -> None:
        next_task_status(self.instance(event.key).status, event)

    def _branch_taken(self, event: e.BranchTaken) -> None:
        instance = self.instance(event.key)
        next_task_status(instance.status, event)
        if not isinstance(instance.node.spec, ConditionSpec | SwitchSpec) or instance.chose:
            raise EngineBug("E-BUG-EVENT", f"{event.key.address} cannot choose a branch now")
        instance.chose, instance.chosen, instance.choice = True, event.taken, event.reason
        self._speak(instance, Gate.TARGET)

    def _task_waiting(self, event: e.TaskWaiting) -> None:
        def change(instance: Instance) -> None:
            instance.until = event.until
            instance.awaits = event.subject
            instance.started_at = instance.started_at or self._at

        self._move(event, event.reason, change)

    def _task_succeeded(self, event: e.TaskSucceeded) -> None:
        def change(instance: Instance) -> None:
            instance.result = event.result
            instance.error = None
            scope = instance.scope
            if instance.node.result_key:
                scope.results[instance.node.result_key] = event.result
            for name, ref in ((export.name, export.ref) for export in event.exports):
                scope.results[name] = ref
            for memory in event.memory:
                if memory.deleted:
                    scope.workflow.memory.pop(memory.name, None)
                else:
                    scope.workflow.memory[memory.name] = memory.value
                scope.workflow.memory_set_by[memory.name] = instance.key.address

        self._end(event, event.reason, change)

    def _task_failed(self, event: e.TaskFailed | e.TaskTimedOut) -> None:
        def change(instance: Instance) -> None:
            instance.error = event.error

        self._end(event, e.Reason(event.error.code, event.error.message), change)

    def _task_retry_scheduled(self, event: e.TaskRetryScheduled) -> None:
        def change(instance: Instance) -> None:
            instance.error = event.error
            instance.until = event.due_at

        rejected = self.instance(event.key).status is TaskStatus.QUEUED
        self._move(event, event.reason, change).rejections += rejected

    def _task_not_run(self, event: e.TaskSkipped | e.TaskUpstreamFailed | e.TaskCancelled) -> None:
        self._end(event, event.reason, lambda _: None)

    def _task_interrupted(self, event: e.TaskInterrupted) -> None:
        def change(instance: Instance) -> None:
            instance.interruptions += 1

        self._move(event, event.reason, change)

    def _task_needs_attention(self, event: e.TaskNeedsAttention) -> None:
        self._move(event, event.reason, lambda _: None)

    def _task_reset(self, event: e.TaskReset) -> None:
        instance = self.instance(event.key)
        status = next_task_status(instance.status, event)
        for gate in Gate:
            self._speak(instance, gate, sign=-1)
        reopen(instance.scope)
        self._finished(instance, sign=-1)
        instance.status = status
        instance.generation = event.generation
        instance.attempt = instance.interruptions = instance.rejections = 0
        instance.arguments = UNRENDERED
        instance.reason = instance.error = instance.result = instance.until = None
        instance.queued_at = instance.started_at = instance.finished_at = None
        instance.opened = instance.chose = instance.stopped = False
        instance.chosen = instance.choice = instance.awaits = None
        for scope in instance.children.scopes.values() if instance.children is not None else ():
            reopen(scope)

    def _scope_opened(self, event: e.ScopeOpened) -> None:
        if event.owner is None:
            self._open_hook(event)
            return
        owner = self.instance(event.owner)
        if owner.children is None or event.scope in self.scopes:
            raise EngineBug("E-BUG-SCOPE", f"scope {event.scope} cannot open now")
        spec, workflow = owner.node.spec, owner.scope.workflow
        if isinstance(spec, WorkflowSpec):
            workflow = Workflow(spec.plan, event.scope, event.params or {}, dict(spec.plan.variables))
        scope = Scope(event.scope, child_graph(owner, event.branch), owner, event.index, event.branch, workflow)
        if isinstance(owner.node.spec, WhileSpec):
            carry = owner.children.carry
            scope.carry = Carry(dict(carry.results), dict(carry.tasks))
        owner.children.opened += 1
        owner.children.scopes[event.scope] = scope
        self._add_scope(scope)

    def _scope_stopped(self, event: e.ScopeStopped) -> None:
        for instance in self.region(event.scope):
            tried = instance.status is TaskStatus.RUNNING or instance.error is not None
            instance.stopped = instance.stopped or (tried and not instance.status.terminal)

    def _scope_closed(self, event: e.ScopeClosed) -> None:
        scope = self.scopes[event.scope]
        owner = scope.owner
        if owner is None or owner.children is None or scope.unfinished or scope.closed:
            raise EngineBug("E-BUG-SCOPE", f"scope {event.scope} cannot close now")
        children = owner.children
        scope.closed = True
        children.done += 1
        children.failed += event.failed
        cancelled = not event.failed and scope.cancellations > 0
        children.cancelled += cancelled
        children.outputs[scope.branch or str(scope.index)] = event.outputs
        if scope.results:
            children.results[scope.branch or str(scope.index)] = scope.results
        if isinstance(owner.node.spec, WhileSpec):
            children.carry.results.update(scope.results)
            children.carry.tasks.update(
                (instance.node.id, instance.result)
                for instance in scope.instances
                if instance.status is TaskStatus.SUCCEEDED
            )
        if not event.failed and not cancelled:
            del children.scopes[event.scope]
            del self.scopes[event.scope]

    # --- the pieces ------------------------------------------------------------------------------------------------

    def _move(self, event: e.TaskEvent, reason: e.Reason | None, change: Callable[[Instance], None]) -> Instance:
        """Change the status by the table, then the rest; an illegal event changes nothing."""
        instance = self.instance(event.key)
        status = next_task_status(instance.status, event)
        if instance.node.operator == "task":
            self.active_calls += (status in CALL_ACTIVE) - (instance.status in CALL_ACTIVE)
        self.waiting += (status in RESTING) - (instance.status in RESTING)
        instance.status = status
        instance.reason = reason
        change(instance)
        return instance

    def _end(self, event: e.TaskEvent, reason: e.Reason | None, change: Callable[[Instance], None]) -> None:
        """Make an instance terminal and tell everyone who counts on it."""
        before = self.instance(event.key)
        spoken = {gate for gate in Gate if has_spoken(before, gate)}
        instance = self._move(event, reason, change)
        instance.finished_at = self._at
        instance.until = None
        instance.arguments = UNRENDERED
        for gate in Gate:
            if gate not in spoken:
                self._speak(instance, gate)
        self._finished(instance)

    def _speak(self, instance: Instance, gate: Gate, sign: int = 1) -> None:
        """Count `instance` in the tallies behind its edges of one gate; `sign` -1 withdraws what was said."""
        if sign < 0 and not has_spoken(instance, gate):
            return
        others = instance.scope.instances
        for edge in instance.scope.graph.dependents[instance.node.index]:
            if edge.gate is gate:
                dependent = others[edge.upstream]
                count_dependency(instance, gate, dependent.tally, sign, dependent.node.id)

    def _finished(self, instance: Instance, sign: int = 1) -> None:
        """Keep the counters of the scope and of parallels around a terminal instance."""
        scope = instance.scope
        scope.unfinished -= sign
        if instance.fails_its_scope:
            if instance.status is TaskStatus.CANCELLED:
                scope.cancellations += sign
            else:
                scope.failures += sign
        for parallel in self.parallels_of(instance):
            parallel.members_done += sign

    _RULES: ClassVar[Mapping[type[e.Event], Callable[[RunState, Any], None]]] = {
        **RunFacts.RUN_RULES,
        e.TaskQueued: _task_queued,
        e.TaskStarted: _task_started,
        e.TaskSpawned: _task_spawned,
        e.OperatorEntered: _operator_entered,
        e.ConditionEvaluated: _condition_evaluated,
        e.BranchTaken: _branch_taken,
        e.TaskWaiting: _task_waiting,
        e.TaskSucceeded: _task_succeeded,
        e.TaskFailed: _task_failed,
        e.TaskTimedOut: _task_failed,
        e.TaskRetryScheduled: _task_retry_scheduled,
        e.TaskSkipped: _task_not_run,
        e.TaskUpstreamFailed: _task_not_run,
        e.TaskCancelled: _task_not_run,
        e.TaskInterrupted: _task_interrupted,
        e.TaskNeedsAttention: _task_needs_attention,
        e.TaskReset: _task_reset,
        e.ScopeOpened: _scope_opened,
        e.ScopeStopped: _scope_stopped,
        e.ScopeClosed: _scope_closed,
    }
    """One rule per kind of event."""
