"""A drawing while it is put together: what the parts gave, and what the frames bring from inside them."""

from dataclasses import dataclass, field

from .drawing import Box, Column, Drawing, EdgeKey, Frame, Label, Point, Trace, Tracer, Wire
from .frame import Inside, Loop
from .glyphs import Arm, Mark
from .graph import FlowGraph
from .paint import Canvas

__all__ = ["Pieces"]


@dataclass(slots=True)
class Pieces:
    """Everything a Drawing is made of; owned by one call of `lay_out`."""

    canvas: Canvas
    nodes: dict[str, Box] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    ports: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    edges: dict[EdgeKey, Trace] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    tracers: list[Tracer] = field(default_factory=list)
    layers: list[tuple[int, list[str]]] = field(default_factory=list)

    def frame(self, name: str, inside: Inside) -> None:
        """Put a frame's border and all it holds into its place."""
        box = self.nodes[name]
        columns = tuple(Column(box.x + at.x, drawing.width, title) for title, at, drawing in inside.columns)
        self.frames[name] = Frame(box, columns, 0, inside.titled)
        for _, at, drawing in inside.columns:
            self._take(name, drawing, Point(box.x + at.x, box.y + at.y))
        if inside.loop is not None:
            self._run_back(inside.loop, Point(box.x, box.y))

    def drawing(self, graph: FlowGraph) -> Drawing:
        """The whole; nodes of the graph itself come in file order, those inside a frame after it."""
        return Drawing(
            width=self.canvas.width,
            height=len(self.canvas.rows),
            nodes=self._in_order(graph),
            frames=self.frames,
            ports=self.ports,
            mask=tuple(bytes(row) for row in self.canvas.rows),
            labels=tuple(sorted(self.labels, key=lambda label: (label.y, label.x))),
            wires=tuple(self.wires),
            edges=self.edges,
            parents=self.parents,
            tracers=self.tracers,
            layers=self.layers,
        )

    def _in_order(self, graph: FlowGraph) -> dict[str, Box]:
        inside: dict[str, list[str]] = {}
        for name in self.nodes:
            if name in self.parents:
                inside.setdefault(self.parents[name], []).append(name)
        ordered: dict[str, Box] = {}
        waiting = [node.id for node in reversed(graph.nodes)]
        while waiting:
            name = waiting.pop()
            ordered[name] = self.nodes[name]
            waiting += reversed(inside.get(name, []))
        return ordered

    def _take(self, frame: str, inner: Drawing, at: Point) -> None:
        """Everything of a smaller drawing, moved to `at`."""
        parts = max((part for part, _ in self.layers), default=-1) + 1
        first_wire = len(self.wires)
        tracer_shift = len(self.tracers)
        self.canvas.put(at, inner.mask)
        self.nodes.update((name, _moved(box, at)) for name, box in inner.nodes.items())
        for name, held in inner.frames.items():
            columns = tuple(Column(column.x + at.x, column.width, column.title) for column in held.columns)
            self.frames[name] = Frame(_moved(held.box, at), columns, held.depth + 1, held.titled)
        for name, (above, below) in inner.ports.items():
            self.ports[name] = tuple(x + at.x for x in above), tuple(x + at.x for x in below)
        self.labels += [Label(label.x + at.x, label.y + at.y, label.text, label.edge) for label in inner.labels]
        self.wires += [Wire(tuple(Point(x + at.x, y + at.y) for x, y in wire.points)) for wire in inner.wires]
        self.tracers += [Tracer(tracer.proper, tracer.first_wire + first_wire) for tracer in inner.tracers]
        for edge, trace in inner.edges.items():
            self.edges[edge] = trace._replace(part=trace.part + tracer_shift)
        self.parents.update((name, inner.parents.get(name, frame)) for name in inner.nodes)
        self.layers += [(part + parts, list(layer)) for part, layer in inner.layers]

    def _run_back(self, loop: Loop, at: Point) -> None:
        rows = self.canvas.rows
        first, last, x = _moved(loop.first, at), _moved(loop.last, at), loop.x + at.x
        top, bottom = (box.y + (box.height - 1) // 2 for box in (first, last))
        rows[top][first.x + first.width] = Arm.LEFT | Arm.RIGHT | Mark.ARROW_LEFT
        for y, start in ((top, first.x + first.width + 1), (bottom, last.x + last.width)):
            rows[y][start:x] = bytes((Arm.LEFT | Arm.RIGHT | Mark.BACK,)) * (x - start)
        rows[top][x] = Arm.LEFT | Arm.DOWN | Mark.BACK
        rows[bottom][x] = Arm.LEFT | Arm.UP | Mark.BACK
        for y in range(top + 1, bottom):
            rows[y][x] = Arm.UP | Arm.DOWN | Mark.BACK


def _moved(box: Box, at: Point) -> Box:
    return Box(box.x + at.x, box.y + at.y, box.width, box.height)
