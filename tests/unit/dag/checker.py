"""Reads a drawing as a person does, cell by cell, and compares what it says with the graph."""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

from highway_tui.dag import Arm, Drawing, EdgeKind, FlowEdge, FlowGraph, FlowNode, Mark, NodeKind

SIDES = {Arm.UP: (0, -1), Arm.DOWN: (0, 1), Arm.LEFT: (-1, 0), Arm.RIGHT: (1, 0)}
OPPOSITE = {Arm.UP: Arm.DOWN, Arm.DOWN: Arm.UP, Arm.LEFT: Arm.RIGHT, Arm.RIGHT: Arm.LEFT}


def graph_of(text: str) -> FlowGraph:
    """`a > b, c:true; d` -> nodes in order of mention; several sources fan in, `:kind` marks an edge."""
    names: dict[str, NodeKind] = {}
    edges: list[FlowEdge] = []
    for line in text.replace("\n", ";").split(";"):
        sources, _, targets = line.partition(">")
        for source in filter(None, (name.strip() for name in sources.split(","))):
            names.setdefault(source, NodeKind.TASK)
            for target in filter(None, (name.strip() for name in targets.split(","))):
                name, _, kind = target.partition(":")
                names.setdefault(name, NodeKind.TASK)
                edges.append(FlowEdge(source=source, target=name, kind=EdgeKind(kind or "dep")))
                if kind in {"true", "false"}:
                    names[source] = NodeKind.CONDITION
    nodes = tuple(FlowNode(id=name, label=name, kind=kind) for name, kind in names.items())
    return FlowGraph(nodes=nodes, edges=tuple(edges))


def check(graph: FlowGraph, drawing: Drawing) -> None:
    """Asserts everything a clean drawing promises."""
    reader = Reader(drawing)
    assert [node.id for node in graph.walk()] == list(drawing.nodes)
    assert {node.id for node in graph.walk() if node.group} == set(drawing.frames)
    assert {(edge.source, edge.target) for held in graphs_in(graph) for edge in held.edges} == set(drawing.edges)
    reader.check_boxes()
    reader.check_frames(graph)
    reader.check_back()
    reader.check_arms()
    reader.check_reach()
    reader.check_paths()
    reader.check_labels()
    reader.check_runs()


def graphs_in(graph: FlowGraph) -> Iterator[FlowGraph]:
    """The graph, and all that its nodes hold."""
    yield graph
    for node in graph.nodes:
        for column in node.group.columns if node.group else ():
            yield from graphs_in(column.graph)


