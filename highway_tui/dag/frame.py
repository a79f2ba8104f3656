"""The inside of a frame: the graphs of its columns, each laid out on its own, side by side."""

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len

from .drawing import Box, Drawing, Point
from .graph import EdgeKind, FlowGraph, FlowGroup, FlowNode
from .part import Size, Spacing

__all__ = ["Inside", "Loop", "frame_width", "lay_out_inside"]

_EDGE = 2
"""Columns of a frame at either side: its border and a blank."""
_COLUMN_GAP = 2
_TITLE_NAME = 24
_TITLE_REST = 20
"""Cells of a title besides the name: corners, glyphs, a counter, a time."""
_LOOP_ROOM = 3
"""Columns to the right for the line that runs back."""


class Loop(NamedTuple):
    """A line that runs back, from the right side of a loop's last chip to that of its first."""

    first: Box
    last: Box
    x: int
    """Column in which it runs up."""


class Inside(NamedTuple):
    """What a frame holds; cells are counted from the frame's own top left."""

    size: Size
    columns: tuple[tuple[str, Point, Drawing], ...]
    """Title, place and drawing of each."""
    titled: bool
    loop: Loop | None


def frame_width(node: FlowNode, spacing: Spacing) -> int:
    """The least width of a frame: its title fits, and it is no narrower than a chip."""
    return max(spacing.node_width, min(cell_len(node.label), _TITLE_NAME) + _TITLE_REST)


def lay_out_inside(group: FlowGroup, least_width: int, lay_out: Callable[[FlowGraph], Drawing]) -> Inside:
    """Lays out the columns of a group and places them in a frame around them, in the middle of a wider one."""
    titled = any(column.title for column in group.columns)
    drawings = [lay_out(column.graph) for column in group.columns]
    widths = [
        max(drawing.width, min(cell_len(column.title), _TITLE_NAME))
        for drawing, column in zip(drawings, group.columns, strict=True)
    ]
    content = sum(widths) + _COLUMN_GAP * max(0, len(widths) - 1)
    ends = _ends(group.columns[0].graph, drawings[0]) if group.repeats and len(drawings) == 1 else None
    width = max(content + 2 * _EDGE + (_LOOP_ROOM if ends else 0), least_width)
    top = 1 + titled
    x = (width - content) // 2
    columns = []
    for drawing, column, room in zip(drawings, group.columns, widths, strict=True):
        columns.append((column.title, Point(x, top), drawing))
        x += room + _COLUMN_GAP
    loop = None
    if ends is not None:
        at = columns[0][1]
        boxes = [Box(box.x + at.x, box.y + at.y, box.width, box.height) for box in ends]
        loop = Loop(boxes[0], boxes[1], at.x + drawings[0].width + 1)
    height = top + max((drawing.height for drawing in drawings), default=0) + 1
    return Inside(Size(width, height), tuple(columns), titled, loop)


def _ends(graph: FlowGraph, drawing: Drawing) -> tuple[Box, Box] | None:
    """The first and the last chip of a body, if it has one of each and nothing stands to their right."""
    forward = [edge for edge in graph.edges if edge.kind is not EdgeKind.BACK]
    targets, sources = {edge.target for edge in forward}, {edge.source for edge in forward}
    firsts = [node.id for node in graph.nodes if node.id not in targets]
    lasts = [node.id for node in graph.nodes if node.id not in sources]
    if len(firsts) != 1 or len(lasts) != 1 or firsts == lasts:
        return None
    boxes = drawing.nodes[firsts[0]], drawing.nodes[lasts[0]]
    for name, box in zip((*firsts, *lasts), boxes, strict=True):
        y = box.y + (box.height - 1) // 2
        to_the_right = [other for x, other in drawing.nodes_in(y) if x > box.x]
        if name in drawing.frames or to_the_right or any(drawing.mask[y][box.x + box.width :]):
            return None
    return boxes
