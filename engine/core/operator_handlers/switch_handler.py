"""Operator `switch`: render once, compare with each case as `==` does, choose a target."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.arithmetic import Meter, describe, loosely_equal
from ...definition.plan import NodeIndex, SwitchSpec
from ...errors import TemplateError
from ...keys import JsonValue
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus

_WORDS = {None: "null", True: "true", False: "false"}
"""A case is always text; these values are what their words say."""


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Decide in one go; a switch never runs for longer than a turn."""
    spec = instance.node.spec
    if not isinstance(spec, SwitchSpec) or instance.status is not TaskStatus.PENDING:
        return
    try:
        value = desk.render(instance, spec.switch_on)
        target = _choose(spec, value)
    except TemplateError as error:
        yield failed(instance, error)
        return
    taken = None if target is None else instance.scope.graph.nodes[target].id
    key = instance.key
    said = f"takes {taken}" if taken is not None else "fits no case"
    yield e.OperatorEntered(key)
    yield e.BranchTaken(key, taken, e.Reason("switch", f"skipped: {key.task}: {describe(value)} {said}"))
    yield e.TaskSucceeded(key, 0, desk.values.put({"value": value, "taken": taken}))


def _choose(spec: SwitchSpec, value: JsonValue) -> NodeIndex | None:
    meter = Meter()
    text = _WORDS[value] if value is None or isinstance(value, bool) else value
    for case, target in spec.cases.items():
        if loosely_equal(text, case, meter):
            return target
    return spec.default
