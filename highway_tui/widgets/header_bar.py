"""The header of a run: where we are, how the run does, and what needs attention.
Its parts keep their places while a run lives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

from .. import cells
from ..states import RUN_LOOKS, TASK_LOOKS
from .bar import Bar


class HeaderModel(NamedTuple):
    """What the header says."""

    file: str
    run_id: str
    """Empty before there is a run."""
    status: str
    """Word of the run's status; empty before there is a run."""
    elapsed: str
    done: int
    total: int
    counts: Mapping[str, int]
    badges: tuple[tuple[str, str], ...]
    """(text, colour) at the right end."""


class HeaderBar(Bar):
    """Shows a HeaderModel."""

    def show(self, model: HeaderModel, frame: int | None = None) -> None:
        """Take the (changed) model; the least important parts go first where there is no room."""
        width = self.size.width
        badges = [
            part
            for text, color in model.badges
            for part in (Segment(f" {text} ", self.ink(color, bold=True)), Segment(" "))
        ]
        room = width - sum(segment.cell_length for segment in badges)
        state = self._state(model, frame)
        counts = self._counts(model)
        needed = sum(segment.cell_length for segment in state)
        crumbs = self._crumbs(model, max(14, room - needed - sum(segment.cell_length for segment in counts)))
        used = needed + sum(segment.cell_length for segment in crumbs)
        for count in counts:
            if used + count.cell_length <= room:
                state.append(count)
                used += count.cell_length
        self.set([*crumbs, *state], badges)

    def _crumbs(self, model: HeaderModel, room: int) -> list[Segment]:
        run = f" › run {short_id(model.run_id)}" if model.run_id else ""
        name = cells.shorten(cells.clean(model.file), max(8, room - cell_len(run) - 1))
        return [
            Segment(f" {name}", self.ink("foreground", bold=True)),
            Segment(run, self.ink("hw-dim")),
        ]

    def _state(self, model: HeaderModel, frame: int | None) -> list[Segment]:
        if not model.status:
            return [Segment("  not started", self.ink("hw-dim"))]
        look = self.run_ink(model.status)
        dim = self.ink("foreground")
        return [
            Segment(f"  {self.glyphs.run(model.status, frame)} {RUN_LOOKS[model.status].word.upper()}", look),
            Segment(f" {model.elapsed}", dim),
            Segment(f"  {model.done}/{model.total} ", dim),
        ]

    def _counts(self, model: HeaderModel) -> list[Segment]:
        shown = [status for status in TASK_LOOKS if status != "pending" and model.counts.get(status)]
        shown.sort(key=lambda status: _ORDER.index(status) if status in _ORDER else len(_ORDER))
        numbers: dict[str, tuple[int, str]] = {}  # states that look the same are one number
        for status in shown:
            glyph = self.glyphs.task(status)
            number, first = numbers.get(glyph, (0, status))
            numbers[glyph] = (number + model.counts[status], first)
        return [Segment(f" {glyph}{number}", self.task_ink(status)) for glyph, (number, status) in numbers.items()]


_ORDER = ("failed", "timed_out", "running", "succeeded", "skipped", "waiting", "retry_wait", "queued")


def short_id(run_id: str) -> str:
    """Give as much of a run's id as a person needs."""
    return run_id if len(run_id) <= 12 else run_id[:8]
