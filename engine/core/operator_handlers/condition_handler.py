"""Operator `condition`: evaluate once, choose a target."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import ConditionSpec
from ...errors import TemplateError
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Decide in one go; a condition never runs for longer than a turn."""
    spec = instance.node.spec
    if not isinstance(spec, ConditionSpec) or instance.status is not TaskStatus.PENDING:
        return
    try:
        verdict = desk.evaluate(instance, spec.condition)
    except TemplateError as error:
        yield failed(instance, error)
        return
    target = spec.if_true if verdict.value else spec.if_false
    taken = None if target is None else instance.scope.graph.nodes[target].id
    key = instance.key
    yield e.OperatorEntered(key)
    yield e.ConditionEvaluated(key, verdict.value, verdict.shown)
    yield e.BranchTaken(key, taken, e.Reason("condition", f"skipped: {key.task}: {verdict.shown}"))
    yield e.TaskSucceeded(key, 0, desk.values.put({"value": verdict.value, "taken": taken}))
