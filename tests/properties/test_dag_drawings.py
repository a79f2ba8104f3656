"""Random graphs through the checker: whatever is drawn can be read, and only in one way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from highway_tui.dag import EdgeKind, FlowColumn, FlowEdge, FlowGraph, FlowGroup, FlowNode, Spacing, lay_out
from tests.unit.dag.checker import check

KINDS = (EdgeKind.DEP, EdgeKind.DEP, EdgeKind.DEP, EdgeKind.TRUE, EdgeKind.FALSE, EdgeKind.BODY)
spacings = st.builds(
    Spacing,
    node_width=st.sampled_from([3, 4, 6, 12, 24]),
    node_height=st.sampled_from([1, 3]),
    node_gap=st.integers(1, 3),
    stub=st.integers(0, 1),
)


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool, most: int = 40) -> FlowGraph:
    """Graphs with nodes in random file order; with `acyclic` edges lead from lower to higher numbers only."""
    count = draw(st.integers(1, most))
    numbers = st.integers(0, count - 1)
    pairs = draw(st.sets(st.tuples(numbers, numbers), max_size=2 * count))
    edges: list[FlowEdge] = []
    for one, other in sorted(pairs):
        source, target = sorted((one, other)) if acyclic else (one, other)
        if source != target:
            kind = draw(st.sampled_from(KINDS if acyclic else (*KINDS, EdgeKind.BACK)))
            edges.append(FlowEdge(source=f"n{source}", target=f"n{target}", kind=kind))
    order = draw(st.permutations(range(count)))
    return FlowGraph(nodes=tuple(FlowNode(id=f"n{n}", label=f"node {n}") for n in order), edges=tuple(edges))


@st.composite
def nested(draw: st.DrawFn, depth: int = 2, prefix: str = "") -> FlowGraph:
    """Graphs some of whose nodes hold graphs: branches with titles, or the body of a loop."""
    flat = draw(graphs(acyclic=True, most=7))
    nodes: list[FlowNode] = []
    for node in flat.nodes:
        name, group = prefix + node.id, None
        if depth and draw(st.integers(0, 3)) == 0:
            titles = draw(st.sampled_from([("",), ("a",), ("one", "a long title of a branch", "")]))
            columns = [
                FlowColumn(graph=draw(nested(depth - 1, f"{name}/{place}/")), title=title)
                for place, title in enumerate(titles)
            ]
            group = FlowGroup(columns=tuple(columns), repeats=draw(st.booleans()))
        nodes.append(FlowNode(id=name, label=name, group=group))
    edges = tuple(FlowEdge(source=prefix + e.source, target=prefix + e.target, kind=e.kind) for e in flat.edges)
    return FlowGraph(nodes=tuple(nodes), edges=edges)


@settings(max_examples=100, deadline=None)
@given(graph=nested(), spacing=spacings)
def test_frames_hold_what_is_theirs(graph: FlowGraph, spacing: Spacing) -> None:
    """Frames in frames: nothing leaves its frame, no line runs through one, every edge can be traced."""
    check(graph, lay_out(graph, spacing))


@settings(max_examples=150, deadline=None)
@given(graph=graphs(acyclic=True), spacing=spacings)
def test_every_drawing_can_be_read_in_one_way_only(graph: FlowGraph, spacing: Spacing) -> None:
    """Arms meet, each chip leads to its children and parents and to nothing else, labels are clear of all lines."""
    check(graph, lay_out(graph, spacing))


@settings(max_examples=75, deadline=None)
@given(graph=graphs(acyclic=False, most=15), spacing=spacings)
def test_a_graph_with_cycles_can_be_read_too(graph: FlowGraph, spacing: Spacing) -> None:
    """Edges that close a cycle point up; everything else holds."""
    check(graph, lay_out(graph, spacing))


@settings(max_examples=50, deadline=None)
@given(graph=graphs(acyclic=True), spacing=spacings)
def test_an_acyclic_graph_runs_down(graph: FlowGraph, spacing: Spacing) -> None:
    """Every target lies below its source."""
    drawing = lay_out(graph, spacing)

    for source, target in drawing.edges:
        assert drawing.nodes[source].y + spacing.node_height < drawing.nodes[target].y + 1


@settings(max_examples=50, deadline=None)
@given(graph=graphs(acyclic=True))
def test_the_same_graph_gives_the_same_drawing(graph: FlowGraph) -> None:
    """Nothing is left to chance or to the order of hashes."""
    one, other = lay_out(graph), lay_out(graph)

    assert (one.mask, one.labels, one.nodes) == (other.mask, other.labels, other.nodes)
