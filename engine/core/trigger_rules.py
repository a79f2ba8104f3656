"""When a task may start: the tally of its dependencies against its trigger rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ..definition.plan import TriggerRule

TOLERANT = frozenset({TriggerRule.ALL_DONE, TriggerRule.ALWAYS, TriggerRule.ONE_FAILED, TriggerRule.ALL_FAILED})
"""Rules that still start after fail-fast has stopped everything else."""

_EARLY = {
    TriggerRule.ONE_SUCCESS: lambda tally: tally.ok > 0,
    TriggerRule.ONE_FAILED: lambda tally: tally.failed + tally.cancelled > 0,
    TriggerRule.ONE_DONE: lambda tally: tally.ok + tally.skipped + tally.failed + tally.cancelled > 0,
}


class Verdict(Enum):
    """What a rule says."""

    UNDECIDED = auto()
    RUN = auto()
    SKIP = auto()
    UPSTREAM_FAILED = auto()
    CANCELLED = auto()


@dataclass(slots=True)
class Tally:
    """How the dependencies of one instance ended so far. Owned by the instance."""

    unresolved: int = 0
    ok: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0
    choosers: int = 0
    """Conditions that name the instance as a target and have not chosen yet."""
    taken: int = 0
    """Conditions that chose it."""
    broken: int = 0
    """Conditions that failed before they could choose, `cancelled` ones included."""
    withdrawn: int = 0
    """Conditions that were cancelled before they could choose."""
    is_target: bool = False
    joined: Tally | None = None
    """Join: how its `join_tasks` ended; None where it has none."""


def judge(rule: TriggerRule, tally: Tally) -> Verdict:
    """Decide by rule; a target that no condition took is never run, whatever the rule."""
    if tally.is_target and not tally.taken:
        if tally.choosers:
            return Verdict.UNDECIDED
        return _without_choice(tally)
    early = _EARLY.get(rule)
    if early is not None and early(tally):
        return Verdict.RUN
    if tally.unresolved:
        return Verdict.UNDECIDED
    return _judge_complete(rule, tally)


def judge_join(mode: str, joined: Tally | None) -> bool | None:
    """Say whether a join succeeds, by its mode; None: not decided yet."""
    if joined is None:
        return True
    failures = joined.failed + joined.cancelled
    ended = joined.ok + joined.skipped + failures
    if (mode == "any_of" and ended) or (mode == "one_success" and joined.ok):
        return True
    if joined.unresolved:
        return None
    return bool(joined.ok) if mode == "one_success" else mode == "all_of" or not failures


def _judge_complete(rule: TriggerRule, tally: Tally) -> Verdict:
    """Decide when every dependency is terminal."""
    failures = tally.failed + tally.cancelled
    total = tally.ok + tally.skipped + failures
    if total == 0 or rule in {TriggerRule.ALL_DONE, TriggerRule.ALWAYS}:
        return Verdict.RUN
    if rule in _EARLY:
        return Verdict.SKIP
    if rule is TriggerRule.ALL_FAILED:
        return Verdict.RUN if failures == total else Verdict.SKIP
    if failures:
        return Verdict.UPSTREAM_FAILED if tally.failed else Verdict.CANCELLED
    if rule is TriggerRule.NONE_FAILED:
        return Verdict.RUN
    if rule is TriggerRule.NONE_SKIPPED:
        return Verdict.SKIP if tally.skipped else Verdict.RUN
    return Verdict.RUN if tally.ok else Verdict.SKIP


def _without_choice(tally: Tally) -> Verdict:
    """Judge a target that no condition took by its conditions alone: what else it waits for may still be running."""
    if tally.broken > tally.withdrawn:
        return Verdict.UPSTREAM_FAILED
    return Verdict.CANCELLED if tally.withdrawn else Verdict.SKIP
