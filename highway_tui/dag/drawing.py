"""A finished drawing: boxes for the nodes, a byte for every other cell, and which edge runs where. It never changes.

Cells are counted from 0 at the top left. A drawing knows nothing of state: whoever shows it fills the boxes and
colours the wires.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from .glyphs import Arm, Glyphs, Mark
from .graph import EdgeKind
from .proper import Proper

__all__ = ["Box", "Column", "Direction", "Drawing", "EdgeKey", "Frame", "Label", "Point", "Run", "Wire"]

Direction = Literal["up", "down", "left", "right"]
EdgeKey = tuple[str, str]
"""Ids of source and target."""
_BUCKET_BITS = 4


class Point(NamedTuple):
    """A cell."""

    x: int
    y: int


class Box(NamedTuple):
    """The cells of a chip."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """Column in which a single line enters."""
        return self.x + (self.width - 1) // 2

    def covers(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Label(NamedTuple):
    """Text over a line, or beside it. Every character is one cell wide."""

    x: int
    y: int
    text: str
    edge: EdgeKey


class Column(NamedTuple):
    """One of the graphs side by side in a frame."""

    x: int
    width: int
    title: str
    """Of a branch, on the row below that of the frame's title; empty for none."""


class Frame(NamedTuple):
    """The border around a group. Its first row holds the title, its last the ports; the rest is inside."""

    box: Box
    columns: tuple[Column, ...]
    depth: int
    """Frames around it."""
    titled: bool
    """True where its second row holds the titles of its columns."""

    @property
    def bottom(self) -> int:
        """Its last row."""
        return self.box.y + self.box.height - 1

    def shows(self, x: int, y: int) -> bool:
        """Whether a cell is one of its own: border or title."""
        box = self.box
        return box.covers(x, y) and (y in {box.y, self.bottom} or x in {box.x, box.x + box.width - 1})


class Run(NamedTuple):
    """Neighbouring cells of one row that belong to one wire."""

    x: int
    width: int
    wire: int


class Wire(NamedTuple):
    """A piece of one or more edges, between two layers."""

    points: tuple[Point, ...]
    """Ends and corners, from top to bottom; each shares a row or a column with the next."""

    def cells(self) -> Iterator[Point]:
        """Every cell once, from top to bottom."""
        yield self.points[0]
        for start, end in pairwise(self.points):
            if start.x == end.x:
                for y in range(start.y + 1, end.y + 1):
                    yield Point(start.x, y)
            else:
                step = 1 if end.x > start.x else -1
                for x in range(start.x + step, end.x + step, step):
                    yield Point(x, start.y)

    def run(self, y: int) -> tuple[int, int] | None:
        """First and last column in a row; None if the wire does not touch it."""
        columns: list[int] = []
        for start, end in pairwise(self.points):
            if start.y <= y <= end.y:
                columns += (start.x, end.x) if start.y == end.y else (start.x,)
        if not columns and len(self.points) == 1 and self.points[0].y == y:
            columns.append(self.points[0].x)
        return (min(columns), max(columns)) if columns else None


class Tracer(NamedTuple):
    """Finds the wires of an edge; one for each connected part of the graph."""

    proper: Proper
    first_wire: int
    """Wire of its segment 0; the others follow."""


