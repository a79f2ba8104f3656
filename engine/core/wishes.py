"""What people and other processes may ask of a live run. Decides; a wish that does not fit raises UsageError."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from ..definition.plan import AwaitSpec, CallSpec
from ..errors import ErrorInfo, UsageError
from ..keys import JsonValue
from . import events as e
from .decisions import DisarmTimer, RequestPermit, WithdrawPermit
from .desk import Desk, Step
from .instances import Instance
from .operator_handlers.task_handler import queue, runtime_of
from .state import RunState
from .status import RunStatus, TaskStatus

Answer: TypeAlias = Literal["rerun", "fail", "succeed"]
"""What a person says about a call that was interrupted."""


def approve(instance: Instance, values: JsonValue, message: str, desk: Desk) -> Iterator[Step]:
    """Let an approval that is waited for succeed with `{approved, values, message}`; UsageError: it is not."""
    _check_waits(instance)
    yield e.TaskSucceeded(instance.key, 0, desk.values.put({"approved": True, "values": values, "message": message}))
    yield DisarmTimer(instance.key)


def reject(instance: Instance, message: str) -> Iterator[Step]:
    """Let an approval that is waited for fail; UsageError: it is not."""
    _check_waits(instance)
    text = f"rejected: {message}" if message else "rejected"
    yield e.TaskFailed(instance.key, 0, ErrorInfo(code="E-REJECTED", message=text, retryable=False))
    yield DisarmTimer(instance.key)


def _check_waits(instance: Instance) -> None:
    spec = instance.node.spec
    if not (isinstance(spec, AwaitSpec) and spec.kind == "approval"):
        raise UsageError("E-NO-APPROVAL", f"task {instance.key.address} is not about an approval")
    if instance.status is not TaskStatus.WAITING:
        raise UsageError("E-NO-APPROVAL", f"task {instance.key.address} is {instance.status.value}, not waiting")


def answer(instance: Instance, decision: Answer) -> Iterator[Step]:
    """Settle a call that needs attention; UsageError: it does not."""
    if instance.status is not TaskStatus.NEEDS_ATTENTION:
        raise UsageError("E-NO-QUESTION", f"task {instance.key.address} is {instance.status.value}: nothing is asked")
    key, attempt = instance.key, instance.attempt
    if decision == "rerun":
        yield from queue(instance, e.Reason("answer", "queued: a person said to run it again"))
    elif decision == "succeed":
        yield e.TaskSucceeded(key, attempt)
    else:
        info = ErrorInfo(code="E-INTERRUPTED", message="interrupted: a person said that it failed", retryable=False)
        yield e.TaskFailed(key, attempt, info)


def pause(state: RunState, reason: e.Reason) -> Iterator[Step]:
    """Start nothing new; calls that stand in line give up their places. UsageError: the run cannot pause now."""
    if state.status not in {RunStatus.RUNNING, RunStatus.WAITING}:
        raise UsageError("E-RUN-STATE", f"run {state.run_id} is {state.status.value} and cannot be paused")
    yield e.RunPaused(reason)
    for instance in list(state.instances()):
        if instance.status is TaskStatus.QUEUED:
            yield WithdrawPermit(instance.key)


def unpause(state: RunState) -> Iterator[Step]:
    """Go on where the run was paused; UsageError: it is not."""
    if state.status is not RunStatus.PAUSED:
        raise UsageError("E-RUN-STATE", f"run {state.run_id} is {state.status.value}, not paused")
    yield e.RunContinued()
    yield from stand_in_line(state)


def stand_in_line(state: RunState) -> Iterator[Step]:
    """Ask again for the permits of every call that is queued."""
    for instance in list(state.instances()):
        if instance.status is TaskStatus.QUEUED and isinstance(instance.node.spec, CallSpec):
            yield RequestPermit(instance.key, instance.node.bulkhead, runtime_of(instance.node.spec))
