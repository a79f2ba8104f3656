"""Operator `workflow`: a nested workflow as a scope of the same run."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.params import check_params
from ...definition.plan import WorkflowSpec
from ...errors import TemplateError, UsageError
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus
from ..sub_workflow_runner import open_workflow, outcome_of_children


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Open the scope with rendered params, take its results when it is done."""
    spec = instance.node.spec
    if not isinstance(spec, WorkflowSpec):
        return
    if instance.status is TaskStatus.PENDING:
        if instance.children is not None:
            yield e.OperatorEntered(instance.key, total=1)
            return
        try:
            given = desk.render(instance, dict(spec.params))
            params = check_params(spec.plan.params, given if isinstance(given, dict) else {})
        except (TemplateError, UsageError) as error:
            yield failed(instance, error)
            return
        yield e.OperatorEntered(instance.key, total=1)
        yield open_workflow(instance, params)
    elif instance.status is TaskStatus.RUNNING and instance.children is not None and instance.children.running == 0:
        yield outcome_of_children(instance) or _succeed(instance, desk)


def _succeed(instance: Instance, desk: Desk) -> Step:
    results = instance.children.results.get("0", {}) if instance.children else {}
    value = {name: desk.values.read(ref) for name, ref in results.items()}
    return e.TaskSucceeded(instance.key, 0, desk.values.put(value))
