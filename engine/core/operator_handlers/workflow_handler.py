"""Operator `workflow`: a nested workflow as a scope of the same run."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.params import check_params
from ...definition.plan import WorkflowSpec
from ...definition.templating import render
from ...errors import TemplateError, UsageError
from ...keys import JsonValue
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
            params = check_params(spec.plan.params, _given(instance, spec, desk))
        except (TemplateError, UsageError) as error:
            yield failed(instance, error)
            return
        yield e.OperatorEntered(instance.key, total=1)
        yield open_workflow(instance, params)
    elif instance.status is TaskStatus.RUNNING and instance.children is not None and instance.children.running == 0:
        yield outcome_of_children(instance) or _succeed(instance, desk)


def _given(instance: Instance, spec: WorkflowSpec, desk: Desk) -> dict[str, JsonValue]:
    """Render the params; secret ones of the nested workflow may be secrets of this one, and stay references."""
    hidden = spec.plan.secret_params if desk.marks is not None else frozenset()
    filled = desk.render(instance, {name: value for name, value in spec.params.items() if name not in hidden})
    given = filled if isinstance(filled, dict) else {}
    for name in hidden & spec.params.keys():
        value = render(spec.params[name], desk.names(instance.scope, with_secrets=True))
        given[name] = desk.marks.hide(value) if desk.marks is not None and isinstance(value, str) else value
    return given


def _succeed(instance: Instance, desk: Desk) -> Step:
    results = instance.children.results.get("0", {}) if instance.children else {}
    value = {name: desk.values.read(ref) for name, ref in results.items()}
    return e.TaskSucceeded(instance.key, 0, desk.values.put(value))
