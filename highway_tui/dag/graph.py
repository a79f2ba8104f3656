"""What is drawn: a graph of named nodes and typed edges; a node may hold graphs of its own.

A FlowGraph exists only if its edges fit its nodes. They connect nodes of one graph, never one with a node inside it.

Order means something: nodes stand in the order of the workflow file, and wherever the layout has a choice, file
order decides. Cycles are allowed here; the layout turns the edges that close them against the flow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "EdgeKind",
    "FlowColumn",
    "FlowEdge",
    "FlowGraph",
    "FlowGroup",
    "FlowNode",
    "GraphInvalid",
    "NodeKind",
    "hide_implied",
]


class GraphInvalid(ValueError):
    """A graph that cannot be drawn: a node id used twice, an edge to an unknown node, or an edge from a node to itself.

    The fault is the caller's: a graph built from a valid plan never raises it.
    """


class NodeKind(StrEnum):
    """The operator of a task, as the workflow file names it."""

    TASK = "task"
    CONDITION = "condition"
    SWITCH = "switch"
    PARALLEL = "parallel"
    JOIN = "join"
    FOREACH = "foreach"
    WHILE = "while"
    WAIT = "wait"
    WAIT_FOR_EVENT = "wait_for_event"
    APPROVAL = "approval"
    EMIT_EVENT = "emit_event"
    WORKFLOW = "workflow"


class EdgeKind(StrEnum):
    """Why the target follows the source."""

    DEP = "dep"
    """A plain dependency."""
    TRUE = "true"
    """Runs if the condition held; drawn with its label."""
    FALSE = "false"
    """Runs if the condition did not hold; drawn with its label."""
    BACK = "back"
    """From the last node of a loop's body to its first: runs against the flow, its arrow points up."""
    BODY = "body"
    """From an operator to a node it contains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowNode:
    """One chip of the drawing."""

    id: str
    """Unique in the whole drawing; what it answers with."""
    label: str
    """What a person reads; any text, its width is measured in cells."""
    kind: NodeKind = NodeKind.TASK
    group: "FlowGroup | None" = None
    """What its frame shows; None: it is one chip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEdge:
    """An arrow from `source` to `target`, both node ids."""

    source: str
    target: str
    kind: EdgeKind = EdgeKind.DEP


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowColumn:
    """One graph inside a frame: a branch, or all there is."""

    graph: "FlowGraph"
    title: str = ""
    """Of a branch; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowGroup:
    """The inside of an operator, framed: its branches side by side, or the body of a loop."""

    columns: tuple[FlowColumn, ...]
    repeats: bool = False
    """A line runs back from its last node to its first, where it has one of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowGraph:
    """Nodes in file order and the edges among them. Two edges between the same two nodes are drawn as one.

    Raises:
        GraphInvalid: see there.
    """

    nodes: tuple[FlowNode, ...] = ()
    edges: tuple[FlowEdge, ...] = ()
    index_of: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """Place of each node id in `nodes`."""

    def __post_init__(self) -> None:
        index_of = {node.id: place for place, node in enumerate(self.nodes)}
        if len(index_of) < len(self.nodes):
            twice = next(node.id for place, node in enumerate(self.nodes) if index_of[node.id] != place)
            raise GraphInvalid(f'two nodes are called "{twice}"')
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in index_of:
                    raise GraphInvalid(f'the edge "{edge.source}" -> "{edge.target}" names the unknown node "{end}"')
            if edge.source == edge.target:
                raise GraphInvalid(f'the edge "{edge.source}" -> "{edge.target}" leads to its own source')
        object.__setattr__(self, "index_of", index_of)

    def walk(self) -> Iterator[FlowNode]:
        """Every node, those inside others included."""
        for node in self.nodes:
            yield node
            for column in node.group.columns if node.group else ():
                yield from column.graph.walk()


def hide_implied(graph: FlowGraph) -> FlowGraph:
    """The graph without plain dependencies that a longer way already shows: a -> c where there is a -> b -> c.

    Of nodes in or below a cycle every edge stays. Costs a bit for each pair of nodes: meant for up to some 10,000.
    """
    parents: list[list[int]] = [[] for _ in graph.nodes]
    children: list[set[int]] = [set() for _ in graph.nodes]
    for edge in graph.edges:
        if edge.kind is not EdgeKind.BACK:
            source, target = graph.index_of[edge.source], graph.index_of[edge.target]
            if target not in children[source]:
                children[source].add(target)
                parents[target].append(source)
    waiting = [len(near) for near in parents]
    ready = [node for node, count in enumerate(waiting) if not count]
    above = [0] * len(graph.nodes)
    """Bit sets of all nodes from which there is a way."""
    implied: set[tuple[int, int]] = set()
    while ready:
        node = ready.pop()
        beyond = 0
        for parent in parents[node]:
            beyond |= above[parent]
        implied.update((parent, node) for parent in parents[node] if len(parents[node]) > 1 and beyond >> parent & 1)
        above[node] = beyond | sum(1 << parent for parent in parents[node])
        for child in children[node]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    kept = tuple(
        edge
        for edge in graph.edges
        if edge.kind is not EdgeKind.DEP or (graph.index_of[edge.source], graph.index_of[edge.target]) not in implied
    )
    return FlowGraph(nodes=graph.nodes, edges=kept)
