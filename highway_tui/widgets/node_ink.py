"""Paints the nodes of a drawing: chips, boxes and frames, each with its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from .. import cells
from .ink import Ink

if TYPE_CHECKING:
    from ..dag.drawing import Box, Drawing, Frame  # the layout core is imported with the first drawing
    from ..dag.glyphs import Glyphs

Chip = tuple[str, str, str, str]
"""What a node says: status word, operator, name, and text at its right end (time or counter)."""
_TAIL: Final = 6


class NodeInk(Ink):
    """What a widget that shows a drawing knows of its nodes."""

    chips: Mapping[str, Chip] = {}
    """By id."""
    selected: str | None = None
    frame: int | None = None
    """Of the spinners; None where they stand still."""
    dimmed = False
    """True while the drawing shows an older state of the file."""

    def chip(self, node: str, box: Box, line: int) -> list[Segment]:
        """Paint one row of a chip, its first is 0."""
        status, operator, name, tail = self.chips.get(node, ("pending", "task", node, ""))
        selected = node == self.selected
        quiet = status in {"pending", "skipped", "upstream_failed"}
        back = "hw-cursor" if selected else "panel"
        dim = self.ink("hw-dim", back=back)
        look = dim if self.dimmed else self.task_ink(status, back=back)
        plain = dim if self.dimmed or (quiet and not selected) else self.ink("foreground", bold=selected, back=back)
        if box.height == 3 and line != 1:
            return self._border(box, top=line == 0, style=self._border_ink(status, selected=selected))
        sign = self.glyphs.operator(operator)
        mark = sign if sign and status == "pending" else self.glyphs.task(status, self.frame)
        lead = mark + (f" {sign} " if sign and status != "pending" else " ")
        if box.height == 3:
            edge = self._border_ink(status, selected=selected)
            sides = (Segment("│", edge), Segment("│", edge))
        else:
            marks = ("▸", "◂") if selected else ("[", "]") if self.app.no_color else (" ", " ")
            sides = (Segment(marks[0], plain), Segment(marks[1], plain))
        room = box.width - 2 - cell_len(lead)
        tail_width = max(_TAIL, cell_len(tail) + 1) if room >= 14 else (cell_len(tail) + 1 if tail else 0)
        text = cells.fit(cells.shorten(name, room - tail_width), room - tail_width)
        return [
            sides[0],
            Segment(lead, look),
            Segment(text, plain),
            Segment(cells.right(tail, tail_width), look),
            sides[1],
        ]

    def _border(self, box: Box, *, top: bool, style: Style) -> list[Segment]:
        left, right = ("╭", "╮") if top else ("╰", "╯")
        if self.glyphs.ascii:
            left = right = "+"
        return [Segment(left + "─" * (box.width - 2) + right, style)]

    def _border_ink(self, status: str, *, selected: bool) -> Style:
        if self.dimmed:
            return self.ink("hw-edge")
        if selected:
            return self.ink("primary", bold=True)
        return self.ink("hw-edge") if status in {"pending", "skipped", "upstream_failed"} else self.task_ink(status)

    def frame_cells(self, drawing: Drawing, node: str, held: Frame, row: int) -> list[tuple[int, list[Segment]]]:
        """List what a frame puts into a row: its title, its lower border, or its sides and titles of columns."""
        from ..dag.chips import fit, frame_bottom

        box, look = held.box, look_of(self.glyphs.ascii)
        status = self.chips.get(node, ("pending", "", node, ""))[0]
        edge = self._border_ink(status, selected=node == self.selected)
        if row == box.y:
            return [(box.x, self._frame_title(node, box.width, edge))]
        if row == held.bottom:
            return [(box.x, [Segment(frame_bottom(box, drawing.ports[node][1], look), edge)])]
        cells_of_row = [(x, [Segment(look.frame.side, edge)]) for x in (box.x, box.x + box.width - 1)]
        if held.titled and row == box.y + 1:
            dim = self.ink("hw-dim")
            cells_of_row += [(column.x, [Segment(fit(column.title, column.width), dim)]) for column in held.columns]
        return cells_of_row

    def _frame_title(self, node: str, width: int, edge: Style) -> list[Segment]:
        from ..dag.chips import frame_title

        status, operator, name, tail = self.chips.get(node, ("pending", "", node, ""))
        selected = node == self.selected
        sign, mark = self.glyphs.operator(operator), self.glyphs.task(status, self.frame)
        look = self.ink("hw-dim") if self.dimmed else self.task_ink(status)
        title = frame_title(f"{sign} {name}", f"{mark} {tail}".rstrip(), width, look_of(self.glyphs.ascii))
        text = f"{sign} {name}"
        if not title[2:].startswith(text):
            return [Segment(title, look if selected else edge)]
        end = title.rstrip("┐+").rfind(mark)
        plain = self.ink("foreground", bold=True, back="hw-cursor" if selected else "")
        return [
            Segment(title[:2], edge),
            Segment(text, plain),
            Segment(title[2 + len(text) : end], edge),
            Segment(title[end:-1], look),
            Segment(title[-1], edge),
        ]


def look_of(ascii_only: bool) -> Glyphs:
    """Give the characters of lines."""
    from ..dag.glyphs import ASCII, UNICODE

    return ASCII if ascii_only else UNICODE
