"""The graph: paints a finished drawing and fills its chips with live state.
A state change repaints cells, it never moves any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..keymap import Place, bindings_of
from .node_ink import Chip, NodeInk, look_of

if TYPE_CHECKING:
    from ..dag.drawing import Box, Drawing  # the layout core is imported with the first drawing

_MANY: Final = 12
"""More changed chips in sight than this are painted as one rectangle."""
_Direction = Literal["up", "down", "left", "right"]


class DagView(ScrollView, NodeInk, can_focus=True, inherit_bindings=False):
    """Shows one drawing; what its chips say is given by node id."""

    PLACES: ClassVar[tuple[Place, ...]] = ("graph",)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("graph")

    class Picked(Message):
        """A person went to a node."""

        def __init__(self, node: str, *, twice: bool = False) -> None:
            """`twice` is True for a double click."""
            self.node = node
            self.twice = twice
            super().__init__()

    class Folded(Message):
        """A person wants an operator folded or opened."""

        def __init__(self, node: str | None) -> None:
            """None means all of them."""
            self.node = node
            super().__init__()

    class Resized(Message):
        """The pane has another size."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start without a drawing."""
        super().__init__(id=id)
        self._drawing: Drawing | None = None
        self._lines: tuple[str, ...] = ()
        self._wires: dict[int, str] = {}
        self._rows: dict[int, Strip] = {}
        self._offset = 0

    # --- what is shown -----------------------------------------------------------------------------------------

    @property
    def drawn(self) -> bool:
        """True while there is a drawing."""
        return self._drawing is not None

    def has(self, node: str) -> bool:
        """Say whether the drawing has a node of its own for it."""
        return self._drawing is not None and node in self._drawing.nodes

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Take another drawing; the selected node stays selected, and where it is on the screen, if it still exists."""
        before = None if self._drawing is None else self._place()
        self._drawing = drawing
        self._rows.clear()
        self._lines = () if drawing is None else tuple(drawing.rows(look_of(self.glyphs.ascii)))
        if drawing is None or self.selected not in drawing.nodes:
            self.selected = None
        self._color_wires()
        self._fit()
        after = self._place()
        if before is not None and after is not None:
            self.scroll_to(after[0] - before[0], after[1] - before[1], animate=False, force=True)

    def _place(self) -> tuple[int, int] | None:
        """Where the selected node is in sight; None where it is not."""
        box = None if self._drawing is None or self.selected is None else self._drawing.nodes.get(self.selected)
        if box is None:
            return None
        return box.x + self._offset - self.scroll_offset.x, box.y - self.scroll_offset.y

    def show_chips(self, chips: Mapping[str, Chip]) -> None:
        """Take what the chips say now; only rows with a changed chip are painted again."""
        before, self.chips = self.chips, chips
        if self._drawing is None:
            return
        changed: list[Box] = []
        states_changed = False
        for node, box in self._drawing.nodes.items():
            old, new = before.get(node), chips.get(node)
            if old != new:
                changed.append(self._title(node, box))
                states_changed = states_changed or old is None or new is None or old[0] != new[0]
        self._repaint_all(changed)
        if states_changed:
            self._color_wires()

    def _title(self, node: str, box: Box) -> Box:
        """What a state changes of a node: its chip, or the title of its frame."""
        return box._replace(height=1) if self._drawing is not None and node in self._drawing.frames else box

    def _repaint_all(self, boxes: Sequence[Box]) -> None:
        """Paint changed chips again; many at once are one rectangle, for each asks the compositor anew."""
        top = self.scroll_offset.y
        bottom = top + self.size.height
        for box in boxes:
            for y in range(box.y, box.y + box.height):
                self._rows.pop(y, None)
        seen = [box for box in boxes if box.y + box.height > top and box.y < bottom]
        if len(seen) > _MANY:
            self.refresh()
        else:
            for box in seen:
                self._refresh_box(box)

    def dim(self, dimmed: bool) -> None:
        """Show the drawing as out of date, or as current."""
        if dimmed != self.dimmed:
            self.dimmed = dimmed
            self.repaint()

    def tick(self, frame: int | None) -> None:
        """Turn the spinners."""
        self.frame = frame
        if self._drawing is None:
            return
        top = self.scroll_offset.y
        for row in range(top, top + self.size.height):
            for _, node in self._drawing.nodes_in(row):
                if self.chips.get(node, ("",))[0] == "running":
                    self._repaint(self._drawing.nodes[node])
        for node, held in self._drawing.frames.items():
            if self.chips.get(node, ("",))[0] == "running":
                self._repaint(self._title(node, held.box))

    def select(self, node: str | None) -> None:
        """Select a node and scroll as little as needed to show it."""
        drawing = self._drawing
        if node == self.selected or drawing is None:
            return
        for name in (self.selected, node):
            if name is not None and name in drawing.nodes:
                self._repaint(drawing.nodes[name])
        self.selected = node if node in drawing.nodes else None
        self._show_selected()

    def repaint(self) -> None:
        """Paint everything again: another theme."""
        self._rows.clear()
        self.refresh()

    def _show_selected(self) -> None:
        if self._drawing is None or self.selected is None or not self.size:
            return
        box = self._drawing.nodes[self.selected]
        space = 0 if self._drawing.height <= self.size.height else 2
        region = Region(box.x + self._offset, box.y, box.width, box.height).grow((space, 2, space, 2))
        self.scroll_to_region(region, animate=False, force=True)

    def _fit(self) -> None:
        drawing = self._drawing
        self._rows.clear()
        width = self.scrollable_content_region.width
        self._offset = 0 if drawing is None else max(0, (width - drawing.width) // 2)
        self.virtual_size = Size(0, 0) if drawing is None else Size(drawing.width, drawing.height)
        self.refresh()
        self._show_selected()

    def on_resize(self) -> None:
        """Centre the drawing again; another one may fit better."""
        self._fit()
        self.post_message(self.Resized())

    def _repaint(self, box: Box) -> None:
        for y in range(box.y, box.y + box.height):
            self._rows.pop(y, None)
        if -box.height < box.y - self.scroll_offset.y < self.size.height:
            self._refresh_box(box)

    def _refresh_box(self, box: Box) -> None:
        self.refresh(
            Region(box.x + self._offset - self.scroll_offset.x, box.y - self.scroll_offset.y, box.width, box.height)
        )

    # --- painting ----------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if self._drawing is None or row >= len(self._lines):
            return self.finish([], width)
        strip = self._rows.get(row)
        if strip is None:
            strip = self._rows[row] = self._row(self._drawing, row)
        left = self.scroll_offset.x
        return strip.crop(left, left + width).adjust_cell_length(width).apply_style(self.paper)

    def _row(self, drawing: Drawing, row: int) -> Strip:
        segments = [Segment(" " * self._offset)] if self._offset else []
        segments += self._line(drawing, row)
        line = Strip(segments)
        for name, held in drawing.frames_in(row):
            for x, pieces in self.frame_cells(drawing, name, held, row):
                line = self._over(line, x, Strip(pieces))
        for x, node in drawing.nodes_in(row):
            box = drawing.nodes[node]
            line = self._over(line, x, Strip(self.chip(node, box, row - box.y)).adjust_cell_length(box.width))
        if self.glyphs.ascii:
            line = Strip([Segment(self.glyphs.plain(text), style) for text, style, _ in line])
        return line.simplify()

    def _over(self, line: Strip, x: int, piece: Strip) -> Strip:
        start = x + self._offset
        return Strip.join([line.crop(0, start), piece, line.crop(start + piece.cell_length)])

    def _line(self, drawing: Drawing, row: int) -> list[Segment]:
        text = self._lines[row]
        styles = [self.ink("hw-edge")] * len(text)
        dashed = look_of(self.glyphs.ascii).dashed
        chars = list(text)
        runs = sorted(drawing.runs(row), key=lambda run: (_RANK[self._wires.get(run.wire, "plain")], -run.width))
        for run in runs:
            state = self._wires.get(run.wire, "plain")
            if state == "plain" or self.dimmed:
                continue
            style = self.ink("state-succeeded" if state == "taken" else "state-skipped")
            for x in range(run.x, min(run.x + run.width, len(text))):
                styles[x] = style
                if state == "skipped" and drawing.mask[row][x] < 16:
                    chars[x] = dashed[drawing.mask[row][x]] if chars[x] in _STRAIGHT else chars[x]
        for label in drawing.labels:
            if label.y == row:
                ink = self._label_ink(label.edge)
                for x in range(label.x, label.x + len(label.text)):
                    styles[x] = ink
        segments = []
        for _, run_of_cells in groupby(zip(styles, chars, strict=True), key=lambda cell: id(cell[0])):
            found = list(run_of_cells)
            segments.append(Segment("".join(char for _, char in found), found[0][0]))
        return segments

    def _label_ink(self, edge: tuple[str, str]) -> Style:
        state = self._edge_state(edge)
        return self.ink({"taken": "state-succeeded", "skipped": "state-skipped"}.get(state, "foreground"))

    # --- edges -------------------------------------------------------------------------------------------------

    def _edge_state(self, edge: tuple[str, str]) -> str:
        source = self.chips.get(edge[0], ("pending",))[0]
        target = self.chips.get(edge[1], ("pending",))[0]
        if "skipped" in {target, source} or target == "upstream_failed":
            return "skipped"
        return "plain" if target in {"pending", "cancelled"} else "taken"

    def _color_wires(self) -> None:
        drawing = self._drawing
        wires: dict[int, str] = {}
        for edge in () if drawing is None else drawing.edges:
            state = self._edge_state(edge)
            for wire in () if drawing is None else drawing.path(*edge):
                known = wires.get(wire)
                if known is None or _RANK[state] > _RANK[known]:
                    wires[wire] = state
        if wires != self._wires:
            self._wires = wires
            self.repaint()

    # --- moving ------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Select by mouse; twice opens."""
        offset = event.get_content_offset(self)
        if offset is None or self._drawing is None:
            return
        x, y = offset + self.scroll_offset
        node = self._drawing.node_at(x - self._offset, y)
        if node is not None:
            self._pick(node, twice=event.chain == 2)

    def _pick(self, node: str | None, *, twice: bool = False) -> None:
        if node is not None:
            self.select(node)
            self.post_message(self.Picked(node, twice=twice))

    def _move(self, direction: _Direction) -> None:
        if self._drawing is None or not self._drawing.nodes:
            return
        if self.selected is None:
            self._pick(next(iter(self._drawing.nodes)))
        else:
            self._pick(self._drawing.move(self.selected, direction))

    def action_move_up(self) -> None:
        self._move("up")

    def action_move_down(self) -> None:
        self._move("down")

    def action_move_left(self) -> None:
        self._move("left")

    def action_move_right(self) -> None:
        self._move("right")

    def action_fold(self) -> None:
        """Fold or open the operator that is selected, else the one around what is selected."""
        if self._drawing is None or self.selected is None:
            return
        node = self.selected
        operator = self.chips.get(node, ("", "task"))[1]
        holds = node in self._drawing.frames or operator in _HOLD
        target = node if holds else self._drawing.around(node)
        if target is not None:
            self.select(target)
            self.post_message(self.Folded(target))

    def action_fold_all(self) -> None:
        self.post_message(self.Folded(None))

    def action_first(self) -> None:
        self._pick(next(iter(self._drawing.nodes), None) if self._drawing else None)

    def action_last(self) -> None:
        self._pick(next(reversed(list(self._drawing.nodes)), None) if self._drawing else None)


_RANK: Final = {"skipped": 0, "plain": 1, "taken": 2}
"""A wire that several edges share shows the one that tells most."""
_HOLD: Final = frozenset({"parallel", "foreach", "while", "workflow"})
"""Operators with something inside."""
_STRAIGHT: Final = frozenset("│─|-")
