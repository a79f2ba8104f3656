"""Operator `emit_event`: make something known to every wait of the run, those that begin later included."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import EmitSpec
from ...errors import TemplateError
from .. import events as e
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Render, tell, succeed: all within the turn."""
    spec = instance.node.spec
    if not isinstance(spec, EmitSpec) or instance.status is not TaskStatus.PENDING:
        return
    try:
        name = str(desk.render(instance, spec.event))
        payload = desk.render(instance, spec.payload)
        ref, result = desk.values.put(payload), desk.values.put({"event_name": name, "payload": payload})
    except TemplateError as error:
        yield failed(instance, error)
        return
    except (ValueError, TypeError) as error:
        yield failed(instance, TemplateError("E-ARGUMENTS", f"the payload is no JSON value: {error}"))
        return
    yield e.OperatorEntered(instance.key)
    yield e.SignalReceived(name, ref, instance.key.address)
    yield e.TaskSucceeded(instance.key, 0, result)
