"""From a plan to what is drawn. Pure. Loops, inline branches and nested workflows are one chip each; parallel
members are chips of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine import Gate, Graph, Node, Plan

from .dag.graph import EdgeKind, FlowEdge, FlowGraph, FlowNode, NodeKind


def flow_of(plan: Plan, labels: dict[str, str] | None = None) -> FlowGraph:
    """Draw the tasks of the workflow itself. `labels` replaces what a chip says, by task id."""
    shown = labels or {}
    nodes = tuple(
        FlowNode(id=node.id, label=shown.get(node.id, node.id), kind=NodeKind(node.operator))
        for node in plan.root.nodes
    )
    return FlowGraph(nodes=nodes, edges=tuple(_edges(plan.root)))


def members_of(node: Node) -> frozenset[int]:
    """Indexes of a parallel's members in its own graph; empty for everything else."""
    branches = getattr(node.spec, "branches", {})
    return frozenset(member for branch in branches.values() for member in branch)


def _edges(graph: Graph) -> Iterator[FlowEdge]:
    seen: set[tuple[int, int]] = set()
    for node in graph.nodes:
        for edge in sorted(node.dependencies, key=lambda edge: edge.gate is not Gate.TARGET):
            if edge.gate is Gate.OPEN and _inside(graph, node, edge.upstream):
                continue  # the line from the member before it says the same
            for source in _sources(graph, edge.upstream, edge.gate):
                if source == node.index or (source, node.index) in seen:
                    continue
                seen.add((source, node.index))
                kind = _kind(graph.nodes[edge.upstream], node.index, edge.gate)
                yield FlowEdge(source=graph.nodes[source].id, target=node.id, kind=kind)


def _inside(graph: Graph, node: Node, parallel: int) -> bool:
    """Say whether a member follows another member of the same parallel."""
    members = members_of(graph.nodes[parallel])
    return any(edge.upstream in members for edge in node.dependencies)


def _sources(graph: Graph, upstream: int, gate: Gate) -> list[int]:
    """Find where an edge leaves: what waits for a whole parallel is drawn behind the last tasks of its branches."""
    members = members_of(graph.nodes[upstream])
    if gate is not Gate.DONE or not members:
        return [upstream]
    inner = {
        edge.upstream for member in members for edge in graph.nodes[member].dependencies if edge.upstream in members
    }
    return sorted(members - inner)


def _kind(upstream: Node, target: int, gate: Gate) -> EdgeKind:
    if gate is Gate.OPEN:
        return EdgeKind.BODY
    if gate is Gate.TARGET and upstream.operator == "condition":
        return EdgeKind.TRUE if getattr(upstream.spec, "if_true", None) == target else EdgeKind.FALSE
    return EdgeKind.DEP
