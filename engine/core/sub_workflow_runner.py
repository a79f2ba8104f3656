"""Opens and closes child scopes: loop iterations, inline branches, nested workflows. Decides, does not change."""

from __future__ import annotations

from collections.abc import Iterator

from ..definition.plan import ParallelSpec, WorkflowSpec
from ..errors import ErrorInfo
from ..keys import JsonValue, TaskKey, branch_scope, iteration_scope, nested_scope
from . import events as e
from .instances import Children, Instance, Scope
from .status import TaskStatus


def open_iterations(instance: Instance, count: int) -> Iterator[e.ScopeOpened]:
    """Open the next `count` iterations of a loop."""
    first = instance.children.opened if instance.children else 0
    for index in range(first, first + count):
        yield e.ScopeOpened(iteration_scope(instance.key, index), instance.key, index)


def open_branches(instance: Instance, spec: ParallelSpec) -> Iterator[e.ScopeOpened]:
    """Open every inline branch of a parallel."""
    for index, branch in enumerate(spec.inline):
        yield e.ScopeOpened(branch_scope(instance.key, branch), instance.key, index, branch)


def open_workflow(instance: Instance, params: dict[str, JsonValue]) -> e.ScopeOpened:
    """Open the scope of a nested workflow."""
    return e.ScopeOpened(nested_scope(instance.key), instance.key, params=params)


def close_scope(scope: Scope, owner: Instance) -> e.ScopeClosed:
    """Sum up a scope in which every instance is terminal."""
    by_id = isinstance(owner.node.spec, ParallelSpec | WorkflowSpec)
    outputs = tuple(
        e.NamedRef(instance.node.id if by_id else instance.node.output_key, instance.result)
        for instance in scope.instances
        if instance.status is TaskStatus.SUCCEEDED
    )
    return e.ScopeClosed(scope.path, owner.key, scope.failures > 0, outputs)


def outcome_of_children(instance: Instance) -> e.TaskFailed | e.TaskCancelled | None:
    """Say how an operator whose scopes are all closed ends badly; None when none of them did."""
    children = instance.children
    if children is None:
        return None
    if children.failed:
        return e.TaskFailed(instance.key, instance.attempt, ErrorInfo(code="E-CHILD", message=_first_failure(children)))
    if children.cancelled or (instance.stopped and children.opened < (children.total or 0)):
        return e.TaskCancelled(instance.key, e.Reason("stopped", "cancelled: what is inside was stopped"))
    return None


def _first_failure(children: Children) -> str:
    """Name the first failed child of kept scopes."""
    for scope in children.scopes.values():
        for inner in scope.instances:
            if inner.fails_its_scope and inner.error is not None:
                return f"{inner.key.address} failed: {inner.error.message}"
    return "a task inside failed"


def end_inside(operator: Instance) -> Iterator[e.TaskSkipped | e.TaskUpstreamFailed | e.TaskCancelled]:
    """End what was to start anew inside an operator that has ended without doing so: its rule says no this time."""
    for scope in operator.children.scopes.values() if operator.children is not None else ():
        for inner in scope.instances:
            if inner.status is TaskStatus.PENDING:
                yield _end_like(operator, inner.key)


def _end_like(operator: Instance, key: TaskKey) -> e.TaskSkipped | e.TaskUpstreamFailed | e.TaskCancelled:
    reason = e.Reason("operator", f"{operator.status.value}: {operator.key.address} did not start again")
    if operator.status is TaskStatus.SKIPPED:
        return e.TaskSkipped(key, reason)
    if operator.status is TaskStatus.CANCELLED:
        return e.TaskCancelled(key, reason)
    return e.TaskUpstreamFailed(key, reason)
