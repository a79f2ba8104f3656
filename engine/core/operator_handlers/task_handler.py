"""Operator `task`: a call. Queued for a permit, rendered when its first attempt starts, tried again by its policy.

Memory tools need no permit and no executor: they run inside the turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final, Literal

from ...definition.call_specs import HttpCall
from ...definition.plan import CallSpec, DockerCall, PythonCall, ScriptOptions, ShellCall
from ...errors import ErrorInfo, TaskFailure, TemplateError
from ...keys import JsonValue
from .. import events as e
from ..calls import Outcome, TaskCall
from ..containers import container_spec, render_container
from ..decisions import ArmTimer, RequestPermit, StartCall
from ..desk import Desk, Step, failed
from ..instances import UNRENDERED, Instance
from ..ports import MemoryTool
from ..retry import delay_s, may_retry
from ..status import TaskStatus
from ..values import json_text
from .arguments import Arguments, render_environment, render_process, render_python, render_request

_CUT: Final = e.Reason("truncated", "the result was cut at 1 MiB; the log has all of it")


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Queue a pending call, or run it right here if it is a memory tool."""
    spec = instance.node.spec
    if not isinstance(spec, CallSpec) or instance.status is not TaskStatus.PENDING:
        return ()
    if isinstance(spec.call, PythonCall):
        tool = desk.tools.memory_tool(spec.call.function)
        if tool is not None:
            return _run_in_turn(instance, spec, tool, desk)
    why = desk.why_queued(instance.node.bulkhead, runtime_of(spec)) or "queued: it starts at once"
    return queue(instance, e.Reason("permit", why))


def runtime_of(spec: CallSpec) -> Literal["python", "shell", "docker"]:
    """Name the executor of a call. A request is one of python's tools."""
    if isinstance(spec.call, PythonCall | HttpCall):
        return "python"
    return "docker" if isinstance(spec.call, DockerCall) else "shell"


def queue(instance: Instance, reason: e.Reason) -> tuple[Step, ...]:
    """Stand in line for the next attempt."""
    spec = instance.node.spec
    if not isinstance(spec, CallSpec):
        return ()
    request = RequestPermit(instance.key, instance.node.bulkhead, runtime_of(spec))
    return (e.TaskQueued(instance.key, reason), request)


def reject(instance: Instance, error: ErrorInfo, desk: Desk) -> Iterable[Step]:
    """End an attempt in the queue: its permits were refused."""
    return _not_succeeded(instance, instance.attempt, "failed", error, desk)


