"""Operator `while`: one scope after the other, as long as the condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import WhileSpec
from ...errors import TemplateError
from ...keys import JsonValue
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Children, Instance
from ..status import TaskStatus
from ..sub_workflow_runner import open_iterations, outcome_of_children


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Evaluate the condition whenever no iteration is open; a failed iteration is the last one."""
    spec = instance.node.spec
    if not isinstance(spec, WhileSpec):
        return
    if instance.status is TaskStatus.PENDING:
        yield e.OperatorEntered(instance.key)
        return
    children = instance.children
    if instance.status is not TaskStatus.RUNNING or children is None or children.running:
        return
    end = outcome_of_children(instance)
    if end is not None:  # also with `--keep-going`: the next iteration stands behind this one
        yield end
    elif instance.stopped or desk.cancels(instance):
        yield e.TaskCancelled(instance.key, e.Reason("stopped", "cancelled: the loop was stopped"))
    else:
        yield from _next(instance, spec, children, desk)


def _next(instance: Instance, spec: WhileSpec, children: Children, desk: Desk) -> Iterable[Step]:
    try:
        verdict = desk.evaluate(instance, spec.condition)
        if verdict.value and children.opened >= spec.max_iterations:
            raise TemplateError("E-MAX-ITERATIONS", f"the loop passed max_iterations ({spec.max_iterations})")
    except TemplateError as error:
        yield failed(instance, error)
        return
    yield e.ConditionEvaluated(instance.key, verdict.value, verdict.shown)
    if verdict.value:
        yield from open_iterations(instance, 1)
        return
    yield _succeed(instance, children, desk)


def _succeed(instance: Instance, children: Children, desk: Desk) -> Step:
    last: JsonValue = None
    if children.opened:
        outputs = children.outputs[str(children.opened - 1)]
        last = {output.name: desk.values.read(output.ref) for output in outputs}
    result = desk.values.put({"iterations": children.opened, "last": last})
    exports = tuple(e.NamedRef(name, ref) for name, ref in children.carry.results.items())
    return e.TaskSucceeded(instance.key, 0, result, exports=exports)
