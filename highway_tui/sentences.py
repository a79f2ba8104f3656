"""Times, counters and the one sentence that says why a task is in its state. Pure; the text is not cleaned yet."""

from __future__ import annotations

from collections.abc import Sequence

from engine import Plan, RunRecord, TaskKey, TaskRecord

from .states import TASK_LOOKS


def chip_time(seconds: float | None) -> str:
    """Tell a duration in at most five cells: `0.4s`, `59.9s`, `1m03s`, `12m`, `1h02m`, `14h`, `3d04h`; empty for

    None.
    """
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if minutes < 10 else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m" if hours < 10 else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h" if days < 10 else f"{days}d"


def clock_time(seconds: float | None) -> str:
    """Tell how long a run takes as `HH:MM:SS`; dashes for None."""
    if seconds is None:
        return "--:--:--"
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def ago(then: float | None, now: float) -> str:
    """Tell when something was, for a list: `just now`, `5m ago`, `3h ago`, `12d ago`; a dash for None."""
    if then is None:
        return "–"
    seconds = max(0, int(now - then))
    if seconds < 10:
        return "just now"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"


def elapsed(record: TaskRecord | RunRecord | None, now: float) -> float | None:
    """Seconds since the start, up to the end where there is one; None before the start."""
    if record is None or record.started_at is None:
        return None
    return (now if record.finished_at is None else record.finished_at) - record.started_at


def task_time(record: TaskRecord | None, now: float) -> float | None:
    """Seconds a list shows for a task: what is left of a wait or retry delay, else its elapsed time."""
    if record is None:
        return None
    if record.status.value in {"waiting", "retry_wait"} and record.until is not None:
        return max(0.0, record.until - now)
    if record.finished_at is None and record.status.value in {"pending", "queued", "interrupted"}:
        return None
    return elapsed(record, now)


def counter(record: TaskRecord | None, plan_attempts: int = 1) -> str:
    """Tell progress: `2/3` children of an operator, `↻ 2/3` attempts of a call; empty where there is none."""
    if record is None:
        return ""
    if record.children_total is not None:
        return f"{record.children_done}/{record.children_total}"
    if record.children_done:
        return f"#{record.children_done}"
    if record.attempts > 1 or record.status.value == "retry_wait":
        return f"↻ {record.attempts}/{plan_attempts}" if plan_attempts > 1 else f"↻ {record.attempts}"
    return ""


def max_attempts(plan: Plan | None, key: TaskKey) -> int:
    """How often a task of the workflow itself may be tried; 1 where it is unknown."""
    place = None if plan is None or key.scope else plan.root.index.get(key.task)
    return 1 if plan is None or place is None else plan.root.nodes[place].retry.max_attempts


def why(record: TaskRecord | None) -> str:
    """Tell the short cause for a list: the error's message, else the reason; empty for healthy tasks."""
    if record is None or record.status.value in {"succeeded", "running"}:
        return ""
    if record.error is not None and record.status.value not in {"cancelled", "queued"}:
        return record.error.message
    if record.reason is None:
        return ""
    word = TASK_LOOKS[record.status.value].word
    return record.reason.text.removeprefix(f"{word}: ").removeprefix(f"{record.status.value}: ")


def sentence(record: TaskRecord | None, upstream: Sequence[str], now: float) -> str:
    """Say why a task is in its state, without its name. `upstream` names the dependencies that are not over yet."""
    if record is None or (record.status.value == "pending" and record.reason is None):
        if not upstream:
            return "pending"
        return f"pending: waits for {_listed(upstream)}"
    word = TASK_LOOKS[record.status.value].word
    took = chip_time(elapsed(record, now))
    tries = f", attempt {record.attempts}" if record.attempts > 1 else ""
    if record.status.value == "running":
        if record.children_total is not None:
            return f"running for {took}: {record.children_done} of {record.children_total} done"
        return f"running for {took}{tries}"
    if record.status.value in {"succeeded", "reused"}:
        return f"{word} in {took}{tries}" if took else word
    if record.status.value in {"waiting", "retry_wait"} and record.until is not None:
        said = why(record)
        reason = f": {said}" if said and not said.startswith(word) else ""
        return f"{word}, {chip_time(max(0.0, record.until - now))} left{reason}"
    after = f" after {took}" if took and record.status.terminal else ""
    many = f" and {record.attempts} attempts" if after and record.attempts > 1 else ""
    cause = why(record)
    if not after and cause.startswith(word):
        return cause
    code = f" [{record.error.code}]" if record.error is not None and cause == record.error.message else ""
    return f"{word}{after}{many}" + (f": {cause}{code}" if cause else "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
