"""All runs, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment

from engine import RunRecord

from .. import cells, sentences
from ..states import RUN_LOOKS
from .header_bar import short_id
from .line_list import LineList


class RunList(LineList):
    """Shows run records."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._runs: tuple[RunRecord, ...] = ()
        self._now = 0.0
        self._last: list[tuple[str, ...]] = []
        self.empty = "reading the list of runs …"

    @property
    def selected(self) -> RunRecord | None:
        """The run under the cursor; None in an empty list."""
        return self._runs[self.cursor] if self._runs else None

    def show(self, runs: Sequence[RunRecord], now: float) -> None:
        """Take the (changed) list; the cursor stays on its run."""
        chosen = self.selected
        self._runs, self._now = tuple(runs), now
        before, self._last = self._last, self._seen()
        if before == self._last:
            return
        self.set_length(max(1, len(self._runs)))
        if chosen is not None:
            place = next((place for place, run in enumerate(self._runs) if run.id == chosen.id), None)
            if place is not None:
                self.move_to(place)

    def _seen(self) -> list[tuple[str, ...]]:
        """Tell all that a person sees of the list."""
        return [
            (
                *(run.id, run.status.value, run.name, f"{run.done}/{run.total}"),
                sentences.ago(run.started_at or run.created_at, self._now),
                sentences.chip_time(sentences.elapsed(run, self._now)),
            )
            for run in self._runs
        ] or [(self.empty,)]

    def paint(self, index: int, width: int) -> list[Segment]:
        dim = self.ink("hw-dim")
        if not self._runs:
            return [Segment(f"  {cells.clean(self.empty)}", dim)]
        run = self._runs[index]
        look = self.run_ink(run.status.value)
        ids = max(cell_len(short_id(run.id)) for run in self._runs)
        fixed = 1 + 2 + 13 + ids + 2 + 10 + 8 + 9
        name = max(8, width - fixed)
        progress = f"{run.done}/{run.total}" if run.total else ""
        return [
            Segment("▸" if index == self.cursor else " ", self.ink("primary", bold=True)),
            Segment(f"{self.glyphs.run(run.status.value)} ", look),
            Segment(cells.fit(RUN_LOOKS[run.status.value].word, 13), look),
            Segment(f"{cells.fit(short_id(run.id), ids)}  ", dim),
            Segment(cells.fit(cells.shorten(cells.clean(run.name), name - 1), name), self.ink("foreground")),
            Segment(cells.right(sentences.ago(run.started_at or run.created_at, self._now), 9) + " ", dim),
            Segment(cells.right(sentences.chip_time(sentences.elapsed(run, self._now)), 7) + " ", dim),
            Segment(cells.right(progress, 8) + " ", dim),
        ]
