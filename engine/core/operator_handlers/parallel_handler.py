"""Operator `parallel`: open the gate for its members and branches, be done when all of them are."""

from __future__ import annotations

from collections.abc import Iterable

from ...definition.plan import ParallelSpec
from ...errors import ErrorInfo
from ...keys import JsonValue
from .. import events as e
from ..desk import Desk, Step
from ..instances import Instance
from ..status import TaskStatus
from ..sub_workflow_runner import open_branches, outcome_of_children


def decide(instance: Instance, desk: Desk) -> Iterable[Step]:
    """Enter, open inline branches, and finish when every member and branch has ended."""
    spec = instance.node.spec
    if not isinstance(spec, ParallelSpec):
        return
    if instance.status is TaskStatus.PENDING:
        total = len(spec.inline) or sum(len(ids) for ids in spec.branches.values())
        yield e.OperatorEntered(instance.key, total=total)
        if instance.children is not None and instance.children.opened == 0:
            yield from open_branches(instance, spec)
        return
    if instance.status is TaskStatus.RUNNING and _all_ended(instance, spec):
        yield from _finish(instance, spec, desk)


def _all_ended(instance: Instance, spec: ParallelSpec) -> bool:
    members = {index for ids in spec.branches.values() for index in ids}
    return instance.members_done >= len(members) and (instance.children is None or instance.children.running == 0)


def _finish(instance: Instance, spec: ParallelSpec, desk: Desk) -> Iterable[Step]:
    others = instance.scope.instances
    members = [others[index] for ids in spec.branches.values() for index in ids]
    bad = next((member for member in members if member.counts_as_failed and not _cancelled(member)), None)
    if bad is not None:
        cause = bad.error.message if bad.error else bad.status.value
        info = ErrorInfo(code="E-CHILD", message=f"{bad.key.address} failed: {cause}")
        yield e.TaskFailed(instance.key, 0, info)
        return
    end = outcome_of_children(instance)
    if end is not None:
        yield end
        return
    if any(_cancelled(member) and member.counts_as_failed for member in members):
        yield e.TaskCancelled(instance.key, e.Reason("stopped", "cancelled: a member was cancelled"))
        return
    yield e.TaskSucceeded(instance.key, 0, desk.values.put(_result(instance, spec, desk)), exports=_exports(instance))


def _cancelled(member: Instance) -> bool:
    return member.status is TaskStatus.CANCELLED


def _result(instance: Instance, spec: ParallelSpec, desk: Desk) -> JsonValue:
    """`{branch: {id: result}}`, without members that did not succeed."""
    others = instance.scope.instances
    result: dict[str, JsonValue] = {
        branch: {
            others[index].node.id: desk.values.read(others[index].result)
            for index in ids
            if others[index].status is TaskStatus.SUCCEEDED
        }
        for branch, ids in spec.branches.items()
    }
    if instance.children is not None:
        for branch in spec.inline:
            outputs = instance.children.outputs.get(branch, ())
            result[branch] = {output.name: desk.values.read(output.ref) for output in outputs}
    return result


def _exports(instance: Instance) -> tuple[e.NamedRef, ...]:
    if instance.children is None:
        return ()
    return tuple(
        e.NamedRef(name, ref) for results in instance.children.results.values() for name, ref in results.items()
    )
