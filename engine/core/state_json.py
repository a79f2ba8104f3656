"""RunState to JSON and back. Counters are not stored: they are counted again, so they can never disagree.

The round trip is exact: `from_json(to_json(state))` behaves and serialises as `state` does (a property test).
"""

from __future__ import annotations

from typing import Any, Final

from ..definition.plan import Plan, WorkflowSpec
from ..errors import ErrorInfo
from ..keys import RunId, ScopePath, TaskId, key_of
from .events import NamedRef, Reason
from .instances import (
    UNRENDERED,
    Carry,
    Children,
    Instance,
    Scope,
    Workflow,
    child_graph,
    count_dependency,
    has_spoken,
    open_scope,
)
from .state import CALL_ACTIVE, RESTING, RunState
from .status import RunStatus, TaskStatus
from .values import ResultRef

Json = dict[str, Any]

_PLAIN: Final = [
    "attempt",
    "interruptions",
    "rejections",
    "generation",
    "queued_at",
    "started_at",
    "finished_at",
    "until",
    "awaits",
    "opened",
    "chose",
    "chosen",
    "stopped",
    "ordinal",
]


def to_json(state: RunState) -> Json:
    """Write the whole state as plain data."""
    return {
        "status": state.status.value,
        "error": _error_out(state.error),
        "keep_going": state.keep_going,
        "definition_sha256": state.definition_sha256,
        "name": state.name,
        "created_at": state.created_at,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "epoch": state.epoch,
        "cancel_reason": _reason_out(state.cancel_reason),
        "ordinals": state.ordinals,
        "signals": _refs_out(state.signals),
        "hook_rounds": dict(state.hook_rounds),
        "scopes": [_scope_out(scope) for scope in state.scopes.values()],
    }


def from_json(run_id: RunId, plan: Plan, data: Json) -> RunState:
    """Build the state again; `plan` is the one the run was started with."""
    state = RunState(run_id, plan)
    state.status = RunStatus(data["status"])
    state.error = _error_in(data["error"])
    state.cancel_reason = _reason_in(data["cancel_reason"])
    for name in ("keep_going", "definition_sha256", "name", "created_at", "started_at", "finished_at", "epoch"):
        setattr(state, name, data[name])
    state.signals = _refs_in(data["signals"])
    state.hook_rounds = dict(data["hook_rounds"])
    for row in data["scopes"]:
        _scope_in(state, row)
    state.ordinals = data["ordinals"]
    _recount(state)
    return state


# --- scopes --------------------------------------------------------------------------------------------------------


def _scope_out(scope: Scope) -> Json:
    workflow = scope.workflow
    row: Json = {
        "path": scope.path,
        "owner": scope.owner.key.address if scope.owner else None,
        "index": scope.index,
        "branch": scope.branch,
        "closed": scope.closed,
        "results": _refs_out(scope.results),
        "carry": _carry_out(scope.carry),
        "instances": [_instance_out(instance) for instance in scope.instances],
    }
    if workflow.home == scope.path:
        row["workflow"] = {
            "params": dict(workflow.params),
            "variables": dict(workflow.variables),
            "memory": dict(workflow.memory),
            "memory_set_by": dict(workflow.memory_set_by),
        }
    return row


def _scope_in(state: RunState, row: Json) -> None:
    path = ScopePath(row["path"])
    owner = state.instance(key_of(row["owner"])) if row["owner"] else None
    plan = state.plan if owner is None else owner.scope.workflow.plan
    if owner is not None and isinstance(owner.node.spec, WorkflowSpec):
        plan = owner.node.spec.plan
    hook = state.hook_of(path) if owner is None else None
    graph = child_graph(owner, row["branch"]) if owner else state.plan.hooks[hook] if hook else state.plan.root
    names = row.get("workflow")
    workflow = Workflow(plan, path, **names) if names else state.root.workflow if hook else _around(owner)
    scope = Scope(path, graph, owner, row["index"], row["branch"], workflow, outer=state.root if hook else None)
    scope.closed = row["closed"]
    scope.results = _refs_in(row["results"])
    scope.carry = _carry_in(row["carry"])
    open_scope(scope, 0)
    for instance, saved in zip(scope.instances, row["instances"], strict=True):
        _instance_in(instance, saved)
    state.scopes[path] = scope
    if owner is not None and owner.children is not None:
        owner.children.scopes[path] = scope