def start(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Begin the next attempt of a queued call that has its permits."""
    spec = instance.node.spec
    if not isinstance(spec, CallSpec):
        return ()
    arguments = instance.arguments
    fresh = arguments is UNRENDERED
    if fresh:
        try:
            arguments = _render(instance, spec, desk)
        except TemplateError as error:
            return (failed(instance, error),)
    attempt = instance.attempt + 1
    started = e.TaskStarted(instance.key, attempt, arguments if fresh else None)  # type: ignore[arg-type]  # JSON, see _render
    return (started, StartCall(_call(instance, spec, attempt, arguments, desk)))


def finish(instance: Instance, outcome: Outcome, desk: Desk) -> Iterable[Step]:
    """Take the outcome of the attempt that runs."""
    key, attempt = instance.key, outcome.attempt
    if outcome.status == "succeeded":
        try:
            ref = desk.values.put(outcome.value)
        except (ValueError, TypeError) as error:
            info = ErrorInfo(code="E-RESULT", message=f"the result is no JSON value: {error}", retryable=False)
            return (e.TaskFailed(key, attempt, info),)
        cut = _CUT if outcome.truncated else None
        return (e.TaskSucceeded(key, attempt, ref, outcome.memory_changes, reason=cut),)
    cause = outcome.error or ErrorInfo(code="E-CANCELLED", message="cancelled")
    return _not_succeeded(instance, attempt, outcome.status, cause, desk)


def _not_succeeded(instance: Instance, attempt: int, status: str, error: ErrorInfo, desk: Desk) -> Iterable[Step]:
    key = instance.key
    if status == "cancelled":
        return (e.TaskCancelled(key, e.Reason("cancel", error.message), attempt),)
    queued = instance.status is TaskStatus.QUEUED
    made = attempt - instance.interruptions + instance.rejections + queued
    policy = instance.node.retry
    if may_retry(policy, error, made) and not instance.stopped and not desk.cancels(instance):
        due = desk.now + delay_s(policy, made, f"{desk.state.run_id}:{key.address}:{instance.generation}")
        text = f"attempt {made}/{policy.max_attempts} failed, next in {due - desk.now:.1f} s: {error.message}"
        return (
            e.TaskRetryScheduled(key, attempt, error, due, e.Reason("retry", text)),
            ArmTimer(key, due, "retry"),
        )
    kind = e.TaskTimedOut if status == "timed_out" else e.TaskFailed
    return (kind(key, attempt, error),)


def _run_in_turn(instance: Instance, spec: CallSpec, tool: MemoryTool, desk: Desk) -> Iterable[Step]:
    key, attempt = instance.key, instance.attempt + 1
    try:
        arguments = _render(instance, spec, desk)
    except TemplateError as error:
        yield failed(instance, error)
        return
    yield e.TaskStarted(key, attempt, arguments)
    try:
        args, kwargs = _split(arguments)
        result, changes = tool(instance.scope.workflow.memory, *args, **kwargs)
        ref = desk.values.put(result)
    except TaskFailure as failure:
        yield e.TaskFailed(key, attempt, failure.info)
    except (TypeError, ValueError) as error:
        info = ErrorInfo(code="E-ARGUMENTS", message=f"{spec.call.function}: {error}", retryable=False)  # type: ignore[union-attr]  # a memory tool is a PythonCall
        yield e.TaskFailed(key, attempt, info)
    else:
        yield e.TaskSucceeded(key, attempt, ref, changes)


def _render(instance: Instance, spec: CallSpec, desk: Desk) -> dict[str, JsonValue]:
    """Render what the call needs, as the JSON object that is stored with the start."""
    arguments = Arguments(instance, spec, desk)
    call = spec.call
    if isinstance(call, PythonCall):
        render_python(call, arguments)
    elif isinstance(call, HttpCall):
        render_request(call, arguments, timeout_s=instance.node.timeout_s, token=_token(instance, desk))
    elif isinstance(call, ShellCall):
        arguments.rendered["script"] = arguments.fill(call.run)
    else:
        arguments.rendered["container"] = render_container(call, arguments.fill)
    render_environment(arguments, instance.scope.workflow.plan.env, spec.env)
    render_process(spec, arguments)
    rendered = arguments.finish()
    if rendered:
        _check_json(rendered)
    return rendered


def _check_json(rendered: dict[str, JsonValue]) -> None:
    try:
        json_text(rendered)
    except (ValueError, TypeError) as error:
        raise TemplateError("E-ARGUMENTS", f"the arguments are no JSON values: {error}") from error


def _split(arguments: object) -> tuple[tuple[JsonValue, ...], dict[str, JsonValue]]:
    """Take positional and named arguments out of what was rendered."""
    found = arguments if isinstance(arguments, dict) else {}
    return tuple(found.get("args", ())), dict(found.get("kwargs", {}))


def _call(instance: Instance, spec: CallSpec, attempt: int, arguments: object, desk: Desk) -> TaskCall:
    found = arguments if isinstance(arguments, dict) else {}
    args, kwargs = _split(arguments)
    call = spec.call
    folder = instance.scope.workflow.plan.folder
    run_id, address, generation = desk.state.run_id, instance.key.address, instance.generation
    token = _token(instance, desk)
    env = {
        **found.get("env", {}),
        "HIGHWAY_RUN_ID": run_id,
        "HIGHWAY_TASK": address,
        "HIGHWAY_ATTEMPT": str(attempt),
        "HIGHWAY_IDEMPOTENCY_KEY": token,
    }
    return TaskCall(
        run_id=run_id,
        key=instance.key,
        attempt=attempt,
        generation=generation,
        runtime=runtime_of(spec),
        function=_function(call),
        args=args,
        kwargs=kwargs,
        script=str(found.get("script", "")),
        container=container_spec(found["container"]) if isinstance(call, DockerCall) else None,
        env=env,
        secrets=found.get("secrets", {}),
        dotenv=instance.scope.workflow.plan.dotenv,
        folder=folder,
        cwd=str(PurePath(folder) / str(found.get("cwd", ""))),
        stdin=found.get("stdin"),
        options=call.options if isinstance(call, ShellCall) else ScriptOptions(),
        isolate=call.isolate if isinstance(call, PythonCall) else "thread",
        timeout_s=instance.node.timeout_s,
        idempotency_key=token,
    )


def _function(call: PythonCall | HttpCall | ShellCall | DockerCall) -> str:
    if isinstance(call, HttpCall):
        return "fetch.request"
    return call.function if isinstance(call, PythonCall) else ""


def _token(instance: Instance, desk: Desk) -> str:
    """Name the work itself: the same for all attempts of a generation, also after a resume."""
    text = f"{desk.state.run_id}:{instance.generation}:{instance.key.address}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
