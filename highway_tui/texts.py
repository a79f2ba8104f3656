"""From a session to what header, chips and key hints say. Decides what is said, not how it is painted."""

from __future__ import annotations

from collections.abc import Mapping

from . import sentences
from .keymap import Place, actions_of, show_key
from .session import Session
from .view_models import RunView, task_key
from .widgets.dag_view import Chip
from .widgets.header_bar import HeaderModel

Hints = tuple[list[tuple[str, str, bool]], list[tuple[str, str]]]
"""(key, word, possible now) by importance, and those that are always there."""
_ALWAYS = frozenset({"command_palette", "keys", "step_back"})


def header_of(session: Session, now: float) -> HeaderModel:
    """Say where we are and how the run does."""
    view, run = session.view, session.view.run
    badges: list[tuple[str, str]] = []
    if session.owner_pid is not None:
        badges.append((f"read-only: process {session.owner_pid}", "state-waiting"))
    errors = f"{session.errors} error{'s' if session.errors > 1 else ''}" if session.errors else ""
    if text := ", ".join(part for part in ("file changed" if session.changed else "", errors) if part):
        badges.append((text, "state-failed" if errors else "state-waiting"))
    return HeaderModel(
        file=session.name,
        run_id=session.run_id or "",
        status="" if run is None else run.status.value,
        elapsed=sentences.clock_time(sentences.elapsed(run, now)),
        done=view.done,
        total=view.total,
        counts=view.counts,
        badges=tuple(badges),
    )


def chips_of(view: RunView, now: float) -> dict[str, Chip]:
    """Say state, name, and time or counter for every chip of the graph."""
    chips: dict[str, Chip] = {}
    for node in () if view.plan is None else view.plan.root.nodes:
        key = task_key(node.id)
        record = view.record(key)
        count = sentences.counter(record, node.retry.max_attempts)
        live = record is not None and not record.status.terminal
        tail = count if live and "/" in count else sentences.chip_time(sentences.task_time(record, now))
        chips[node.id] = (view.status(key), node.operator, node.id, tail)
    return chips


def run_hints(session: Session) -> Hints:
    """List the keys of the run screen; what is possible now comes first."""
    live = session.view.live and session.owner_pid is None
    counts = session.view.counts
    possible = {
        "run": not session.cannot_run,
        "resume": not session.cannot_resume,
        "cancel_task": live,
        "cancel_run": live,
        "answer": live and bool(session.view.asking),
        "next_failure": bool(counts["failed"] or counts["timed_out"]),
    }
    return _hints("run", possible)


def runs_hints() -> Hints:
    """List the keys of the run list."""
    return _hints("runs", {})


def _hints(place: Place, possible: Mapping[str, bool]) -> Hints:
    wanted = [action for action in (*actions_of(place), *actions_of("app")) if action.hint]
    own = [action for action in wanted if action.name not in _ALWAYS and (place, action.name) != ("runs", "show_runs")]
    own.sort(key=lambda action: not possible.get(action.name, True))
    return (
        [(show_key(action.keys[0]), action.hint, possible.get(action.name, True)) for action in own],
        [(show_key(action.keys[0]), action.hint) for action in wanted if action.name in _ALWAYS],
    )
