"""Operator `join`: ends by its mode, as soon as that is decided. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import Edge, Gate, JoinSpec
from ...errors import ErrorInfo
from .. import events as e
from ..desk import Desk, Step
from ..instances import Instance
from ..status import TaskStatus
from ..trigger_rules import judge_join


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Succeed or fail by what the joined tasks came to; no step while that is open."""
    spec = instance.node.spec
    if not isinstance(spec, JoinSpec) or instance.status is not TaskStatus.PENDING:
        return
    succeeds = judge_join(spec.mode, instance.tally.joined)
    if succeeds is None:
        return
    yield e.OperatorEntered(instance.key)
    if succeeds:
        yield e.TaskSucceeded(instance.key, 0)
    else:
        info = ErrorInfo(code="E-JOIN", message=_complaint(instance, spec), retryable=False)
        yield e.TaskFailed(instance.key, 0, info)


def _complaint(instance: Instance, spec: JoinSpec) -> str:
    others = [instance.scope.instances[edge.upstream] for edge in _joined(instance)]
    bad = next((other for other in others if other.counts_as_failed), None)
    if spec.mode == "one_success":
        return f"none of {', '.join(other.node.id for other in others[:5])} succeeded"
    return f"{bad.key.address} {bad.status.value}" if bad is not None else "a joined task failed"


def _joined(instance: Instance) -> Iterable[Edge]:
    return (edge for edge in instance.node.dependencies if edge.gate is Gate.JOIN)
