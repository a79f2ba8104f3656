"""Parts of the language that parse and cannot run yet, and keys that are accepted without effect. Never silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .models import Approval, DockerTask, HttpTask, PythonTask, ShellTask, Task, WaitForEvent

if TYPE_CHECKING:
    from collections.abc import Collection

    from .context import Context
    from .items import Item

_CALL_ONLY: Final = ("env", "idempotency_key")
"""Keys that mean something to a call; an operator that makes none has no use for them."""
_PROCESS: Final = ("cwd", "stdin")
"""Keys that mean something to a task that starts a process."""
_COMMANDS: Final = frozenset({"command.run", "shell.run"})


def check_not_yet(context: Context) -> None:
    """Report everything that cannot run yet at its place."""
    for item in context.items():
        _check_keys(context, item)


def _check_keys(context: Context, item: Item) -> None:
    operator, is_task = item.operator, isinstance(item.operator, Task)
    set_here = operator.model_fields_set & item.spot.keys.keys()
    _check_process_keys(context, item, set_here)
    if not is_task and "retry" in set_here:
        context.add("W-NO-RETRY", f"`retry` has no effect on a {item.kind}", item.spot.key("retry"), "remove it")
    if not isinstance(operator, (Task, WaitForEvent, Approval)) and "timeout" in set_here:
        context.add("W-NO-TIMEOUT", f"`timeout` has no effect on a {item.kind}", item.spot.key("timeout"), "remove it")
    for key in _CALL_ONLY:
        if key in set_here and (isinstance(operator, HttpTask) == (key == "env") or not is_task):
            context.add("I-NO-EFFECT", f"`{key}` is accepted and has no effect here", item.spot.key(key))
    if not is_task and "on_interrupt" in set_here:
        context.add("I-NO-EFFECT", "`on_interrupt` is accepted and has no effect here", item.spot.key("on_interrupt"))
    if operator.timeout is not None and "timeout" in set_here and not operator.timeout.kill_on_timeout:
        spot = item.spot.key("timeout", "kill_on_timeout")
        context.add("I-NO-EFFECT", "`kill_on_timeout: false` has no effect: a timeout always ends the task", spot)


def _check_process_keys(context: Context, item: Item, set_here: Collection[str]) -> None:
    """Report keys of a process where the operator starts none."""
    operator = item.operator
    name = operator.function.removeprefix("tools.") if isinstance(operator, PythonTask) else ""
    own = ":" in name
    starts = isinstance(operator, ShellTask) or name in _COMMANDS or (own and operator.isolate == "process")  # type: ignore[attr-defined]  # `own`: a PythonTask
    if isinstance(operator, DockerTask) and "stdin" in set_here:
        context.add("E-NOT-YET", "`stdin` of a container is not supported yet", item.spot.key("stdin"))
    for key in _PROCESS:
        if key in set_here and not starts and not isinstance(operator, DockerTask):
            why = "a function in a thread" if own else "a task that starts no process"
            fix = "add `isolate: process`" if own else None
            context.add("I-NO-EFFECT", f"`{key}` has no effect on {why}", item.spot.key(key), fix)
    if "isolate" in set_here and not own:
        message = "`isolate` has no effect on a tool: it runs where it belongs"
        context.add("I-NO-EFFECT", message, item.spot.key("isolate"))
