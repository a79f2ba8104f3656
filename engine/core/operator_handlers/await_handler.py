"""Waits for something else than time: a file, an event, an approval, a condition. No worker, no permit.

What is waited for and until when is stored when the wait begins; a resumed run looks again and waits for what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from ...definition.plan import AwaitSpec
from ...errors import ErrorInfo, TemplateError
from .. import events as e
from ..decisions import ArmTimer, DisarmTimer, WatchFile
from ..desk import Desk, Step, failed
from ..instances import Instance
from ..status import TaskStatus


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Begin the wait; look, whenever something may have changed, whether it is over."""
    spec = instance.node.spec
    if not isinstance(spec, AwaitSpec):
        return
    if instance.status is TaskStatus.PENDING:
        try:
            subject = _subject(instance, spec, desk)
        except TemplateError as error:
            yield failed(instance, error)
            return
        until = None if spec.timeout_s is None else desk.now + spec.timeout_s
        yield e.TaskWaiting(instance.key, until, e.Reason(spec.kind, _sentence(spec, subject)), subject)
    if instance.status is TaskStatus.WAITING:
        yield from _look(instance, spec, desk)


def found(instance: Instance, desk: Desk) -> Iterable[Step]:
    """End the wait for a file: there is one now."""
    spec = instance.node.spec
    if isinstance(spec, AwaitSpec) and spec.kind == "file" and instance.status is TaskStatus.WAITING:
        yield e.TaskSucceeded(instance.key, 0, desk.values.put(instance.awaits))
        yield DisarmTimer(instance.key)


def _subject(instance: Instance, spec: AwaitSpec, desk: Desk) -> str | None:
    if spec.kind == "until":
        return None
    text = str(desk.render(instance, spec.subject))
    if spec.kind == "file":
        return str(PurePosixPath(instance.scope.workflow.plan.folder) / text)
    return text


def _sentence(spec: AwaitSpec, subject: str | None) -> str:
    what = {
        "file": f"for the file {subject}",
        "event": f"for the event {subject}",
        "approval": f"for approval: {subject}" if subject else "for approval",
        "until": f"until {spec.subject}",
    }[spec.kind]
    limit = "" if spec.timeout_s is None else f", {spec.timeout_s:g} s at most"
    return f"waiting {what}{limit}"


def _look(instance: Instance, spec: AwaitSpec, desk: Desk) -> Iterable[Step]:
    key, signals = instance.key, desk.state.signals
    if spec.kind == "event" and instance.awaits in signals:
        yield e.TaskSucceeded(key, 0, signals[instance.awaits])
        yield DisarmTimer(key)
        return
    if spec.kind == "until":
        try:
            holds = desk.evaluate(instance, spec.subject).value
        except TemplateError as error:
            yield failed(instance, error)
            yield DisarmTimer(key)
            return
        if holds:
            yield e.TaskSucceeded(key, 0)
            yield DisarmTimer(key)
            return
    if instance.until is not None and desk.now >= instance.until:
        yield _too_late(instance, spec)
        yield DisarmTimer(key)
        return
    yield from _arm(instance, spec, desk)


def _arm(instance: Instance, spec: AwaitSpec, desk: Desk) -> Iterable[Step]:
    key, due = instance.key, instance.until
    if spec.kind == "until":
        due = desk.now + spec.poll_s if due is None else min(due, desk.now + spec.poll_s)
    if due is not None:
        yield ArmTimer(key, due, "wait")
    if spec.kind == "file" and instance.awaits is not None:
        yield WatchFile(key, instance.awaits, spec.poll_s)


def _too_late(instance: Instance, spec: AwaitSpec) -> e.TaskTimedOut | e.TaskSkipped | e.TaskSucceeded:
    key = instance.key
    if spec.on_timeout == "continue":
        return e.TaskSucceeded(key, 0)
    if spec.on_timeout == "skip":
        return e.TaskSkipped(key, e.Reason("timeout", f"skipped: nothing came within {spec.timeout_s:g} s"))
    message = f"timed out: nothing came within {spec.timeout_s:g} s"
    return e.TaskTimedOut(key, 0, ErrorInfo(code="E-TIMEOUT", message=message, retryable=False))
