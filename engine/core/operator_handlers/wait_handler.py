"""Operator `wait`: an absolute deadline, stored; no worker, no permit."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import AwaitSpec, WaitSpec
from ...definition.waits import next_deadline, parse_wait
from ...errors import TemplateError
from .. import events as e
from ..decisions import ArmTimer
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus
from . import await_handler


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Set the deadline once; succeed when it has passed."""
    spec = instance.node.spec
    if isinstance(spec, AwaitSpec):
        yield from await_handler.decide(instance, desk)
    if not isinstance(spec, WaitSpec):
        return
    if instance.status is TaskStatus.PENDING:
        try:
            until = _deadline(instance, spec, desk)
        except TemplateError as error:
            yield failed(instance, error)
            return
        yield e.TaskWaiting(instance.key, until, e.Reason("timer", f"waiting {max(0.0, until - desk.now):.1f} s"))
        yield ArmTimer(instance.key, until, "wait")
    elif instance.status is TaskStatus.WAITING and instance.until is not None and desk.now >= instance.until:
        yield e.TaskSucceeded(instance.key, 0)


def _deadline(instance: Instance, spec: WaitSpec, desk: Desk) -> float:
    try:
        wait = parse_wait(desk.render(instance, spec.wait)) if isinstance(spec.wait, str) else spec.wait
        return next_deadline(wait, desk.now, instance.scope.workflow.plan.timezone)
    except (ValueError, OverflowError) as error:
        raise TemplateError("E-WAIT", str(error)) from error
