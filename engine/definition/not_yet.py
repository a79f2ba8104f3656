"""Parts of the language that parse and cannot run yet, and keys that are accepted without effect. Never silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .models import Approval, DockerTask, HttpTask, Task, WaitForEvent, Workflow

if TYPE_CHECKING:
    from .context import Context
    from .items import Item

_TASK_KEYS: Final = (
    "cwd", "exit_codes_ok", "isolate",
    "pty", "result_format", "shell", "stdin",
)  # fmt: skip
_WORKFLOW_KEYS: Final = (
    "dotenv", "finally", "on_failure", "on_success", "secrets", "timeout",
)  # fmt: skip
_CALL_ONLY: Final = ("env", "idempotency_key")
"""Keys that mean something to a call; an operator that makes none has no use for them."""


def check_not_yet(context: Context) -> None:
    """Report everything that cannot run yet at its place."""
    _check_workflow(context, context.source.workflow)
    for item in context.items():
        _check_operator(context, item)
        _check_keys(context, item)


def _check_workflow(context: Context, workflow: Workflow) -> None:
    spot = context.source.document.spot
    for key in _WORKFLOW_KEYS:
        if key in spot.keys and context.source.document.data[key] is not None:
            context.add("E-NOT-YET", f"`{key}` of a workflow is not supported yet", spot.key(key))
    for key in _TASK_KEYS:
        if key in workflow.defaults.model_fields_set:
            context.add("E-NOT-YET", f"`{key}` is not supported yet", spot.key("defaults", key))
    for name, param in context.source.params.items():
        if param.secret:
            context.add("E-NOT-YET", "`secret` params are not supported yet", spot.key("params", name, "secret"))


def _check_operator(context: Context, item: Item) -> None:
    match item.operator:
        case HttpTask():
            spot = item.spot.parts.get("runtime") or item.spot.key("url")
            context.add(
                "E-NOT-YET", "`runtime: http` is not supported yet", spot, "use `function: tools.fetch.request`"
            )


def _check_keys(context: Context, item: Item) -> None:
    operator, is_task = item.operator, isinstance(item.operator, Task)
    set_here = operator.model_fields_set & item.spot.keys.keys()
    for key in _TASK_KEYS:
        if key in set_here and not (key == "cwd" and isinstance(operator, DockerTask)):
            context.add("E-NOT-YET", f"`{key}` is not supported yet", item.spot.key(key))
    if not is_task and "retry" in set_here:
        context.add("W-NO-RETRY", f"`retry` has no effect on a {item.kind}", item.spot.key("retry"), "remove it")
    if not isinstance(operator, (Task, WaitForEvent, Approval)) and "timeout" in set_here:
        context.add("W-NO-TIMEOUT", f"`timeout` has no effect on a {item.kind}", item.spot.key("timeout"), "remove it")
    for key in _CALL_ONLY:
        if key in set_here and (not is_task or key == "idempotency_key"):
            context.add("I-NO-EFFECT", f"`{key}` is accepted and has no effect here", item.spot.key(key))
    if not is_task and "on_interrupt" in set_here:
        context.add("I-NO-EFFECT", "`on_interrupt` is accepted and has no effect here", item.spot.key("on_interrupt"))
    if operator.timeout is not None and "timeout" in set_here and not operator.timeout.kill_on_timeout:
        spot = item.spot.key("timeout", "kill_on_timeout")
        context.add("I-NO-EFFECT", "`kill_on_timeout: false` has no effect: a timeout always ends the task", spot)
