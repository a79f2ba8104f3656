"""Tasks that can never run, whatever happens: behind a constant condition, or behind both ways of one at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .graphs import order, successors
from .models import Condition
from .plan import Gate

if TYPE_CHECKING:
    from .context import Context
    from .scopes import Scope

_CONSTANTS = {"true": True, "false": False}


def check_reachability(context: Context) -> None:
    """Warn of tasks that no run can reach."""
    if context.cyclic:
        return
    for scope in context.root.walk():
        for position, reason in _unreachable(scope).items():
            item = scope.items[position]
            context.add("W-UNREACHABLE", f"`{item.id}` can never run: {reason}", item.name_spot)


def _unreachable(scope: Scope) -> dict[int, str]:
    """Return every task that can never run with the reason; switched off ones (`when: false`) only as a reason."""
    never: dict[int, str] = {}
    off = {position for position, item in enumerate(scope.items) if _constant(item.operator.when) is False}
    for vertex in order(successors(scope)):
        position = vertex // 2
        if vertex % 2:
            continue
        reason = (
            _not_taken(scope, position) or _both_ways(scope, position) or _behind(scope, position, off | never.keys())
        )
        if reason is not None and position not in off:
            never[position] = reason
    return never


def _constant(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return _CONSTANTS.get(value.strip().lower()) if isinstance(value, str) else None


def _not_taken(scope: Scope, position: int) -> str | None:
    """Say which constant conditions never take a target."""
    if any(edge.gate in (Gate.SUCCESS, Gate.FAILURE) for edge in scope.edges[position]):
        return None
    namers = [edge.upstream for edge in scope.edges[position] if edge.gate is Gate.TARGET]
    for upstream in namers:
        operator = scope.items[upstream].operator
        value = _constant(operator.condition) if isinstance(operator, Condition) else None
        task_id = scope.items[position].id
        taken = (
            None
            if value is None or not isinstance(operator, Condition)
            else (operator.if_true if value else operator.if_false)
        )
        if value is None or taken == task_id:
            return None
    return f"`{scope.items[namers[0]].id}` is always decided the other way" if namers else None


def _both_ways(scope: Scope, position: int) -> str | None:
    """Say which condition has both its targets among the dependencies of a task that allows no skipped one."""
    if scope.items[position].operator.trigger_rule != "none_skipped":
        return None
    behind = {edge.upstream for edge in scope.edges[position] if edge.gate is Gate.DONE}
    by_condition: dict[int, set[int]] = {}
    for upstream in behind:
        namers = [edge.upstream for edge in scope.edges[upstream] if edge.gate is Gate.TARGET]
        if len(namers) == 1:
            by_condition.setdefault(namers[0], set()).add(upstream)
    for condition, ways in by_condition.items():
        if len(ways) > 1 and isinstance(scope.items[condition].operator, Condition):
            return f"it needs both ways of `{scope.items[condition].id}`"
    return None


def _behind(scope: Scope, position: int, never: set[int]) -> str | None:
    """Say that nothing a task depends on can run, where its rule needs one that did."""
    edges = scope.edges[position]
    rule = scope.items[position].operator.trigger_rule
    blocked = [edge.upstream for edge in edges if edge.upstream in never]
    if not blocked or rule in ("all_done", "always", "one_done", "none_failed"):
        return None
    if len(blocked) == len(edges) or rule == "none_skipped":
        return f"it waits for `{scope.items[blocked[0]].id}`, which never runs"
    return None
