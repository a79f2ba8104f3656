"""One decide function per operator. A handler looks and says what should happen; the scheduler applies it.

Signature: `decide(instance, desk) -> Iterable[Step]`. Called when the instance is pending and may start, and again
whenever something below a running or waiting operator changed. No step means: nothing to do yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from ..desk import Desk, Step
from ..instances import Instance
from . import (
    await_handler,
    condition_handler,
    emit_handler,
    foreach_handler,
    join_handler,
    parallel_handler,
    switch_handler,
    task_handler,
    wait_handler,
    while_handler,
    workflow_handler,
)

Handler: TypeAlias = Callable[[Instance, Desk], Iterable[Step]]

HANDLERS: Final[Mapping[str, Handler]] = {
    "task": task_handler.decide,
    "condition": condition_handler.decide,
    "switch": switch_handler.decide,
    "parallel": parallel_handler.decide,
    "join": join_handler.decide,
    "foreach": foreach_handler.decide,
    "while": while_handler.decide,
    "wait": wait_handler.decide,
    "wait_for_event": await_handler.decide,
    "approval": await_handler.decide,
    "emit_event": emit_handler.decide,
    "workflow": workflow_handler.decide,
}