class Trace(NamedTuple):
    """Where an edge's wires are found."""

    part: int
    link: int
    kind: EdgeKind
    against: bool
    """Runs from bottom to top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What `lay_out` answers. All mappings keep file order."""

    width: int
    height: int
    nodes: Mapping[str, Box]
    """Where each node goes: its chip, or its frame."""
    frames: Mapping[str, Frame]
    """Of those that are frames; one inside another comes after it."""
    ports: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    """Columns in which lines touch each chip: above, below."""
    mask: tuple[bytes, ...]
    """Rows of cells, see `glyphs`; under the boxes they are 0."""
    labels: tuple[Label, ...]
    """By row, then column."""
    wires: tuple[Wire, ...]
    """In drawing order; numbers in `path` and `runs` are places in it."""
    edges: Mapping[EdgeKey, Trace]
    """Every edge that is drawn."""
    parents: Mapping[str, str]
    """The innermost frame around each node that is inside one."""
    tracers: Sequence[Tracer] = field(repr=False)
    layers: Sequence[tuple[int, Sequence[str]]] = field(repr=False)
    """(part, ids from left to right) of each layer that holds nodes, from top to bottom, part after part."""
    _rows: Mapping[int, list[tuple[int, str]]] = field(init=False, repr=False, compare=False)
    _buckets: Mapping[int, list[int]] = field(init=False, repr=False, compare=False)
    _near: tuple[Mapping[str, list[str]], Mapping[str, list[str]]] = field(init=False, repr=False, compare=False)
    _layer_of: Mapping[str, tuple[int, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows: dict[int, list[tuple[int, str]]] = {}
        for name, box in self.nodes.items():
            if name not in self.frames:
                for y in range(box.y, box.y + box.height):
                    rows.setdefault(y, []).append((box.x, name))
        for row in rows.values():
            row.sort()
        buckets: dict[int, list[int]] = {}
        for number, wire in enumerate(self.wires):
            for bucket in range(wire.points[0].y >> _BUCKET_BITS, (wire.points[-1].y >> _BUCKET_BITS) + 1):
                buckets.setdefault(bucket, []).append(number)
        parents: dict[str, list[str]] = {}
        children: dict[str, list[str]] = {}
        for (source, target), trace in self.edges.items():
            upper, lower = (target, source) if trace.against else (source, target)
            children.setdefault(upper, []).append(lower)
            parents.setdefault(lower, []).append(upper)
        places = {name: (depth, n) for depth, (_, layer) in enumerate(self.layers) for n, name in enumerate(layer)}
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_buckets", buckets)
        object.__setattr__(self, "_near", (parents, children))
        object.__setattr__(self, "_layer_of", places)

    def node_at(self, x: int, y: int) -> str | None:
        """Id of the node whose chip covers a cell, else of the innermost frame around it."""
        row = self._rows.get(y, ())
        place = bisect_right(row, x, key=lambda entry: entry[0]) - 1
        if place >= 0 and self.nodes[row[place][1]].covers(x, y):
            return row[place][1]
        around = [name for name, frame in self.frames.items() if frame.box.covers(x, y)]
        return around[-1] if around else None

    def nodes_in(self, y: int) -> Sequence[tuple[int, str]]:
        """(first column, id) of each chip in a row, from left to right."""
        return self._rows.get(y, ())

    def frames_in(self, y: int) -> list[tuple[str, Frame]]:
        """(id, frame) of each frame that has cells in a row, outer ones first."""
        found = [(name, frame) for name, frame in self.frames.items() if frame.box.y <= y <= frame.bottom]
        return sorted(found, key=lambda entry: entry[1].depth)

    def path(self, source: str, target: str) -> tuple[int, ...]:
        """Wires of an edge from its upper end to its lower one. KeyError if there is no such edge."""
        trace = self.edges[source, target]
        tracer = self.tracers[trace.part]
        return tuple(tracer.first_wire + segment for segment in tracer.proper.path(trace.link))

    def edge_cells(self, source: str, target: str) -> tuple[Point, ...]:
        """Cells of an edge from source to target; bridges of other lines among them. KeyError as in `path`."""
        cells = [cell for wire in self.path(source, target) for cell in self.wires[wire].cells()]
        return tuple(reversed(cells) if self.edges[source, target].against else cells)

    def runs(self, y: int) -> list[Run]:
        """Which wires pass a row and where, by column; where two lines cross, only the one on the bridge.

        Costs a look at each wire within 16 rows: cache it by row.
        """
        found: list[Run] = []
        for number in self._buckets.get(y >> _BUCKET_BITS, ()):
            reach = self.wires[number].run(y)
            if reach is None:
                continue
            start, end = reach
            if start < end:
                for x in range(start, end + 1):
                    if self.mask[y][x] & ~Arm.ALL == Mark.BRIDGE:
                        found.append(Run(start, x - start, number))
                        start = x + 1
            found.append(Run(start, end - start + 1, number))
        return sorted(run for run in found if run.width)

    def edges_at(self, x: int, y: int) -> tuple[EdgeKey, ...]:
        """Edges that pass a cell, in file order. For a pointer that hovers: it looks at all edges."""
        wires = {run.wire for run in self.runs(y) if run.x <= x < run.x + run.width}
        return tuple(edge for edge in self.edges if wires and not wires.isdisjoint(self.path(*edge)))

    def rows(self, glyphs: Glyphs) -> Iterator[str]:
        """Lines and labels, one string of `width` characters a row; blanks where chips belong."""
        labels: dict[int, list[Label]] = {}
        for label in self.labels:
            labels.setdefault(label.y, []).append(label)
        for y, cells in enumerate(self.mask):
            row = cells.decode("latin-1").translate(glyphs.light)
            for label in labels.get(y, ()):
                row = row[: label.x] + label.text + row[label.x + len(label.text) :]
            yield row

    def move(self, start: str, direction: Direction) -> str | None:
        """The next node in a direction: up and down along edges, to the first child or the nearest parent;

        left and right within the layer, and past its end to the nearest node of another part. A frame is entered from
        above and left at its end. None: there is none.
        """
        if direction == "down":
            return self._down(start)
        if direction == "up":
            return self._up(start)
        box = self.nodes[start]
        depth, place = self._layer_of[start]
        part, layer = self.layers[depth]
        step = 1 if direction == "right" else -1
        if 0 <= place + step < len(layer):
            return layer[place + step]
        beyond = [
            (abs(other.y - box.y), abs(other.x - box.x), name)
            for name, other in self.nodes.items()
            if (other.x - box.x) * step > 0 and self.layers[self._layer_of[name][0]][0] != part
        ]
        return min(beyond, default=(0, 0, None))[2]

    def around(self, name: str) -> str | None:
        """Id of the innermost frame around a node; None for those of the graph itself."""
        return self.parents.get(name)

    def _down(self, start: str) -> str | None:
        inside = [name for name, parent in self.parents.items() if parent == start and not self._near[0].get(name)]
        if inside:
            return min(inside, key=lambda name: (self.nodes[name].y, self.nodes[name].x))
        at: str | None = start
        while at is not None:
            children = self._near[1].get(at, ())
            if children:
                return min(children, key=lambda name: self.nodes[name].x)
            at = self.around(at)
        return None

    def _up(self, start: str) -> str | None:
        middle = self.nodes[start].middle
        nearness = [(abs(self.nodes[name].middle - middle), name) for name in self._near[0].get(start, ())]
        return min(nearness, default=(0, self.around(start)))[1]