def _around(owner: Instance | None) -> Workflow:
    assert owner is not None, "only a workflow's own scope brings its names"  # noqa: S101 - to_json wrote it
    return owner.scope.workflow


def _recount(state: RunState) -> None:
    for instance in state.instances():
        scope = instance.scope
        for edge in scope.graph.dependents[instance.node.index]:
            if has_spoken(instance, edge.gate):
                dependent = scope.instances[edge.upstream]
                count_dependency(instance, edge.gate, dependent.tally, 1, dependent.node.id)
        if instance.status.terminal:
            scope.unfinished -= 1
            for parallel in state.parallels_of(instance):
                parallel.members_done += 1
        if instance.fails_its_scope:
            cancelled = instance.status is TaskStatus.CANCELLED
            scope.cancellations += cancelled
            scope.failures += not cancelled
        state.active_calls += instance.node.operator == "task" and instance.status in CALL_ACTIVE
        state.waiting += instance.status in RESTING


# --- instances -----------------------------------------------------------------------------------------------------


def _instance_out(instance: Instance) -> Json:
    row: Json = {name: getattr(instance, name) for name in _PLAIN}
    row["status"] = instance.status.value
    row["reason"] = _reason_out(instance.reason)
    row["choice"] = _reason_out(instance.choice)
    row["result"] = _ref_out(instance.result)
    row["error"] = _error_out(instance.error)
    if instance.arguments is not UNRENDERED:
        row["arguments"] = instance.arguments
    if instance.children is not None:
        row["children"] = _children_out(instance.children)
    return row


def _instance_in(instance: Instance, row: Json) -> None:
    for name in _PLAIN:
        setattr(instance, name, row[name])
    instance.chosen = TaskId(row["chosen"]) if row["chosen"] is not None else None
    instance.status = TaskStatus(row["status"])
    instance.reason = _reason_in(row["reason"])
    instance.choice = _reason_in(row["choice"])
    instance.result = _ref_in(row["result"])
    instance.error = _error_in(row["error"])
    instance.arguments = row.get("arguments", UNRENDERED)
    if "children" in row:
        instance.children = _children_in(row["children"])


def _children_out(children: Children) -> Json:
    return {
        "items": _ref_out(children.items),
        "total": children.total,
        "opened": children.opened,
        "done": children.done,
        "failed": children.failed,
        "cancelled": children.cancelled,
        "outputs": {
            name: [[output.name, _ref_out(output.ref)] for output in outputs]
            for name, outputs in children.outputs.items()
        },
        "results": {name: _refs_out(results) for name, results in children.results.items()},
        "carry": _carry_out(children.carry),
    }


def _children_in(row: Json) -> Children:
    return Children(
        items=_ref_in(row["items"]),
        total=row["total"],
        opened=row["opened"],
        done=row["done"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        outputs={
            name: tuple(NamedRef(output, _ref_in(ref)) for output, ref in outputs)
            for name, outputs in row["outputs"].items()
        },
        results={name: _refs_in(results) for name, results in row["results"].items()},
        carry=_carry_in(row["carry"]),
    )


# --- leaves --------------------------------------------------------------------------------------------------------


def _carry_out(carry: Carry) -> Json:
    return {"results": _refs_out(carry.results), "tasks": _refs_out(carry.tasks)}


def _carry_in(row: Json) -> Carry:
    return Carry(_refs_in(row["results"]), _refs_in(row["tasks"]))


def _refs_out(refs: dict[str, ResultRef | None]) -> Json:
    return {name: _ref_out(ref) for name, ref in refs.items()}


def _refs_in(row: Json) -> dict[str, ResultRef | None]:
    return {name: _ref_in(ref) for name, ref in row.items()}


def _ref_out(ref: ResultRef | None) -> list[Any] | None:
    return None if ref is None else [ref.digest, ref.size]


def _ref_in(row: list[Any] | None) -> ResultRef | None:
    return None if row is None else ResultRef(row[0], row[1])


def _reason_out(reason: Reason | None) -> list[str] | None:
    return None if reason is None else [reason.code, reason.text]


def _reason_in(row: list[str] | None) -> Reason | None:
    return None if row is None else Reason(row[0], row[1])


def _error_out(error: ErrorInfo | None) -> Json | None:
    if error is None:
        return None
    return {
        "code": error.code,
        "message": error.message,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
    }


def _error_in(row: Json | None) -> ErrorInfo | None:
    return None if row is None else ErrorInfo(**row)
