"""How a run ends, and the sentences of instances that end without having run. Looks, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..definition.plan import AwaitSpec, Gate
from ..errors import EngineBug, ErrorInfo
from ..keys import ScopePath
from . import events as e
from .decisions import RUN_KEY, ArmTimer
from .instances import Instance
from .state import RunState
from .status import RunStatus, TaskStatus

TIMEOUT = "timeout"
"""Code of the reason for which a run is stopped when its time is over."""


_HOOKS = {
    RunStatus.SUCCEEDED: "on_success",
    RunStatus.FAILED: "on_failure",
    RunStatus.TIMED_OUT: "on_failure",
}


def is_parked(state: RunState) -> bool:
    """Say whether nothing but people and events from outside can move the run."""
    if state.status is not RunStatus.WAITING or state.plan.timeout_s is not None:
        return False
    return all(
        isinstance(spec := instance.node.spec, AwaitSpec)
        and spec.kind in ("event", "approval")
        and instance.until is None
        for instance in state.instances()
        if instance.status is TaskStatus.WAITING
    )


def time_limit(state: RunState, now: float) -> Iterator[ArmTimer]:
    """Give the run its whole time from here: an owner that was dead does not use it up."""
    if state.plan.timeout_s is not None and not state.status.terminal:
        yield ArmTimer(RUN_KEY, now + state.plan.timeout_s, "run")


def sum_up(state: RunState) -> Iterator[e.Event]:
    """Say what the run as a whole is once nothing more can be decided."""
    if state.status.terminal or not state.scopes:
        return
    step = _last_step(state) if state.root.unfinished == 0 else None
    if step is not None and (state.status is not RunStatus.PAUSED or isinstance(step, e.RunFinished)):
        yield step
    elif state.status is RunStatus.PAUSED:
        return
    elif state.active_calls == 0 and state.waiting == 0:
        raise EngineBug("E-BUG-STUCK", "nothing runs, nothing waits, and the run is not done")
    elif state.status is RunStatus.RUNNING and state.active_calls == 0:
        yield e.RunWaiting(e.Reason("timer", "waiting: only timers, events and people are left"))
    elif state.status is RunStatus.WAITING and state.active_calls > 0:
        yield e.RunContinued()


def _last_step(state: RunState) -> e.ScopeOpened | e.RunFinished | None:
    """Say what follows the run's own work: the hooks of its end, `finally`, the end. None: a hook still works."""
    end = end_of_run(state)
    if any(scope.unfinished for path, scope in state.scopes.items() if state.hook_of(path) is not None):
        return None
    for name in (_HOOKS.get(end.status, ""), "finally"):
        if name in state.plan.hooks and name not in state.scopes:
            return e.ScopeOpened(ScopePath(name), None, state.hook_rounds.get(name, 0))
    return end


def end_of_run(state: RunState) -> e.RunFinished:
    """Sum up a run in which every instance of the root scope is terminal."""
    if state.status is RunStatus.CANCELLING:
        reason = state.cancel_reason
        if reason is not None and reason.code == TIMEOUT:
            return e.RunFinished(RunStatus.TIMED_OUT, ErrorInfo(code="E-TIMEOUT", message=reason.text))
        return e.RunFinished(
            RunStatus.CANCELLED, ErrorInfo(code="E-CANCELLED", message=reason.text if reason else "cancelled")
        )
    found = [instance for instance in state.root.instances if instance.fails_its_scope]
    bad = next((instance for instance in found if instance.error), found[0] if found else None)
    if bad is None:
        return e.RunFinished(RunStatus.SUCCEEDED)
    cause = bad.error.message if bad.error else bad.reason.text if bad.reason else bad.status.value
    return e.RunFinished(
        RunStatus.FAILED, ErrorInfo(code="E-TASK", message=f"task {bad.key.address} {bad.status.value}: {cause}")
    )


def why_skipped(instance: Instance) -> e.Reason:
    """Find the sentence: the choice of a condition, else the dependencies."""
    others = instance.scope.instances
    upstream = [others[edge.upstream] for edge in instance.node.dependencies if edge.gate is not Gate.JOIN]
    for other in upstream:
        if other.chose and other.chosen != instance.node.id and other.choice is not None and instance.tally.is_target:
            return other.choice
    for edge in instance.node.dependencies if not instance.tally.taken else ():
        if edge.gate is Gate.SUCCESS or edge.gate is Gate.FAILURE:
            end = "succeed" if edge.gate is Gate.SUCCESS else "fail"
            return e.Reason(edge.gate.value, f"skipped: {others[edge.upstream].node.id} did not {end}")
    rule = instance.node.trigger_rule.value
    skipped = [other.node.id for other in upstream if other.status is TaskStatus.SKIPPED]
    if skipped and len(skipped) == len(upstream):
        return e.Reason("upstream", f"skipped: {', '.join(skipped[:3])} skipped")
    return e.Reason("rule", f"skipped: trigger rule {rule} does not hold")


def failed_before(instance: Instance) -> str:
    """Name the dependency that failed."""
    others = instance.scope.instances
    for edge in instance.node.dependencies:
        other = others[edge.upstream]
        if other.counts_as_failed and edge.gate is not Gate.JOIN:
            return f"{other.key.address} {other.status.value}"
    return "a dependency failed"
