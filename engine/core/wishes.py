"""What people and other processes may ask of a live run. Decides; a wish that does not fit its target is no step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from ..errors import ErrorInfo
from . import events as e
from .desk import Step
from .instances import Instance
from .operator_handlers.task_handler import queue
from .status import TaskStatus

Answer: TypeAlias = Literal["rerun", "fail", "succeed"]
"""What a person says about a call that was interrupted."""


def answer(instance: Instance, decision: Answer) -> Iterator[Step]:
    """Settle a call that needs attention."""
    if instance.status is not TaskStatus.NEEDS_ATTENTION:
        return
    key, attempt = instance.key, instance.attempt
    if decision == "rerun":
        yield from queue(instance, e.Reason("answer", "queued: a person said to run it again"))
    elif decision == "succeed":
        yield e.TaskSucceeded(key, attempt)
    else:
        info = ErrorInfo(code="E-INTERRUPTED", message="interrupted: a person said that it failed", retryable=False)
        yield e.TaskFailed(key, attempt, info)
