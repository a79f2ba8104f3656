"""Whole drawings as text. A drawing that changes here changes on the screen: look at it before you accept it."""

import pytest

from highway_tui.dag import ASCII, Spacing, lay_out, render_text
from tests.unit.dag.checker import check, graph_of

DRAWINGS = [
    # A fan-out and a fan-in take one row of lines each.
    pytest.param(
        "start > left, right; left, right > mid",
        Spacing(node_width=10),
        """
      [start]
    ╭─────┴─────╮
    ▼           ▼
[left]      [right]
    ╰─────┬─────╯
          ▼
      [mid]
""",
        id="diamond",
    ),
    # Chips may be boxes; lines leave through their lower border.
    pytest.param(
        "start > left, right; left, right > mid",
        Spacing(node_width=11, node_height=3, node_gap=3),
        """
       ╭─────────╮
       │ start   │
       ╰────┬────╯
     ╭──────┴──────╮
     ▼             ▼
╭─────────╮   ╭─────────╮
│ left    │   │ right   │
╰────┬────╯   ╰────┬────╯
     ╰──────┬──────╯
            ▼
       ╭─────────╮
       │ mid     │
       ╰─────────╯
""",
        id="diamond-boxes",
    ),
    # True leaves to the left, false to the right, what merely waits in the middle.
    pytest.param(
        "verify > handle:false, low_stock, finalize:true",
        Spacing(node_width=12),
        """
              [verify]
     ╭─── true ────┼─── false ───╮
     ▼             ▼             ▼
[finalize]    [low_stock]   [handle]
""",
        id="condition",
    ),
    # Without room over the line, labels stand beside the arrows.
    pytest.param(
        "check > no:false, yes:true",
        Spacing(node_width=12),
        """
       [check]
     ╭──────┴──────╮
     ▼ true        ▼ false
[yes]         [no]
""",
        id="narrow-condition",
    ),
    # A branch straight down is labelled too.
    pytest.param(
        "check > yes:true",
        Spacing(node_width=12),
        """
[check]
     ▼ true
[yes]
""",
        id="lone-branch",
    ),
    # Twelve children hang on one line.
    pytest.param(
        "start > w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12",
        Spacing(node_width=5, node_gap=1),
        """
                                 [sta…
  ╭─────┬─────┬─────┬─────┬─────┬──┴──┬─────┬─────┬─────┬─────┬─────╮
  ▼     ▼     ▼     ▼     ▼     ▼     ▼     ▼     ▼     ▼     ▼     ▼
[w1]  [w2]  [w3]  [w4]  [w5]  [w6]  [w7]  [w8]  [w9]  [w10] [w11] [w12]
""",
        id="fan-out-12",
    ),
    # Many parents end in one arrow.
    pytest.param(
        "a, b, c, d > end",
        Spacing(node_width=7),
        """
[a]      [b]      [c]      [d]
   ╰────────┴────┬───┴────────╯
                 ▼
              [end]
""",
        id="fan-in",
    ),
    # A chain stays straight beside the line that skips it.
    pytest.param(
        "a > b, e; b > c; c > d; d > e",
        Spacing(node_width=7),
        """
[a]
   ├────╮
   ▼    │
[b]     │
   ▼    │
[c]     │
   ▼    │
[d]     │
   ├────╯
   ▼
[e]
""",
        id="spine",
    ),
    # One source of many is one line.
    pytest.param(
        "cfg > a, b, c; a > b; b > c",
        Spacing(node_width=7),
        """
[cfg]
   ├────╮
   ▼    │
[a]     │
   │ ╭──┤
   ▼ ▼  │
[b]     │
   ├────╯
   ▼
[c]
""",
        id="spread-line",
    ),
    # Lines of different sources cross as bridges and arrive apart.
    pytest.param(
        "a, b, c > x, y, z",
        Spacing(node_width=9),
        """
[a]        [b]        [c]
   ╭┴────────┬─│───────╮  │
   │ ╭───────│─┼───────│─╮│
   │ │ ╭─────│─│─┬─────│─│┴╮
   ▼ ▼ ▼     ▼ ▼ ▼     ▼ ▼ ▼
[x]        [y]        [z]
""",
        id="crossings",
    ),
    # A line that goes back ends in an arrow that points up.
    pytest.param(
        "a > b; b > c; c > b:back; c > d",
        Spacing(node_width=9),
        """
[a]
    ▼
[b]
   ▼ ▲
[c]
    ▼
[d]
""",
        id="loop",
    ),
    # What is not connected stands side by side.
    pytest.param(
        "a > b; c; d > e",
        Spacing(node_width=7),
        """
[a]       [c]       [d]
   ▼                   ▼
[b]                 [e]
""",
        id="parts",
    ),
    # The order workflow.
    pytest.param(
        """
validate > items
items > credit:body, stock:body, prices:body
credit, stock, prices > payment
payment > operations
operations > invoice:body, label:body, customer:body, warehouse:body, inventory:body
invoice > label
customer > warehouse
label, warehouse, inventory > confirm
confirm > status
status > verify
verify > finalize:true, low_stock, failure:false
low_stock > each_item
each_item > final
""",
        Spacing(node_width=14),
        """
                        [validate]
                              ▼
                        [items]
              ╭───────────────┼───────────────╮
              ▼               ▼               ▼
        [credit]        [stock]         [prices]
              ╰───────────────┼───────────────╯
                              ▼
                        [payment]
                              ▼
                        [operations]
             ╭────────┬───────┼───────────────╮
             ▼        │       ▼               ▼
       [invoice]      │ [customer]      [inventory]
             │ ╭──────┴─────╮ │               │
             ▼ ▼            ▼ ▼               │
       [label]          [warehouse]           │
             ╰────────┬───────┴───────────────╯
                      ▼
                [confirm]
                      ▼
                [status]
                      ▼
                [verify]
      ╭──── true ─────┼──── false ────╮
      ▼               ▼               ▼
[finalize]      [low_stock]     [failure]
                      ▼
                [each_item]
                      ▼
                [final]
""",
        id="order",
    ),
]


@pytest.mark.parametrize(("text", "spacing", "picture"), DRAWINGS)
def test_the_drawing_looks_like_this(text: str, spacing: Spacing, picture: str) -> None:
    """The drawing is this, to the cell, and can be read in one way only."""
    graph = graph_of(text)

    drawing = lay_out(graph, spacing)

    names = {node.id: f"[{node.id}]" if spacing.node_height == 1 else node.id for node in graph.nodes}
    assert picture.strip("\n") == render_text(drawing, names)
    check(graph, drawing)


def test_ascii_glyphs_draw_the_same_lines() -> None:
    """Where box-drawing characters fail, the same cells are drawn with ASCII."""
    drawing = lay_out(graph_of("check > yes:true, no:false; yes, no > end"), Spacing(node_width=12))
    names = {name: f"[{name}]" for name in drawing.nodes}

    assert ASCII_PICTURE.strip("\n") == render_text(drawing, names, ASCII)


ASCII_PICTURE = """
       [check]
     +------+------+
     v true        v false
[yes]         [no]
     +------+------+
            v
       [end]
"""
