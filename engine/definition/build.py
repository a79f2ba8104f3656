"""Scopes -> Plan. Called only when nothing is wrong: everything here is known to exist and to have the right type."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from ..errors import EngineBug
from ..keys import TaskId
from .call_specs import HttpCall, SecretSpec
from .container_options import volume_texts, words
from .models import (
    Approval,
    Breaker,
    Condition,
    DockerTask,
    EmitEvent,
    Foreach,
    HttpTask,
    Join,
    Nested,
    Parallel,
    PythonTask,
    ShellTask,
    Switch,
    Task,
    Wait,
    WaitForEvent,
    WaitKeys,
    While,
)
from .plan import (
    AwaitSpec,
    BreakerSpec,
    BulkheadSpec,
    CallSpec,
    ConditionSpec,
    DockerCall,
    Edge,
    EmitSpec,
    ForeachSpec,
    Graph,
    JoinSpec,
    Node,
    OperatorName,
    OperatorSpec,
    ParallelSpec,
    ParamSpec,
    Plan,
    PythonCall,
    RetryPolicy,
    ScriptOptions,
    ShellCall,
    SwitchSpec,
    TriggerRule,
    WaitSpec,
    WhileSpec,
    WorkflowSpec,
)
from .waits import parse_wait

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from .items import Item, Source
    from .models import Bulkhead, Operator, Param, Retry, Secret
    from .scopes import Scope

_ALIASES: Final[Mapping[str, TriggerRule]] = {"all_success": TriggerRule.DEFAULT}
_OPERATORS: Final[dict[str, OperatorName]] = {
    "task": "task",
    "condition": "condition",
    "switch": "switch",
    "parallel": "parallel",
    "join": "join",
    "foreach": "foreach",
    "while": "while",
    "wait": "wait",
    "wait_for_event": "wait_for_event",
    "approval": "approval",
    "emit_event": "emit_event",
    "workflow": "workflow",
}


def build(
    source: Source, root: Scope, *, file: str, text: bytes, nested: Mapping[Item, Plan], sources: Mapping[str, bytes]
) -> Plan:
    """Return the plan. `nested` holds the plan of each operator `workflow`; `sources` every file below this one."""
    workflow = source.workflow
    folder = Path(file).absolute().parent
    return Plan(
        name=workflow.name or PurePath(file).stem,
        file=file,
        folder=str(folder),
        digest=hashlib.sha256(text).hexdigest(),
        root=_Builder(nested).graph(root, source),
        hooks={name: _Builder(nested).graph(scope, source) for name, scope in root.hooks.items()},
        variables=workflow.variables,
        params={name: param_spec(name, param) for name, param in source.params.items()},
        secret_params=frozenset(name for name, param in source.params.items() if param.secret),
        secrets={name: _secret(name, secret, folder) for name, secret in workflow.secrets.items()},
        env=workflow.env,
        dotenv=_dotenv(workflow.dotenv, folder),
        bulkheads={name: _bulkhead(bulkhead) for name, bulkhead in workflow.bulkheads.items()},
        max_parallel=workflow.max_parallel,
        timeout_s=workflow.timeout,
        fail_fast=workflow.fail_fast,
        timezone=workflow.timezone,
        version=workflow.version,
        description=workflow.description,
        tags=workflow.tags,
        sources=sources,
    )


def param_spec(name: str, param: Param) -> ParamSpec:
    """Turn a declared input into its specification."""
    return ParamSpec(
        name=name,
        type=param.type,
        default=param.default,
        required=param.required,
        enum=param.enum,
        min=param.min,
        max=param.max,
        pattern=param.pattern,
        secret=param.secret,
        description=param.description,
    )


class _Builder:
    """Lives while one plan is built."""

    def __init__(self, nested: Mapping[Item, Plan]) -> None:
        self._nested = nested

    def graph(self, scope: Scope, source: Source) -> Graph:
        """Build one graph and those inside it."""
        dependents: list[list[Edge]] = [[] for _ in scope.items]
        for position, edges in enumerate(scope.edges):
            for edge in edges:
                dependents[edge.upstream].append(Edge(position, edge.gate))
        nodes = tuple(self._node(scope, position, source) for position in range(len(scope.items)))
        return Graph(
            nodes=nodes,
            dependents=tuple(tuple(edges) for edges in dependents),
            index={node.id: node.index for node in nodes},
        )

    def _node(self, scope: Scope, position: int, source: Source) -> Node:
        item = scope.items[position]
        operator = item.operator
        rule = operator.trigger_rule
        is_task = isinstance(operator, Task)
        # A hook that does not say otherwise runs after the one before it, however that ended.
        follows = scope.kind == "hook" and operator.dependencies is None and rule in {"default", "all_success"}
        return Node(
            index=position,
            id=TaskId(item.id),
            operator=_OPERATORS[item.kind],
            spec=self._spec(scope, position, source),
            dependencies=tuple(scope.edges[position]),
            trigger_rule=TriggerRule.ALL_DONE if follows else _ALIASES.get(rule) or TriggerRule(rule),
            when=operator.when,
            result_key=operator.result_key,
            retry=_retry(operator.retry) if is_task and operator.retry is not None else RetryPolicy(),
            timeout_s=operator.timeout.timeout if is_task and operator.timeout is not None else None,
            continue_on_error=operator.continue_on_error,
            bulkhead=operator.bulkhead,
            on_interrupt=operator.on_interrupt or "rerun",
            description=operator.description,
            line=item.name_spot.start.line + 1,
        )

    def _spec(self, scope: Scope, position: int, source: Source) -> OperatorSpec:
        item = scope.items[position]
        match item.operator:
            case Task() as task:
                return _call_spec(task)
            case Condition() as condition:
                if_false = condition.if_false
                return ConditionSpec(
                    condition=_expression(condition.condition),
                    if_true=scope.index[condition.if_true],
                    if_false=None if if_false is None else scope.index[if_false],
                )
            case Switch() as switch:
                return _switch(switch, scope)
            case Join() as join:
                return JoinSpec(mode=join.join_mode)
            case Parallel() as parallel:
                branches = parallel.branches.items()
                return ParallelSpec(
                    branches={name: tuple(scope.index[member] for member in ids) for name, ids in branches},
                    inline={child.name: self.graph(child, source) for child in scope.children[position]},
                )
            case Foreach() as foreach:
                limit = foreach.max_parallel if foreach.parallel else 1
                body = self.graph(scope.children[position][0], source)
                return ForeachSpec(items=foreach.items, body=body, max_parallel=limit)
            case While() as loop:
                body = self.graph(scope.children[position][0], source)
                condition_text = _expression(loop.condition)
                return WhileSpec(condition=condition_text, body=body, max_iterations=loop.max_iterations)
            case Wait(wait_for=WaitKeys() as keys):
                return _await(keys)
            case WaitForEvent() as event:
                return AwaitSpec(
                    kind="event", subject=event.event_name, timeout_s=_limit(event), on_timeout=event.on_timeout
                )
            case Approval() as approval:
                return AwaitSpec(
                    kind="approval", subject=approval.prompt, timeout_s=_limit(approval), on_timeout=approval.on_timeout
                )
            case EmitEvent() as emit:
                return EmitSpec(event=emit.event_name, payload=emit.payload)
            case Wait() as wait if not isinstance(wait.wait_for, WaitKeys):
                text = wait.wait_for
                return WaitSpec(wait=text if isinstance(text, str) and "{{" in text else parse_wait(text))
            case Nested() as call:
                return WorkflowSpec(plan=self._nested[item], params=call.params)
        raise EngineBug("E-BUG", f"operator {item.kind!r} has no specification")


def _secret(name: str, secret: Secret, folder: Path) -> SecretSpec:
    key = secret.key or name
    return SecretSpec(name=name, source=secret.from_, key=str(folder / key) if secret.from_ == "file" else key)


def _dotenv(files: str | tuple[str, ...] | None, folder: Path) -> tuple[str, ...]:
    return tuple(str(folder / file) for file in ((files,) if isinstance(files, str) else files or ()))


_SHORTEST_POLL_S: Final = 0.05


def _limit(operator: WaitForEvent | Approval) -> float | None:
    timeout = operator.timeout.timeout if operator.timeout is not None else None
    return operator.timeout_seconds or timeout


def _await(keys: WaitKeys) -> AwaitSpec:
    kinds: tuple[Literal["file", "event", "approval", "until"], ...] = ("file", "event", "approval", "until")
    kind = next(kind for kind in kinds if getattr(keys, kind) is not None)
    return AwaitSpec(
        kind=kind,
        subject=_expression(getattr(keys, kind)),
        poll_s=1.0 if keys.poll is None else max(_SHORTEST_POLL_S, keys.poll),
        timeout_s=keys.timeout,
        on_timeout=keys.on_timeout,
    )


def _switch(switch: Switch, scope: Scope) -> SwitchSpec:
    text = switch.switch_on
    return SwitchSpec(
        switch_on=text if "{{" in text else f"{{{{ {text} }}}}",
        cases={value: scope.index[target] for value, target in switch.cases.items()},
        default=None if switch.default is None else scope.index[switch.default],
    )


_UNLIMITED: Final = 1_000_000
"""Calls at once of a bulkhead that only has a breaker."""
_BREAKER_KEYS: Final = (
    "failure_threshold", "failure_rate", "window", "minimum_calls", "half_open_max_calls", "success_threshold",
)  # fmt: skip


def _bulkhead(bulkhead: Bulkhead) -> BulkheadSpec:
    """Take a bulkhead over; the flat breaker keys of Highway Core count where `circuit_breaker` does not say it."""
    nested = bulkhead.circuit_breaker
    flat = {key: getattr(bulkhead, key) for key in ("failure_threshold", "success_threshold", "isolation_duration")}
    wanted = nested is not None or any(value is not None for value in flat.values())
    enabled = wanted if bulkhead.circuit_breaker_enabled is None else bulkhead.circuit_breaker_enabled
    return BulkheadSpec(
        max_concurrent_calls=bulkhead.max_concurrent_calls or _UNLIMITED,
        max_queue_size=bulkhead.max_queue_size,
        queue_timeout_s=bulkhead.queue_timeout,
        on_open=bulkhead.on_open or "wait",
        breaker=_breaker(nested or Breaker(), flat) if enabled else None,
    )


def _breaker(breaker: Breaker, flat: Mapping[str, Any]) -> BreakerSpec:
    given = {key: value for key in _BREAKER_KEYS if (value := getattr(breaker, key)) is not None}
    isolation_s = breaker.isolation_duration or flat["isolation_duration"] or BreakerSpec().isolation_s
    longest = breaker.max_isolation_duration or max(BreakerSpec().max_isolation_s, isolation_s)
    counts = {key: value for key, value in flat.items() if key != "isolation_duration" and value is not None}
    return BreakerSpec(**{**counts, **given}, isolation_s=isolation_s, max_isolation_s=longest)


def _expression(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _retry(retry: Retry) -> RetryPolicy:
    attempts = retry.max_attempts if retry.max_attempts is not None else (retry.max_retries or 0) + 1
    return RetryPolicy(
        max_attempts=attempts,
        delay_s=retry.delay,
        backoff=retry.backoff,
        factor=retry.factor,
        max_delay_s=retry.max_delay,
        jitter=retry.jitter,
        on=retry.on,
    )


def _call_spec(task: Task) -> CallSpec:
    own_folder = isinstance(task, DockerTask)
    return CallSpec(
        call=_call(task),
        env=task.env or {},
        cwd=None if own_folder else task.cwd,
        stdin=task.stdin,
        template=task.template,
    )


def _call(task: Operator) -> PythonCall | ShellCall | DockerCall | HttpCall:
    match task:
        case PythonTask():
            function = task.function.removeprefix("tools.")
            return PythonCall(function=function, args=task.args, kwargs=task.kwargs, isolate=task.isolate or "thread")
        case ShellTask():
            script = ScriptOptions(
                shell=tuple(shlex.split(task.shell)) if isinstance(task.shell, str) else task.shell or (),
                exit_codes_ok=task.exit_codes_ok or (),
                result_format=task.result_format or "text",
                pty=task.pty or False,
            )
            return ShellCall(run=task.run, options=script)
        case HttpTask():
            return HttpCall(
                url=task.url,
                method=task.method,
                headers=task.headers,
                params=task.params,
                json=task.json_,
                body=task.body,
                expect_status="2xx" if task.expect_status is None else task.expect_status,
                idempotency_key=task.idempotency_key,
            )
        case DockerTask():
            return DockerCall(
                image=task.image,
                command=words(task.command),
                entrypoint=None if task.entrypoint is None else words(task.entrypoint),
                volumes=volume_texts(task.volumes),
                network=task.network,
                user=task.user,
                cwd=task.cwd,
                pull=task.pull,
                memory=task.memory,
                cpus=task.cpus,
            )
    raise EngineBug("E-BUG", f"{type(task).__name__} has no call")
