"""A FlowGraph exists only if it can be drawn."""

import pytest

from highway_tui.dag import EdgeKind, FlowEdge, FlowGraph, FlowNode, GraphInvalid, hide_implied
from tests.unit.dag.checker import graph_of


def nodes(names: str) -> tuple[FlowNode, ...]:
    """One for each letter."""
    return tuple(FlowNode(id=name, label=name) for name in names)


@pytest.mark.parametrize(
    ("names", "edges", "message"),
    [
        pytest.param("aa", [], 'two nodes are called "a"', id="twice"),
        pytest.param("a", ["ab"], 'the edge "a" -> "b" names the unknown node "b"', id="unknown-target"),
        pytest.param("b", ["ab"], 'the edge "a" -> "b" names the unknown node "a"', id="unknown-source"),
        pytest.param("a", ["aa"], 'the edge "a" -> "a" leads to its own source', id="self"),
    ],
)
def test_a_graph_that_cannot_be_drawn_is_refused(names: str, edges: list[str], message: str) -> None:
    """The message names the node and the edge."""
    with pytest.raises(GraphInvalid) as caught:
        FlowGraph(nodes=nodes(names), edges=tuple(FlowEdge(source=edge[0], target=edge[1]) for edge in edges))

    assert message == str(caught.value)


def pairs(graph: FlowGraph) -> set[str]:
    """`ab` for an edge from a to b."""
    return {edge.source + edge.target for edge in graph.edges}


def test_an_edge_that_a_longer_way_shows_can_be_hidden() -> None:
    """Of a -> b -> c -> d the ways a -> c and a -> d say nothing new."""
    assert {"ab", "bc", "cd"} == pairs(hide_implied(graph_of("a > b, c, d; b > c; c > d")))


def test_a_diamond_keeps_all_its_edges() -> None:
    """Neither way implies the other."""
    assert {"ab", "ac", "bd", "cd"} == pairs(hide_implied(graph_of("a > b, c; b, c > d")))


def test_branches_are_never_hidden() -> None:
    """Which branch a task is cannot be read off a longer way."""
    graph = hide_implied(graph_of("a > b, c:true; b > c"))

    assert {"ab", "ac", "bc"} == pairs(graph)
    assert EdgeKind.TRUE in {edge.kind for edge in graph.edges}


def test_edges_of_a_cycle_are_never_hidden() -> None:
    """There nothing comes before anything."""
    assert {"ab", "bc", "ca", "ac"} == pairs(hide_implied(graph_of("a > b; b > c; c > a; a > c")))


def test_a_line_back_implies_nothing() -> None:
    """The loop's edge back is no way onward."""
    assert {"ab", "bc", "ca"} == pairs(hide_implied(graph_of("a > b; b > c; c > a:back")))
