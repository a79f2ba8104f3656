"""Graph in, drawing out: the one entry of the layout. The same graph gives the same drawing, to the cell.

What is inside a group is laid out first; its frame is one big node of the graph around it. Each connected part of the
graph is laid out on its own; parts are packed side by side, in file order, in as many shelves as needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from .drawing import Box, Drawing, EdgeKey, Point, Trace, Tracer
from .frame import frame_width, lay_out_inside
from .graph import EdgeKind, FlowGraph
from .label import Labeller
from .layer import Link
from .paint import Canvas, paint_part, wires_of_part
from .part import Part, Size, Spacing, lay_out_part
from .pieces import Pieces

__all__ = ["lay_out"]

_PART_GAP = 3
"""Blank columns between two parts."""
_BRANCHES = frozenset({EdgeKind.TRUE, EdgeKind.FALSE})
_MOST_TELLING = (EdgeKind.TRUE, EdgeKind.FALSE, EdgeKind.BACK, EdgeKind.BODY, EdgeKind.DEP)
_SHELF_GAP = 1
"""Blank rows between two shelves."""


def lay_out(graph: FlowGraph, spacing: Spacing | None = None, *, shelf_width: int = 120) -> Drawing:
    """Lays out a graph from top to bottom.

    Args:
        graph: any graph, the empty one included.
        spacing: sizes; None: one-line chips of 24 cells.
        shelf_width: cells after which further connected parts go below; a wider part gets a shelf of its own.

    Raises:
        ValueError: chips less than 3 wide or less than 1 high.
    """
    spacing = spacing or Spacing()
    if spacing.node_width < 3 or spacing.node_height < 1:
        raise ValueError(f"a chip of {spacing.node_width} x {spacing.node_height} cells is too small")
    insides = {
        node.id: lay_out_inside(
            node.group, frame_width(node, spacing), partial(lay_out, spacing=spacing, shelf_width=60)
        )
        for node in graph.nodes
        if node.group is not None
    }
    chip = Size(spacing.node_width, spacing.node_height)
    sizes = [insides[node.id].size if node.id in insides else chip for node in graph.nodes]
    parts = [_lay_out_connected(graph, nodes, edges, spacing, sizes) for nodes, edges in _connected_parts(graph)]
    width, height = _pack(parts, shelf_width)
    pieces = _assemble(graph, parts, Canvas(width, height))
    for name, inside in insides.items():
        pieces.frame(name, inside)
    return pieces.drawing(graph)


def _distinct_edges(graph: FlowGraph) -> dict[EdgeKey, EdgeKind]:
    """One kind for each pair of nodes: the one that tells most; taken either way, a branch is a plain dependency."""
    kinds: dict[EdgeKey, EdgeKind] = {}
    several: dict[EdgeKey, set[EdgeKind]] = {}
    for edge in graph.edges:
        key = (edge.source, edge.target)
        if kinds.setdefault(key, edge.kind) is not edge.kind:
            several.setdefault(key, {kinds[key]}).add(edge.kind)
    for key, some in several.items():
        plain = {EdgeKind.DEP, *_BRANCHES} if some >= _BRANCHES else {EdgeKind.DEP}
        kinds[key] = min(some - plain, key=_MOST_TELLING.index, default=EdgeKind.DEP)
    return kinds


def _connected_parts(graph: FlowGraph) -> list[tuple[list[int], list[tuple[EdgeKey, EdgeKind]]]]:
    """(nodes, edges) of each connected part, in file order of its first node."""
    kinds = _distinct_edges(graph)
    near: list[list[int]] = [[] for _ in graph.nodes]
    for source, target in kinds:
        one, other = graph.index_of[source], graph.index_of[target]
        near[one].append(other)
        near[other].append(one)
    part_of = [-1] * len(graph.nodes)
    count = 0
    for root in range(len(graph.nodes)):
        if part_of[root] >= 0:
            continue
        part_of[root] = count
        stack = [root]
        while stack:
            for other in near[stack.pop()]:
                if part_of[other] < 0:
                    part_of[other] = count
                    stack.append(other)
        count += 1
    parts: list[tuple[list[int], list[tuple[EdgeKey, EdgeKind]]]] = [([], []) for _ in range(count)]
    for node, part in enumerate(part_of):
        parts[part][0].append(node)
    for key, kind in kinds.items():
        parts[part_of[graph.index_of[key[0]]]][1].append((key, kind))
    return parts


@dataclass(slots=True)
class _Placed:
    """A part and where its top left cell goes."""

    part: Part
    names: list[str]
    """Id of each of its nodes."""
    edges: list[tuple[EdgeKey, EdgeKind]]
    """Edge of each of its links."""
    at: Point = field(default=Point(0, 0))


def _lay_out_connected(
    graph: FlowGraph,
    nodes: Sequence[int],
    edges: list[tuple[EdgeKey, EdgeKind]],
    spacing: Spacing,
    sizes: Sequence[Size],
) -> _Placed:
    names = [graph.nodes[node].id for node in nodes]
    place_of = {name: place for place, name in enumerate(names)}
    links: list[Link] = []
    branches: dict[str, tuple[list[int], list[int]]] = {}
    for number, ((source, target), kind) in enumerate(edges):
        ends = place_of[source], place_of[target]
        links.append(Link(*(ends[::-1] if kind is EdgeKind.BACK else ends), kind is EdgeKind.BACK, kind in _BRANCHES))
        if kind in _BRANCHES:
            branches.setdefault(source, ([], []))[kind is EdgeKind.FALSE].append(number)
    pairs = [(left, right) for lefts, rights in branches.values() for left in lefts for right in rights]
    return _Placed(lay_out_part([sizes[node] for node in nodes], links, pairs, spacing), names, edges)


def _pack(parts: Sequence[_Placed], shelf_width: int) -> tuple[int, int]:
    """Gives each part its place; width and height of the whole."""
    x = y = width = shelf_height = 0
    for placed in parts:
        if x and x + placed.part.width > shelf_width:
            x, y, shelf_height = 0, y + shelf_height + _SHELF_GAP, 0
        placed.at = Point(x, y)
        width = max(width, x + placed.part.width)
        shelf_height = max(shelf_height, placed.part.height)
        x += placed.part.width + _PART_GAP
    return width, y + shelf_height


def _assemble(graph: FlowGraph, parts: Sequence[_Placed], canvas: Canvas) -> Pieces:
    pieces = Pieces(canvas)
    for number, placed in enumerate(parts):
        part = placed.part
        pieces.tracers.append(Tracer(part.proper, len(pieces.wires)))
        pieces.wires += wires_of_part(part, placed.at)
        pieces.nodes.update(_boxes(placed))
        pieces.ports.update(_ports(placed))
        paint_part(canvas, part, placed.at)
        labeller = Labeller(canvas, part, placed.at)
        traces: dict[EdgeKey, Trace] = {}
        for link, (key, kind) in enumerate(placed.edges):
            traces[key] = Trace(number, link, kind, part.links[link].against)
            if kind in _BRANCHES and not part.links[link].against:
                labeller.put(link, kind.value, key)
        pieces.edges.update(traces)
        pieces.labels += labeller.labels
        count = part.proper.node_count
        named = [[placed.names[item] for item in layer if item < count] for layer in part.layers]
        pieces.layers += [(number, layer) for layer in named if layer]
    pieces.edges = {(edge.source, edge.target): pieces.edges[edge.source, edge.target] for edge in graph.edges}
    return pieces


def _boxes(placed: _Placed) -> dict[str, Box]:
    """Cells of each node of a part."""
    part, at = placed.part, placed.at
    boxes: dict[str, Box] = {}
    for node, (name, size) in enumerate(zip(placed.names, part.sizes, strict=True)):
        x, y = part.columns[node] - (size.width - 1) // 2, part.layer_tops[part.proper.layer_of[node]]
        boxes[name] = Box(x + at.x, y + at.y, size.width, size.height)
    return boxes


def _ports(placed: _Placed) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Columns in which lines touch each chip of a part: above, below."""
    part, shift = placed.part, placed.at.x
    above: dict[int, set[int]] = {}
    below: dict[int, set[int]] = {}
    for channel in part.channels:
        for bundle in channel.bundles:
            for number, top, bottom in zip(bundle.segments, bundle.tops, bundle.bottoms, strict=True):
                below.setdefault(part.proper.segments[number].upper, set()).add(top + shift)
                above.setdefault(part.proper.segments[number].lower, set()).add(bottom + shift)
    none: set[int] = set()
    return {
        name: (tuple(sorted(above.get(node, none))), tuple(sorted(below.get(node, none))))
        for node, name in enumerate(placed.names)
    }
