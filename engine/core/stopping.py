"""What a failure or a cancel stops: fail-fast inside its region, cancel everywhere. Decides; the scheduler applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..definition.plan import Gate, TriggerRule
from ..errors import ErrorInfo
from ..keys import ROOT, ScopePath
from . import events as e
from .decisions import DisarmTimer, StopCall, WithdrawPermit
from .desk import Step
from .instances import Instance
from .state import RunState
from .status import TaskStatus
from .trigger_rules import TOLERANT

_FAIL_FAST = "cancelled (fail_fast): {} failed"


def stop_after_failure(state: RunState, cause: Instance) -> Iterator[Step]:
    """Stop what fail-fast stops after `cause` failed; running calls end by themselves."""
    scope = _region_of(state, cause)
    region = state.region(scope)
    doomed = _doomed(state, cause, region)
    yield e.ScopeStopped(scope, cause.key)
    for instance in region:
        if not _survives(instance) or instance.attempt:
            yield from _stop(instance, cause, behind=id(instance) in doomed)


def _survives(instance: Instance) -> bool:
    """Say whether a failure leaves an instance to its rule, its mode (a join) or the choice that names it."""
    tally = instance.tally
    if instance.node.trigger_rule in TOLERANT or tally.joined is not None:
        return True
    if tally.is_target and not tally.choosers and not tally.taken and not tally.broken:
        return True  # it is skipped in this very turn
    return tally.is_target and any(edge.gate is Gate.FAILURE for edge in instance.node.dependencies)


def cancel_run(state: RunState, reason: e.Reason) -> Iterator[Step]:
    """End everything but `finally`; tasks with rule `always` still start when their dependencies have ended."""
    instances = [instance for instance in state.instances() if state.hook_of(instance.scope.path) != "finally"]
    yield e.RunCancelRequested(reason)
    for instance in instances:
        if instance.node.trigger_rule is not TriggerRule.ALWAYS or instance.status is TaskStatus.RUNNING:
            yield from cancel_instance(instance, reason)


def cancel_instance(instance: Instance, reason: e.Reason) -> Iterator[Step]:
    """End one instance; an operator by ending what is inside it."""
    status, key = instance.status, instance.key
    if status is TaskStatus.RUNNING and instance.node.operator == "task":
        yield StopCall(key, instance.attempt)
    elif not status.terminal and status is not TaskStatus.RUNNING:
        yield e.TaskCancelled(key, reason, instance.attempt)
        yield from _withdraw(instance, status)


def cancel_task(state: RunState, instance: Instance, reason: e.Reason) -> Iterator[Step]:
    """End one instance and, for an operator, everything inside it."""
    yield from cancel_instance(instance, reason)
    if instance.status is TaskStatus.RUNNING and instance.node.operator != "task":
        inside = state.region(ScopePath(instance.key.address))
        yield e.ScopeStopped(ScopePath(instance.key.address), instance.key)
        for inner in inside:
            yield from cancel_instance(inner, reason)


def _region_of(state: RunState, cause: Instance) -> ScopePath:
    """Find how far a failure reaches: to the nearest operator around it with `continue_on_error`, else the run."""
    current = cause
    while True:
        owner = current.scope.owner
        around = [*state.parallels_of(current), *([owner] if owner is not None else [])]
        for operator in around:
            if operator.node.continue_on_error:
                return ScopePath(operator.key.address)
        if owner is None:
            return ROOT
        current = owner


def _doomed(state: RunState, cause: Instance, region: Iterable[Instance]) -> set[int]:
    """Collect what stands behind the failure, directly or through the operators that it will fail."""
    inside = {id(instance) for instance in region}
    pending = [cause]
    seen: set[int] = set()
    while pending:
        failing = pending.pop()
        pending.extend(parallel for parallel in state.parallels_of(failing) if id(parallel) not in seen)
        owner = failing.scope.owner
        if owner is not None and id(owner) in inside and id(owner) not in seen:
            pending.append(owner)
        seen.add(id(failing))
        for edge in failing.scope.graph.dependents[failing.node.index]:
            dependent = failing.scope.instances[edge.upstream]
            waits = dependent.status is TaskStatus.PENDING and not _survives(dependent)
            if waits and id(dependent) not in seen:
                seen.add(id(dependent))
                pending.append(dependent)
    return seen


def _stop(instance: Instance, cause: Instance, *, behind: bool) -> Iterator[Step]:
    status, key = instance.status, instance.key
    if status is TaskStatus.PENDING and behind:
        yield e.TaskUpstreamFailed(key, e.Reason("upstream", f"upstream failed: {cause.key.address} failed"))
    elif status is TaskStatus.RETRY_WAIT or (status is TaskStatus.QUEUED and instance.error is not None):
        yield e.TaskFailed(key, instance.attempt, instance.error or ErrorInfo(code="E-STOPPED", message="stopped"))
        yield from _withdraw(instance, status)
    elif status in {TaskStatus.PENDING, TaskStatus.QUEUED, TaskStatus.WAITING, TaskStatus.INTERRUPTED}:
        yield e.TaskCancelled(key, e.Reason("fail_fast", _FAIL_FAST.format(cause.key.address)), instance.attempt)
        yield from _withdraw(instance, status)


def _withdraw(instance: Instance, was: TaskStatus) -> Iterator[Step]:
    if was is TaskStatus.QUEUED:
        yield WithdrawPermit(instance.key)
    elif was in {TaskStatus.WAITING, TaskStatus.RETRY_WAIT}:
        yield DisarmTimer(instance.key)
