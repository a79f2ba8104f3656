"""From a session to what header, chips and key hints say. Decides what is said, not how it is painted."""

from __future__ import annotations

from collections.abc import Mapping

from engine import Node, TaskRecord

from . import sentences
from .keymap import Place, actions_of, show_key
from .session import Session
from .view_models import RunView
from .widgets.header_bar import HeaderModel
from .widgets.node_ink import Chip

Hints = tuple[list[tuple[str, str, bool]], list[tuple[str, str]]]
"""(key, word, possible now) by importance, and those that are always there."""
_ALWAYS = frozenset({"command_palette", "keys", "step_back"})


def header_of(session: Session, now: float) -> HeaderModel:
    """Say where we are and how the run does."""
    view, run = session.view, session.view.run
    badges: list[tuple[str, str]] = []
    if session.owner_pid is not None:
        badges.append((f"run by process {session.owner_pid}", "state-waiting"))
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


class ChipTexts:
    """Says state, name, and time or counter for every chip; what is over is not said anew."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._view: RunView | None = None
        self._known: dict[str, tuple[TaskRecord | None, Chip]] = {}
        self._nodes: dict[str, Node] = {}

    def chips(self, view: RunView, now: float) -> dict[str, Chip]:
        """Give the chips of all tasks, those inside others included, by path: of a loop, those of one iteration."""
        if view is not self._view:
            self._view, self._known = view, {}
            self._nodes = dict(view.nodes.all())
        for name, node in self._nodes.items():
            record = view.record(view.instance(name))
            known = self._known.get(name)
            if known is None or record is not known[0] or (record is not None and record.finished_at is None):
                self._known[name] = (record, _chip(node, record, now))
        return {name: chip for name, (_, chip) in self._known.items()}


def _chip(node: Node, record: TaskRecord | None, now: float) -> Chip:
    count = sentences.counter(record, node.retry.max_attempts)
    live = record is not None and not record.status.terminal
    tail = count if live and "/" in count else sentences.chip_time(sentences.task_time(record, now))
    return ("pending" if record is None else record.status.value, node.operator, node.id, tail)


def run_hints(session: Session) -> Hints:
    """List the keys of the run screen; what is possible now comes first."""
    live = session.view.live and not session.is_left
    counts = session.view.counts
    possible = {
        "run": not session.cannot_run,
        "resume": not session.cannot_resume,
        "cancel_task": live,
        "cancel_run": live,
        "pause": live,
        "answer": session.view.live and bool(session.view.asking),
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
