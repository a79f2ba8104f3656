"""Resume is the same code as running: fold the journal, say what the new owner does first, then decide as always."""

from __future__ import annotations

from collections.abc import Iterator

from ..definition.plan import CallSpec
from ..errors import ErrorInfo
from . import events as e
from .decisions import ArmTimer, RequestPermit
from .desk import Step
from .instances import Instance, members_of
from .operator_handlers.task_handler import queue, runtime_of
from .state import RunState
from .status import RunStatus, TaskStatus

MAX_RECOVERIES = 10
"""Interruptions of one generation after which a call is not run again."""
_LEFT_LIVE = frozenset({RunStatus.RUNNING, RunStatus.WAITING, RunStatus.PAUSED, RunStatus.CANCELLING})


def take_over(state: RunState, epoch: int, *, left: bool = False) -> Iterator[Step]:
    """Become the next owner: close what the last one left open, start failed work anew, go on with the rest.

    `left` where the last owner left the run on purpose, in `waiting` or `paused`: then nothing was interrupted.
    """
    again = state.status.terminal or state.cancel_reason is not None
    if state.status in _LEFT_LIVE and not left:
        yield e.RunInterrupted(e.Reason("owner", "the process that ran it ended without finishing it"))
    if again:
        yield from _leave_hooks(state)
    yield e.RunStarted(epoch, resumed=state.started_at is not None)
    if again:
        for instance in _to_reset(state):
            yield e.TaskReset(instance.key, instance.generation + 1)
    for instance in list(state.instances()):
        yield from _go_on(instance)


def _leave_hooks(state: RunState) -> Iterator[Step]:
    """End what is left of hooks: the run's own work begins again, and its next end calls them anew."""
    reason = e.Reason("resume", "cancelled: the run was resumed before its hooks had ended")
    left = [instance for instance in state.instances() if state.hook_of(instance.scope.path) is not None]
    for instance in reversed(left):
        if instance.status is TaskStatus.RUNNING and instance.node.operator == "task":
            yield e.TaskInterrupted(instance.key, instance.attempt, reason)
        if not instance.status.terminal:
            yield e.TaskCancelled(instance.key, reason, instance.attempt)


def _to_reset(state: RunState) -> list[Instance]:
    """List what did not succeed, and what was skipped because of that; finished and tolerated work stays."""
    pending = [instance for instance in state.instances() if instance.fails_its_scope and not _is_settled(instance)]
    chosen: dict[int, Instance] = {}
    while pending:
        instance = pending.pop()
        if id(instance) not in chosen:
            chosen[id(instance)] = instance
            pending.extend(_drawn_along(state, instance))
    return sorted(chosen.values(), key=lambda instance: instance.ordinal)


def _is_settled(instance: Instance) -> bool:
    """Say whether the operator around it has ended; then it starts anew only together with that."""
    owner = instance.scope.owner
    return owner is not None and owner.status.terminal


def _drawn_along(state: RunState, instance: Instance) -> Iterator[Instance]:
    """Yield what starts anew because `instance` does: what it failed for, what is inside, what was skipped behind."""
    others = instance.scope.instances
    for scope in instance.children.scopes.values() if instance.children is not None else ():
        ends = (TaskStatus.SKIPPED,) if not scope.closed else ()  # with an operator that did not start again
        yield from (inner for inner in scope.instances if inner.fails_its_scope or inner.status in ends)
    for other in (*members_of(instance), *(others[edge.upstream] for edge in instance.node.dependencies)):
        if other.counts_as_failed:
            yield other
    for parallel in state.parallels_of(instance):
        if parallel.status.failed:
            yield parallel
    for edge in instance.scope.graph.dependents[instance.node.index]:
        if others[edge.upstream].status is TaskStatus.SKIPPED:
            yield others[edge.upstream]


def _go_on(instance: Instance) -> Iterator[Step]:
    status, key = instance.status, instance.key
    if status is TaskStatus.RUNNING and instance.node.operator == "task":
        reason = e.Reason("owner", "interrupted: the process that ran it ended")
        yield e.TaskInterrupted(key, instance.attempt, reason)
        yield from _recover(instance)
    elif status is TaskStatus.QUEUED:
        spec = instance.node.spec
        if isinstance(spec, CallSpec):
            yield RequestPermit(key, instance.node.bulkhead, runtime_of(spec))
    elif status is TaskStatus.WAITING and instance.until is not None:
        yield ArmTimer(key, instance.until, "wait")
    elif status is TaskStatus.RETRY_WAIT and instance.until is not None:
        yield ArmTimer(key, instance.until, "retry")
    elif status is TaskStatus.INTERRUPTED:
        yield from _recover(instance)


def _recover(instance: Instance) -> Iterator[Step]:
    """Decide about an interrupted call as its author wished, or for good where that happened too often."""
    key, wish = instance.key, instance.node.on_interrupt
    if wish == "fail" or instance.interruptions > MAX_RECOVERIES:
        why = "on_interrupt is fail" if wish == "fail" else f"it was interrupted {instance.interruptions} times"
        message = f"interrupted: it was running when the engine died; {why}"
        yield e.TaskFailed(key, instance.attempt, ErrorInfo(code="E-INTERRUPTED", message=message, retryable=False))
    elif wish == "ask":
        text = "needs attention: it was running when the engine died; say whether to rerun it, or how it ended"
        yield e.TaskNeedsAttention(key, e.Reason("interrupted", text))
    else:
        yield from queue(instance, e.Reason("recovery", "queued: it was running when the engine died"))
