"""The bulkheads: load, circuit, rejected calls, and under each who waits and why its circuit is as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import BindingType
from textual.message import Message

from .. import cells
from ..bulkheads import BulkheadRow, listed
from ..keymap import Place, bindings_of
from .line_list import LineList

_CIRCUIT = 9
_TOKENS = {"closed": "state-succeeded", "half-open": "state-waiting"}


class ResourcesPane(LineList):
    """Shows bulkheads; the cursor stands on their first lines only."""

    PLACES: ClassVar[tuple[Place, ...]] = ("bulkheads", "list")
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("bulkheads")
    """Besides those of every list."""

    class Wanted(Message):
        """A person wants to change a bulkhead."""

        def __init__(self, what: str, row: BulkheadRow) -> None:
            """`what` is an action's name."""
            self.what = what
            self.row = row
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._rows: Sequence[BulkheadRow] = ()
        self._lines: list[tuple[BulkheadRow, str]] = []
        """A row, and what its line is: `head`, `waits` or `note`."""

    @property
    def selected(self) -> BulkheadRow | None:
        """The bulkhead under the cursor; None in an empty list."""
        return self._lines[self.cursor][0] if self._lines else None

    def show(self, rows: Sequence[BulkheadRow]) -> None:
        """Take (changed) bulkheads; the cursor stays on its own."""
        if rows == self._rows:
            return
        name = None if self.selected is None else self.selected.name
        self._rows = rows
        self._lines = [line for row in rows for line in _lines(row)]
        self.set_length(len(self._lines))
        place = next((index for index, (row, kind) in enumerate(self._lines) if kind == "head" and row.name == name), 0)
        super().move_to(place)

    def move_to(self, index: int, *, by_person: bool = False) -> None:
        """Put the cursor on a bulkhead: the next one in the direction of the move."""
        heads = [place for place, (_, kind) in enumerate(self._lines) if kind == "head"]
        if index > self.cursor:
            index = next((place for place in heads if place >= index), heads[-1] if heads else 0)
        else:
            index = next((place for place in reversed(heads) if place <= index), 0)
        super().move_to(index, by_person=by_person)

    def paint(self, index: int, width: int) -> list[Segment]:
        row, kind = self._lines[index]
        if kind == "waits":
            return self._more("waits ", listed([cells.clean(name) for name in row.waiting], row.queued, width - 9))
        if kind == "note":
            return self._more("", cells.clean(row.note))
        load = max(cell_len(row.load) for row in self._rows)
        circuits = any(row.circuit for row in self._rows)
        rejected = 12 if any(row.rejected for row in self._rows) else 0
        free = width - 1 - (load + 2) - (_CIRCUIT + 2 if circuits else 0) - rejected
        name = max(6, min(max(cell_len(cells.clean(row.name)) for row in self._rows), free))
        full = row.limit is not None and row.in_use >= row.limit
        mark = "▸" if index == self.cursor else " "
        segments = [
            Segment(mark, self.ink("primary", bold=True)),
            Segment(cells.fit(cells.clean(row.name), name), self.ink("foreground", bold=index == self.cursor)),
            Segment(f" {row.load:<{load}} ", self.ink("state-waiting" if full else "state-running")),
        ]
        if circuits:
            opened = row.circuit.startswith("OPEN")
            token = "state-failed" if opened else _TOKENS.get(row.circuit, "hw-dim")
            segments.append(Segment(f" {row.circuit:<{_CIRCUIT}} ", self.ink(token, bold=opened)))
        if row.rejected:
            segments.append(Segment(f" {row.rejected} rejected", self.ink("state-failed")))
        return segments

    def _more(self, label: str, text: str) -> list[Segment]:
        return [Segment(f"   {label}", self.ink("hw-dim")), Segment(text, self.ink("hw-dim"))]

    def action_force_open(self) -> None:
        self._want("force_open")

    def action_reset_circuit(self) -> None:
        self._want("reset_circuit")

    def action_set_limit(self) -> None:
        self._want("set_limit")

    def _want(self, what: str) -> None:
        if self.selected is not None:
            self.post_message(self.Wanted(what, self.selected))


def _lines(row: BulkheadRow) -> list[tuple[BulkheadRow, str]]:
    lines = [(row, "head")]
    if row.waiting:
        lines.append((row, "waits"))
    if row.note:
        lines.append((row, "note"))
    return lines
