"""The whole way from graph to drawing: odd graphs, large graphs, moving about."""

import pytest

from highway_tui.dag import Box, FlowEdge, FlowGraph, FlowNode, Point, Spacing, lay_out, render_text
from tests.unit.dag.checker import check, graph_of


def numbered(count: int, edges: list[tuple[int, int]]) -> FlowGraph:
    """Nodes n0, n1 … and edges by number."""
    return FlowGraph(
        nodes=tuple(FlowNode(id=f"n{number}", label="") for number in range(count)),
        edges=tuple(FlowEdge(source=f"n{source}", target=f"n{target}") for source, target in edges),
    )


def test_the_empty_graph_is_an_empty_drawing() -> None:
    """Nothing to draw is no error."""
    drawing = lay_out(FlowGraph())

    assert (0, 0, {}, (), "") == (drawing.width, drawing.height, drawing.nodes, drawing.mask, render_text(drawing, {}))


def test_one_node_is_one_chip() -> None:
    """It fills the drawing."""
    assert {"a": Box(0, 0, 24, 1)} == lay_out(graph_of("a")).nodes


@pytest.mark.parametrize("spacing", [Spacing(node_width=2), Spacing(node_height=0)], ids=["narrow", "flat"])
def test_chips_without_room_are_refused(spacing: Spacing) -> None:
    """A chip is at least 3 x 1."""
    with pytest.raises(ValueError, match="too small"):
        lay_out(graph_of("a"), spacing)


def test_two_edges_between_the_same_nodes_are_one_line_with_the_telling_kind() -> None:
    """A condition's branch usually is a dependency too."""
    drawing = lay_out(graph_of("a > b; a > b:true; a > c"))

    assert ["true"] == [label.text.strip() for label in drawing.labels]
    assert [("a", "b"), ("a", "c")] == list(drawing.edges)


def test_a_target_of_both_branches_has_no_label() -> None:
    """It runs either way."""
    assert () == lay_out(graph_of("a > b:true; a > b:false")).labels


def test_true_stands_left_of_false_whatever_the_file_order() -> None:
    """Even if that costs a crossing."""
    drawing = lay_out(graph_of("a > x, y; x > no; y > yes; c > no:false, yes:true"))

    assert drawing.nodes["yes"].x < drawing.nodes["no"].x


def test_a_cycle_without_a_way_in_is_drawn_too() -> None:
    """The edge that closes it points up."""
    graph = graph_of("a > b; b > c; c > a")

    drawing = lay_out(graph)

    check(graph, drawing)
    assert ["c"] == [source for (source, _), trace in drawing.edges.items() if trace.against]


def test_a_chain_of_20000_nodes_is_drawn() -> None:
    """Nothing recurses; the chain is one straight column."""
    drawing = lay_out(numbered(20_000, [(number, number + 1) for number in range(19_999)]))

    assert {0} == {box.x for box in drawing.nodes.values()}
    assert 39_999 == drawing.height


def test_many_long_edges_into_one_node_share_their_line() -> None:
    """A summary that waits for every task of a chain costs one line beside it, not one for each."""
    count = 60
    graph = numbered(count, [(n, n + 1) for n in range(count - 1)] + [(n, count - 1) for n in range(count - 2)])

    drawing = lay_out(graph)

    check(graph, drawing)
    assert drawing.width <= 40


def test_200_siblings_take_one_row_of_lines_above_and_one_below() -> None:
    """Wide, but plain."""
    children = range(1, 201)
    graph = numbered(202, [(0, child) for child in children] + [(child, 201) for child in children])

    drawing = lay_out(graph, Spacing(node_width=3, node_gap=1))

    check(graph, drawing)
    assert (7, 200 * 4 - 1) == (drawing.height, drawing.width)


def test_more_lines_than_fit_on_a_chip_are_collected_above_it() -> None:
    """Ten parents with other children besides, and room for two arrows."""
    graph = numbered(12, [(parent, child) for parent in range(10) for child in (10, 11)])

    check(graph, lay_out(graph, Spacing(node_width=5)))


def test_unconnected_nodes_are_packed_into_shelves() -> None:
    """As many side by side as fit."""
    drawing = lay_out(numbered(7, []), Spacing(node_width=10), shelf_width=40)

    assert [0, 13, 26, 0, 13, 26, 0] == [box.x for box in drawing.nodes.values()]
    assert [0, 0, 0, 2, 2, 2, 4] == [box.y for box in drawing.nodes.values()]


@pytest.mark.parametrize(
    ("start", "moves"),
    [
        pytest.param("start", {"down": "left", "up": None, "left": None, "right": "other"}, id="top"),
        pytest.param("left", {"down": "end", "up": "start", "left": None, "right": "right"}, id="left"),
        pytest.param("right", {"down": "end", "up": "start", "left": "left", "right": "last"}, id="right"),
        pytest.param("end", {"down": None, "up": "left", "left": None, "right": "last"}, id="bottom"),
        pytest.param("other", {"down": "last", "up": None, "left": "start", "right": None}, id="other-part"),
    ],
)
def test_moving_follows_edges_and_layers(start: str, moves: dict[str, str | None]) -> None:
    """Down to the first child, up to the nearest parent, sideways in the layer and on to the next part."""
    drawing = lay_out(graph_of("start > left, right; left, right > end; other > last"), Spacing(node_width=10))

    assert moves == {
        "down": drawing.move(start, "down"),
        "up": drawing.move(start, "up"),
        "left": drawing.move(start, "left"),
        "right": drawing.move(start, "right"),
    }


def test_a_cell_tells_its_node_and_its_edges() -> None:
    """Hit test for the mouse."""
    drawing = lay_out(graph_of("a > b, c"), Spacing(node_width=5))

    assert ["a", None, "b"] == [drawing.node_at(5, 0), drawing.node_at(0, 0), drawing.node_at(0, 3)]
    assert (("a", "b"), ("a", "c")) == drawing.edges_at(6, 1)
    assert (("a", "b"),) == drawing.edges_at(2, 2)
    assert () == drawing.edges_at(0, 1)


def test_the_cells_of_an_edge_run_from_source_to_target() -> None:
    """One after another, so that an animation may follow them."""
    drawing = lay_out(graph_of("a > b, c"), Spacing(node_width=5))

    assert [Point(x, 1) for x in (6, 5, 4, 3, 2)] + [Point(2, 2)] == list(drawing.edge_cells("a", "b"))


def test_a_state_change_cannot_move_anything() -> None:
    """What a chip says is no part of the layout: other labels, same drawing."""
    one = lay_out(graph_of("a > b, c; b, c > d"))
    renamed = FlowGraph(
        nodes=tuple(FlowNode(id=name, label=f"{name} has run for 12m3s") for name in "abcd"),
        edges=graph_of("a > b, c; b, c > d").edges,
    )

    assert (one.mask, one.nodes) == (lay_out(renamed).mask, lay_out(renamed).nodes)


def test_lines_that_change_columns_are_drawn_apart() -> None:
    """Two nets of which each would have to lie above the other: one goes round by a column of its own."""
    nodes = "n8; n14; n6; n11; n13; n5; n10; n3; n15; n9; n12;"
    edges = "n6, n8, n11 > n15; n3 > n11, n6; n5 > n10, n14, n11, n13; n6 > n8; n8 > n9; n9 > n10; n10 > n11; n12 > n14"
    graph = graph_of(nodes + edges)

    drawing = lay_out(graph, Spacing(node_width=3))

    check(graph, drawing)
    assert any(len({point.y for point in wire.points[1:-1]}) > 1 for wire in drawing.wires)