class Reader:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        taken = [
            ((x, y), name)
            for name, box in drawing.nodes.items()
            for y in range(box.y, box.y + box.height)
            for x in range(box.x, box.x + box.width)
            if name not in drawing.frames or self.is_frame(name, x, y)
        ]
        self.chip_at = dict(taken)
        assert len(self.chip_at) == len(taken), "chips overlap"

    def is_frame(self, name: str, x: int, y: int) -> bool:
        """Whether a frame itself has this cell, not what it holds."""
        frame = self.drawing.frames[name]
        return frame.shows(x, y) or (frame.titled and y == frame.box.y + 1)

    def check_frames(self, graph: FlowGraph) -> None:
        """What a node holds stands inside its frame, each branch below its title."""
        for node in graph.walk():
            for place, column in enumerate(node.group.columns if node.group else ()):
                frame = self.drawing.frames[node.id]
                x, width, title = frame.columns[place]
                assert title == column.title
                assert frame.titled or not title
                for held in column.graph.nodes:
                    box = self.drawing.nodes[held.id]
                    assert self.drawing.around(held.id) == node.id
                    assert frame.box.y + frame.titled < box.y
                    assert box.y + box.height <= frame.bottom
                    assert x <= box.x
                    assert box.x + box.width <= x + max(width, 1) <= frame.box.x + frame.box.width - 1

    def check_back(self) -> None:
        """A dashed line runs from the last chip of a loop up to the arrow at its first, and nowhere else."""
        back = {
            (x, y)
            for y, row in enumerate(self.drawing.mask)
            for x, cell in enumerate(row)
            if cell & ~Arm.ALL in {Mark.BACK, Mark.ARROW_LEFT}
        }
        for x, y in [cell for cell in back if self.mark(*cell) == Mark.ARROW_LEFT]:
            first = self.chip_at[x - 1, y]
            cell, came = (x, y), Arm.LEFT
            while cell not in self.chip_at:
                back.remove(cell)
                (onward,) = (arm for arm in SIDES if self.arms(*cell) & arm and arm != came)
                dx, dy = SIDES[onward]
                cell, came = (cell[0] + dx, cell[1] + dy), OPPOSITE[onward]
            assert self.drawing.around(first) == self.drawing.around(self.chip_at[cell]) is not None
            assert self.drawing.nodes[self.chip_at[cell]].y > self.drawing.nodes[first].y
        assert not back

    def cell(self, x: int, y: int) -> int:
        inside = 0 <= x < self.drawing.width and 0 <= y < self.drawing.height
        return self.drawing.mask[y][x] if inside else 0

    def arms(self, x: int, y: int) -> int:
        return self.cell(x, y) & Arm.ALL

    def mark(self, x: int, y: int) -> int:
        return self.cell(x, y) & ~Arm.ALL

    def beyond(self, x: int, y: int, arm: int) -> tuple[int, int]:
        """The cell that an arm leads to; sideways it passes under bridges."""
        dx, dy = SIDES[arm]
        x, y = x + dx, y + dy
        while dx and self.mark(x, y) == Mark.BRIDGE:
            x += dx
        return x, y

    def check_boxes(self) -> None:
        """Chips are inside; no line runs through one."""
        for x, y in self.chip_at:
            assert 0 <= x < self.drawing.width
            assert 0 <= y < self.drawing.height
            assert self.drawing.node_at(x, y) == self.chip_at[x, y]
            assert self.cell(x, y) == 0, f"a line runs through {self.chip_at[x, y]}"

    def check_arms(self) -> None:
        """Every arm meets an arm, or from above or below a chip; nothing dangles; a bridge crosses something."""
        for y, row in enumerate(self.drawing.mask):
            assert len(row) == self.drawing.width
            for x, cell in enumerate(row):
                if not cell:
                    continue
                arms = [arm for arm in SIDES if cell & arm]
                assert len(arms) > 1, f"a line ends in the open at {x}, {y}"
                for arm in arms:
                    near = self.beyond(x, y, arm)
                    upright = arm in {Arm.UP, Arm.DOWN} or cell & ~Arm.ALL in {Mark.BACK, Mark.ARROW_LEFT}
                    meets = self.arms(*near) & OPPOSITE[arm] or (upright and near in self.chip_at)
                    assert meets, f"arm {arm} at {x}, {y} meets nothing"
                if self.mark(x, y) == Mark.BRIDGE:
                    assert arms == [Arm.UP, Arm.DOWN]
                    for arm in (Arm.LEFT, Arm.RIGHT):
                        assert self.arms(*self.beyond(x, y, arm)) & OPPOSITE[arm], f"nothing under bridge {x}, {y}"

    def reach(self, name: str, onward: int, *, against: bool) -> set[str]:
        """Chips reached from one by following lines, never turning back; `onward` is UP or DOWN."""
        box = self.drawing.nodes[name]
        y = box.y + box.height if onward == Arm.DOWN else box.y - 1
        starts = [(x, y) for x in range(box.x, box.x + box.width) if self.arms(x, y) & OPPOSITE[onward]]
        wanted = (Mark.ARROW_UP if against else Mark.ARROW_DOWN) if (onward == Arm.UP) is not against else None
        other = Mark.ARROW_DOWN if against else Mark.ARROW_UP
        todo = deque(
            start for start in starts if (self.mark(*start) == wanted if wanted else self.mark(*start) != other)
        )
        seen, found = set(todo), set()
        while todo:
            x, y = todo.popleft()
            for arm in (onward, Arm.LEFT, Arm.RIGHT):
                if not self.arms(x, y) & arm:
                    continue
                near = self.beyond(x, y, arm)
                if arm == onward and near in self.chip_at:
                    found.add(self.chip_at[near])
                    self.check_end((x, y), onward, against=against)
                elif near not in seen:
                    seen.add(near)
                    todo.append(near)
        return found

    def check_end(self, cell: tuple[int, int], onward: int, *, against: bool) -> None:
        """Forward lines end below in an arrow, turned ones above."""
        if onward == Arm.DOWN and not against:
            assert self.mark(*cell) == Mark.ARROW_DOWN
        if onward == Arm.UP and against:
            assert self.mark(*cell) == Mark.ARROW_UP

    def check_reach(self) -> None:
        """From each chip, lines lead down to its children and up to its parents, and to no other chip."""
        for against in (False, True):
            down: dict[str, set[str]] = {name: set() for name in self.drawing.nodes}
            up: dict[str, set[str]] = {name: set() for name in self.drawing.nodes}
            for (source, target), trace in self.drawing.edges.items():
                if trace.against is against:
                    upper, lower = (target, source) if against else (source, target)
                    down[upper].add(lower)
                    up[lower].add(upper)
            for name in self.drawing.nodes:
                assert down[name] == self.reach(name, Arm.DOWN, against=against), f"children of {name}"
                assert up[name] == self.reach(name, Arm.UP, against=against), f"parents of {name}"

    def check_paths(self) -> None:
        """The cells told for each edge lead from its source to its target, over arms that meet."""
        for (source, target), trace in self.drawing.edges.items():
            cells = list(self.drawing.edge_cells(source, target))
            if trace.against:
                cells.reverse()
            upper, lower = (target, source) if trace.against else (source, target)
            first, last = cells[0], cells[-1]
            assert self.chip_at[first.x, first.y - 1] == upper
            assert self.chip_at[last.x, last.y + 1] == lower
            for one, other in pairwise(cells):
                arm = next(arm for arm, (dx, dy) in SIDES.items() if (one.x + dx, one.y + dy) == other)
                for cell, needed in ((one, arm), (other, OPPOSITE[arm])):
                    under = arm in {Arm.LEFT, Arm.RIGHT} and self.mark(*cell) == Mark.BRIDGE
                    assert under or self.arms(*cell) & needed, f"{source} -> {target} breaks at {cell}"

    def check_labels(self) -> None:
        """Labels stand on blank cells or on the straight line of their own edge alone, and not on each other."""
        taken: set[tuple[int, int]] = set()
        for label in self.drawing.labels:
            cells = [(x, label.y) for x in range(label.x, label.x + len(label.text))]
            assert taken.isdisjoint(cells), "labels overlap"
            assert not any(cell in self.chip_at for cell in cells)
            taken.update(cells)
            assert cells[-1][0] < self.drawing.width
            own = set(self.drawing.edge_cells(*label.edge))
            kinds = {self.cell(*cell) for cell in cells}
            assert kinds in ({0}, {Arm.LEFT | Arm.RIGHT}), "a label covers a junction"
            if kinds != {0}:
                assert own.issuperset(cells)
                assert all(self.drawing.edges_at(*cell) == (label.edge,) for cell in cells)

    def check_runs(self) -> None:
        """The runs of each row cover its lines exactly."""
        for y, row in enumerate(self.drawing.mask):
            covered = {x for run in self.drawing.runs(y) for x in range(run.x, run.x + run.width)}
            back = {Mark.BACK, Mark.ARROW_LEFT}
            assert covered == {x for x, cell in enumerate(row) if cell and cell & ~Arm.ALL not in back}
