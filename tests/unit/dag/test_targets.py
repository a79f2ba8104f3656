"""The drawings that the layout is measured by, and those of the samples: clean, and no taller than drawn by hand."""

from itertools import pairwise
from pathlib import Path

import pytest

from engine import load_workflow
from highway_tui.dag import (
    EdgeKind,
    FlowColumn,
    FlowEdge,
    FlowGraph,
    FlowGroup,
    FlowNode,
    NodeKind,
    Spacing,
    lay_out,
    render_text,
)
from highway_tui.flow import flow_of
from tests.unit.dag.checker import check, graph_of

SAMPLES = sorted((Path(__file__).parents[3] / "sample_workflows").rglob("*.yaml"))
MORE_ROWS = 1.1
CHIP = Spacing(node_width=24)


def column(text: str, title: str = "") -> FlowColumn:
    """One branch or body; see `graph_of`."""
    return FlowColumn(graph=graph_of(text), title=title)


def shop() -> FlowGraph:
    """An order with two parallels, a condition with three ways out, a loop and a foreach."""
    checks = ["validate_order", "validate_items", "process_payment", "operations"]
    chain = [*checks, "wait_for_payment", "check_payment", "verify_payment"]
    groups = {
        "validate_items": (
            NodeKind.PARALLEL,
            FlowGroup(
                columns=(column("customer", "customer"), column("stock", "inventory"), column("pricing", "pricing"))
            ),
        ),
        "operations": (
            NodeKind.PARALLEL,
            FlowGroup(
                columns=(
                    column("invoice > shipping", "documents"),
                    column("mail > warehouse", "notifications"),
                    column("update", "inventory"),
                )
            ),
        ),
        "low_stock": (
            NodeKind.WHILE,
            FlowGroup(columns=(column("notify > count; count > restock"),), repeats=True),
        ),
        "order_items": (NodeKind.FOREACH, FlowGroup(columns=(column("process_item"),))),
    }
    names = [*chain, "finalize_order", "low_stock", "payment_failure", "order_items", "final_confirmation"]
    edges = [(one, other, EdgeKind.DEP) for one, other in pairwise(chain)] + [
        ("verify_payment", "finalize_order", EdgeKind.TRUE),
        ("verify_payment", "low_stock", EdgeKind.DEP),
        ("verify_payment", "payment_failure", EdgeKind.FALSE),
        ("low_stock", "order_items", EdgeKind.DEP),
        ("order_items", "final_confirmation", EdgeKind.DEP),
    ]
    plain = (NodeKind.TASK, None)
    return FlowGraph(
        nodes=tuple(
            FlowNode(id=name, label=name, kind=groups.get(name, plain)[0], group=groups.get(name, plain)[1])
            for name in names
        ),
        edges=tuple(FlowEdge(source=one, target=other, kind=kind) for one, other, kind in edges),
    )


@pytest.mark.parametrize(
    ("graph", "spacing", "rows"),
    [
        (graph_of("start > left, right; left, right > mid"), Spacing(node_width=25, node_height=3), 15),
        (graph_of("verify > finalize:true, failed:false"), Spacing(node_width=30, node_height=3), 10),
        (shop(), CHIP, 39),
    ],
    ids=["diamond", "condition", "shop"],
)
def test_the_layout_is_as_good_as_a_hand(graph: FlowGraph, spacing: Spacing, rows: int) -> None:
    """The same nodes, edges and groups in at most a tenth more rows than the drawing made by hand has."""
    drawing = lay_out(graph, spacing)

    check(graph, drawing)
    assert drawing.height <= rows * MORE_ROWS


def test_the_shop_looks_like_this() -> None:
    """To the cell."""
    drawing = lay_out(shop(), CHIP)

    assert SHOP.strip("\n") == render_text(drawing, {name: f"[{name}]" for name in drawing.nodes})


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("spacing", [CHIP, Spacing(node_width=30, node_height=3)], ids=["chips", "boxes"])
def test_samples_are_drawn_cleanly(path: Path, spacing: Spacing) -> None:
    """Open and folded, as chips and as boxes."""
    plan = load_workflow(str(path)).plan
    if plan is None:
        pytest.fail(f"{path} does not compile")
    for folded in (set(), {node.id for node in plan.root.nodes}):
        graph = flow_of(plan, folded)
        check(graph, lay_out(graph, spacing))


SHOP = """
                              [validate_order]
                                         ▼
  ┌ [validate_items] ────────────────────────────────────────────────────────────┐
  │ customer                  inventory                 pricing                  │
  │ [customer]                [stock]                   [pricing]                │
  └──────────────────────────────────────┬───────────────────────────────────────┘
                                         ▼
                              [process_payment]
                                         ▼
  ┌ [operations] ────────────────────────────────────────────────────────────────┐
  │ documents                 notifications             inventory                │
  │ [invoice]                 [mail]                    [update]                 │
  │            ▼                         ▼                                       │
  │ [shipping]                [warehouse]                                        │
  └──────────────────────────────────────┬───────────────────────────────────────┘
                                         ▼
                              [wait_for_payment]
                                         ▼
                              [check_payment]
                                         ▼
                              [verify_payment]
           ╭─────────── true ────────────┼────────── false ───────────╮
           ▼                             ▼                            ▼
[finalize_order]          ┌ [low_stock] ────────────────┐  [payment_failure]
                          │  [notify]                ◄╮ │
                          │             ▼             ┆ │
                          │  [count]                  ┆ │
                          │             ▼             ┆ │
                          │  [restock]               ┄╯ │
                          └──────────────┬──────────────┘
                                         ▼
                          ┌ [order_items] ──────────────┐
                          │  [process_item]             │
                          └──────────────┬──────────────┘
                                         ▼
                              [final_confirmation]
"""
