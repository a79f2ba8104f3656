"""Chooses the sizes of a drawing for the pane it goes to: boxes where all of them fit, else chips as wide as there
is room for.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.cells import cell_len

from .dag.drawing import Drawing
from .dag.graph import FlowGraph, NodeKind
from .dag.layout import lay_out
from .dag.part import Spacing

TAIL: Final = 7
"""Cells of a chip after its name: a time or a counter."""
NARROWEST: Final = 16
WIDEST: Final = 38
BROAD_ABOVE: Final = 70
"""A graph that is wider than this with chips of the usual size wants a broad pane."""
_TRIED_NODES: Final = 150
"""Larger graphs are laid out once, at the size that shows most of a name."""


class Picture(NamedTuple):
    """A drawing, and whether it wants a broad pane whatever its sizes are."""

    drawing: Drawing
    broad: bool


def draw(graph: FlowGraph, width: int, height: int) -> Picture:
    """Lay out `graph` for a pane of `width` by `height` cells; what does not fit scrolls."""
    return Picture(_fitting(graph, width, height), _usual(graph, width).width > BROAD_ABOVE)


def _fitting(graph: FlowGraph, width: int, height: int) -> Drawing:
    nodes = list(graph.walk())
    longest = max((cell_len(node.label) for node in nodes if node.group is None), default=8)
    marks = 4 if any(node.kind is not NodeKind.TASK for node in nodes if node.group is None) else 2
    wide = max(NARROWEST, min(longest + marks + TAIL + 2, WIDEST))
    shelf = max(width, 60)
    if len(nodes) <= _TRIED_NODES:
        for chip, tall in ((wide, 3), *((chip, 1) for chip in range(wide, NARROWEST - 1, -2))):
            drawing = lay_out(graph, Spacing(node_width=chip, node_height=tall), shelf_width=shelf)
            if drawing.width <= width and (tall == 1 or drawing.height <= height):
                return drawing
    return _usual(graph, shelf)


def _usual(graph: FlowGraph, shelf: int) -> Drawing:
    return lay_out(graph, Spacing(node_width=22), shelf_width=shelf)
