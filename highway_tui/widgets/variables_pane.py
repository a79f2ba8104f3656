"""Memory, variables, params and results: name, value, and who set it."""

from __future__ import annotations

from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment

from .. import cells
from ..view_models import NameRow
from .text_pane import Line, TextPane

_TITLES = {"memory": "memory", "variable": "variables", "param": "params", "result": "results"}


class VariablesPane(TextPane):
    """Shows the names that expressions can use."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._shown: list[NameRow] | None = None

    def show(self, names: list[NameRow]) -> None:
        """Take the (changed) names."""
        if names != self._shown:
            self._shown = names
            self.repaint()

    def repaint(self) -> None:
        """Make the lines again: new names, width or theme."""
        names = self._shown or []
        if not names:
            self.set_lines([[Segment(" nothing is set yet", self.ink("hw-dim"))]])
            return
        width = self.scrollable_content_region.width
        label = min(max(cell_len(_label(name)) for name in names), max(10, width * 5 // 9))
        lines: list[Line] = []
        for kind, group in groupby(names, key=lambda name: name.kind):
            lines.append([Segment(f" {_TITLES.get(kind, kind)}", self.ink("primary", bold=True))])
            lines += [self._line(name, label, width) for name in group]
        self.set_lines(lines)

    def on_resize(self) -> None:
        """Fit the columns."""
        self.repaint()

    def _line(self, name: NameRow, label: int, width: int) -> Line:
        value = cells.clean(name.value) or ("" if name.size is None else f"({name.size} bytes)")
        line = [
            Segment("  " + cells.fit(cells.shorten(cells.clean(_label(name)), label), label), self.ink("accent")),
            Segment("  "),
        ]
        room = width - label - 5
        by = f"by {cells.clean(name.set_by)}" if name.set_by else ""
        if by and room - cell_len(by) >= 24:
            line.append(Segment(cells.fit(value, room - cell_len(by) - 1) + " ", self.ink("foreground")))
            line.append(Segment(by, self.ink("hw-dim")))
        else:
            line.append(Segment(cells.fit(value, max(1, room)), self.ink("foreground")))
        return line


def _label(name: NameRow) -> str:
    return f"{name.scope}/{name.name}" if name.scope else name.name
