"""Operator `foreach`: one scope per item, at most `max_parallel` of them open at once."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import ForeachSpec
from ...errors import TemplateError
from ...keys import JsonValue
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Children, Instance
from ..status import TaskStatus
from ..sub_workflow_runner import open_iterations, outcome_of_children


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Render the items once, keep the window of open iterations full, finish when all are closed."""
    spec = instance.node.spec
    if not isinstance(spec, ForeachSpec):
        return
    if instance.status is TaskStatus.PENDING:
        yield _enter(instance, spec, desk)
        return
    children = instance.children
    if instance.status is not TaskStatus.RUNNING or children is None:
        return
    count = _room(instance, spec, children, desk)
    if count > 0:
        yield from open_iterations(instance, count)
    elif children.running == 0:
        end = outcome_of_children(instance)
        yield end if end is not None else _succeed(instance, spec, children, desk)


def _enter(instance: Instance, spec: ForeachSpec, desk: Desk) -> Step:
    if instance.children is not None:  # a new generation goes on with the items of the old one
        return e.OperatorEntered(instance.key, instance.children.items, instance.children.total)
    try:
        items = _item_list(desk.render(instance, spec.items))
    except TemplateError as error:
        return failed(instance, error)
    return e.OperatorEntered(instance.key, desk.values.put(items), len(items))


def _item_list(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"key": key, "value": inner} for key, inner in value.items()]
    kind = "null" if value is None else "text" if isinstance(value, str) else type(value).__name__
    raise TemplateError("E-ITEMS", f"items must be a list or a map, not {kind}")


def _room(instance: Instance, spec: ForeachSpec, children: Children, desk: Desk) -> int:
    """How many iterations may open now."""
    if instance.stopped or desk.cancels(instance) or ((children.failed or children.cancelled) and not desk.keeps_going):
        return 0
    return min(spec.max_parallel - children.running, (children.total or 0) - children.opened)


def _succeed(instance: Instance, spec: ForeachSpec, children: Children, desk: Desk) -> Step:
    """Collect `{id or result_key: result}` by index, and each result key of the body as a list by index."""
    total = children.total or 0
    names = list(dict.fromkeys(name for results in children.results.values() for name in results))
    names += [node.result_key for node in spec.body.nodes if node.result_key and node.result_key not in names]
    rows: list[JsonValue] = []
    columns: dict[str, list[JsonValue]] = {name: [] for name in names}
    for index in range(total):
        outputs = children.outputs.get(str(index), ())
        found = desk.values.read_many(output.ref for output in outputs)
        rows.append({output.name: value for output, value in zip(outputs, found, strict=True)})
        results = children.results.get(str(index), {})
        for name, column in columns.items():
            column.append(desk.values.read(results.get(name)))
    exports = tuple(e.NamedRef(name, desk.values.put(column)) for name, column in columns.items())
    return e.TaskSucceeded(instance.key, 0, desk.values.put(rows), exports=exports)
