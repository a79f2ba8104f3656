"""The task list: one row per instance, iterations indented under their loop.
Columns depend on the width only, so nothing jumps.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment

from engine import TaskKey

from .. import cells, sentences
from ..view_models import Row, RunView
from .line_list import LineList


class _Columns(NamedTuple):
    """Widths in cells; 0 leaves a column out."""

    name: int
    operator: int
    cause: int


_COUNTER = 7
_TIME = 6


class TaskList(LineList):
    """Shows a RunView."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start without a run."""
        super().__init__(id=id)
        self._view = RunView()
        self._rows: tuple[Row, ...] = ()
        self._label_width = 12
        self.now = 0.0
        """Unix seconds that running times are measured to."""
        self.frame: int | None = None
        """Frame of the spinner; None keeps it still."""

    @property
    def selected(self) -> TaskKey | None:
        """The task under the cursor; None in an empty list."""
        return self._rows[self.cursor].key if self._rows else None

    def show(self, view: RunView) -> None:
        """Take a (changed) view; the cursor stays on its task."""
        key = self.selected
        if view is not self._view:
            self._label_width = 12
        self._view = view
        if view.rows is not self._rows:
            self._rows = view.rows
            widths = (cell_len(row.prefix) + cell_len(row.key.task) + 2 * row.depth for row in self._rows)
            self._label_width = max(self._label_width, max(widths, default=0))
            self.set_length(len(self._rows))
            if key is not None:
                self.select(key)
        self.refresh()

    def has(self, key: TaskKey) -> bool:
        """Say whether a task has a row."""
        return any(row.key == key for row in self._rows)

    def select(self, key: TaskKey) -> None:
        """Put the cursor on a task; nothing happens while it has no row."""
        for index, row in enumerate(self._rows):
            if row.key == key and not row.fold:
                self.move_to(index)
                return

    def tick(self, now: float, frame: int | None) -> None:
        """Advance the clock: only rows that live are painted again."""
        self.now, self.frame = now, frame
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        for index in range(top, min(len(self._rows), top + height)):
            if self._view.status(self._rows[index].key) in {"running", "waiting", "retry_wait"}:
                self.refresh_line(index)

    def paint(self, index: int, width: int) -> list[Segment]:
        row = self._rows[index]
        mark = "▸" if index == self.cursor else " "
        lead = Segment(mark + "  " * row.depth, self.ink("primary", bold=True))
        if row.fold:
            return [lead, *self._fold(row.key)]
        record, status = self._view.record(row.key), self._view.status(row.key)
        columns = self._columns(width)
        operator = self._view.operator(row.key)
        look = self.task_ink(status)
        quiet = status in {"pending", "skipped", "upstream_failed"}
        label_width = columns.name - 2 * row.depth - len(row.prefix)
        label = cells.fit(cells.shorten(cells.clean(row.key.task), label_width), label_width)
        count = sentences.counter(record, sentences.max_attempts(self._view.plan, row.key))
        sign = " ".join(part for part in (self.glyphs.operator(operator), count) if part)
        dim = self.ink("hw-dim")
        segments = [
            lead,
            Segment(self.glyphs.task(status, self.frame) + " ", look),
            Segment(row.prefix, dim),
            Segment(label, dim if quiet else self.ink("foreground", bold=index == self.cursor)),
            Segment(" " + cells.fit(sign, _COUNTER), dim),
        ]
        if columns.operator:
            segments.append(Segment(" " + cells.fit(operator, columns.operator), dim))
        time = sentences.chip_time(sentences.task_time(record, self.now))
        segments.append(Segment(cells.right(time, _TIME) + " ", look if status in _TIMED else dim))
        if columns.cause:
            segments.append(Segment(cells.fit(" " + cells.clean(sentences.why(record)), columns.cause), look))
        return segments

    def _fold(self, key: TaskKey) -> list[Segment]:
        counted = self._view.iterations(key)
        if counted is None:
            return []
        parts = (("succeeded", counted.done), ("failed", counted.failed), ("running", counted.live))
        segments = [Segment("… ", self.ink("hw-dim"))]
        segments += [
            Segment(f"{number}{self.glyphs.task(status)} ", self.task_ink(status)) for status, number in parts if number
        ]
        return [*segments, Segment("iterations", self.ink("hw-dim"))]

    def _columns(self, width: int) -> _Columns:
        free = width - 3 - (_COUNTER + 1) - (_TIME + 1)
        operator = 9 if free >= 40 else 0
        free -= operator + 1 if operator else 0
        name = min(self._label_width, free)
        cause = free - name
        return _Columns(name, operator, cause) if cause >= 12 else _Columns(free, operator, 0)


_TIMED = frozenset({"running", "waiting", "retry_wait", "failed", "timed_out"})
"""States whose time stands in their own colour."""
