"""From a plan to what is drawn. Pure.

Parallels, loops and nested workflows are frames around what they hold, or chips where they are folded. The id of a node
is the address of its instances without the numbers of iterations, as in `plan_nodes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from engine import Gate, Graph, Node, Plan

from .dag.graph import EdgeKind, FlowColumn, FlowEdge, FlowGraph, FlowGroup, FlowNode, NodeKind
from .plan_nodes import insides


def flow_of(plan: Plan, folded: Collection[str] = ()) -> FlowGraph:
    """Draw a plan; `folded` names the operators that are shown as one chip."""
    return _Scope(plan.root, "", folded).graph()


class _Scope:
    """One graph of a plan. The members of a parallel are nodes of the same graph; here they move into its frame."""

    def __init__(self, graph: Graph, prefix: str, folded: Collection[str]) -> None:
        self._graph = graph
        self._prefix = prefix
        self._folded = folded
        self._home: dict[int, int] = {}
        """The parallel around each member."""
        for node in graph.nodes:
            for members in getattr(node.spec, "branches", {}).values():
                for member in members:
                    if member != node.index and node.index not in self._around(member):
                        self._home.setdefault(member, node.index)
        self._edges = list(self._lifted())

    def graph(self) -> FlowGraph:
        return self._part([node.index for node in self._graph.nodes if node.index not in self._home])

    def _part(self, members: Sequence[int]) -> FlowGraph:
        """These nodes, and the edges among them."""
        inside = set(members)
        edges = tuple(
            FlowEdge(source=self._id(source), target=self._id(target), kind=kind)
            for source, target, kind in self._edges
            if source in inside and target in inside
        )
        return FlowGraph(nodes=tuple(self._node(member) for member in members), edges=edges)

    def _node(self, index: int) -> FlowNode:
        node = self._graph.nodes[index]
        path = self._id(index)
        group = None if path in self._folded else self._group(node, path)
        return FlowNode(id=path, label=node.id, kind=NodeKind(node.operator), group=group)

    def _group(self, node: Node, path: str) -> FlowGroup | None:
        columns = [
            FlowColumn(graph=_Scope(graph, prefix, self._folded).graph(), title=title)
            for title, prefix, graph in insides(node, path)
        ]
        columns += self._branches(node)
        return FlowGroup(columns=tuple(columns), repeats=node.operator == "while") if columns else None

    def _branches(self, node: Node) -> list[FlowColumn]:
        """A column for each branch; one for all where a line runs from branch to branch."""
        mine = {
            name: [member for member in members if self._home.get(member) == node.index]
            for name, members in getattr(node.spec, "branches", {}).items()
        }
        branch_of = {member: name for name, members in mine.items() for member in members}
        known = [(branch_of.get(source), branch_of.get(target)) for source, target, _ in self._edges]
        if any(source != target and source and target for source, target in known):
            return [FlowColumn(graph=self._part(sorted(branch_of)))]
        return [FlowColumn(graph=self._part(members), title=name) for name, members in mine.items() if members]

    def _id(self, index: int) -> str:
        return self._prefix + self._graph.nodes[index].id

    def _around(self, index: int) -> list[int]:
        """The node itself and the parallels around it, the innermost first."""
        found = [index]
        while found[-1] in self._home:
            found.append(self._home[found[-1]])
        return found

    def _lifted(self) -> Iterator[tuple[int, int, EdgeKind]]:
        """Every edge between two nodes of one frame; one that enters or leaves a frame ends at it."""
        seen: set[tuple[int, int]] = set()
        for node in self._graph.nodes:
            for edge in sorted(node.dependencies, key=lambda edge: edge.gate is not Gate.TARGET):
                ends = self._siblings(edge.upstream, node.index)
                if edge.gate is Gate.OPEN or ends is None or ends in seen:
                    continue
                seen.add(ends)
                yield (*ends, _kind(self._graph.nodes[edge.upstream], node.index, edge.gate))

    def _siblings(self, source: int, target: int) -> tuple[int, int] | None:
        """The two nodes of one frame that hold the ends of an edge; None where one holds the other."""
        sources, targets = self._around(source), self._around(target)
        if source in targets or target in sources:
            return None
        shared = next((place for place in sources if place in targets), None)
        upper = sources[(len(sources) if shared is None else sources.index(shared)) - 1]
        lower = targets[(len(targets) if shared is None else targets.index(shared)) - 1]
        return upper, lower


def _kind(upstream: Node, target: int, gate: Gate) -> EdgeKind:
    if gate is Gate.TARGET and upstream.operator == "condition":
        return EdgeKind.TRUE if getattr(upstream.spec, "if_true", None) == target else EdgeKind.FALSE
    return EdgeKind.DEP
