"""Groups in the graph: frames that fold, the iteration that a loop shows, moving in and out."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import key_of
from highway_tui.flow import flow_of
from highway_tui.plan_nodes import PlanNodes
from highway_tui.sizing import draw
from highway_tui.widgets.dag_view import DagView

from .conftest import Opener
from .fake_engine import batch, plan_of, run_record, task

NESTED = """\
name: nest
tasks:
  first: {run: "true"}
  loop:
    items: [1, 2]
    dependencies: [first]
    loop_body: [{task_id: one, run: "true"}, {task_id: two, run: "true", dependencies: [one]}]
  last: {run: "true", dependencies: [loop]}
"""


@pytest.mark.asyncio
async def test_groups_fold_and_open(opened: Opener, tmp_path: Path) -> None:
    """`o` folds the group around what is selected to one chip and opens it again; `O` does it with all."""
    path = tmp_path / "nest.yaml"
    path.write_text(NESTED)
    async with opened(path, size=(160, 45)) as stage:
        graph = stage.app.run_screen.query_one(DagView)
        graph.focus()
        assert graph.has("loop/one")
        graph._pick("loop/two")
        await stage.settle()

        await stage.press("o")
        assert not graph.has("loop/one")
        assert "loop" == graph.selected

        await stage.press("o")
        assert graph.has("loop/one")

        await stage.press("O")
        assert not graph.has("loop/one")
        await stage.press("O")
        assert graph.has("loop/one")


@pytest.mark.asyncio
async def test_a_loop_shows_the_iteration_that_lives(opened: Opener, tmp_path: Path) -> None:
    """The chips in the frame of a loop are those of the newest live iteration; picking one selects it there."""
    path = tmp_path / "nest.yaml"
    path.write_text(NESTED)
    async with opened(path, size=(160, 45)) as stage:
        graph = stage.app.run_screen.query_one(DagView)
        stage.fake.publish(
            batch(
                run_record(),
                task("first", "succeeded"),
                task("loop", operator="foreach", children_done=1, children_total=2),
                task("loop[0]/one", "succeeded"),
                task("loop[0]/two", "succeeded"),
                task("loop[1]/one", "running"),
            )
        )
        await stage.settle()

        assert ("running", "pending") == tuple(graph.chips[name][0] for name in ("loop/one", "loop/two"))
        graph._pick("loop/one")
        await stage.settle()
        assert stage.app.run_screen.selected == key_of("loop[1]/one")


def test_moving_enters_and_leaves_frames() -> None:
    """Down goes into a group and out of it below; up goes back to its title."""
    drawing = draw(flow_of(plan_of(NESTED)), 100, 60).drawing

    path = ["first"]
    while (below := drawing.move(path[-1], "down")) is not None:
        path.append(below)
    assert ["first", "loop", "loop/one", "loop/two", "last"] == path
    assert ["loop", "first"] == [drawing.move("loop/one", "up"), drawing.move("loop", "up")]


def test_a_large_workflow_starts_folded() -> None:
    """Above some eighty tasks, all that operators hold included, each operator is one chip at first."""
    body = ", ".join(f"{{task_id: t{number}, run: 'true'}}" for number in range(90))
    nodes = PlanNodes(plan_of(f"tasks: {{loop: {{items: [1], loop_body: [{body}]}}}}"))

    assert {"loop"} == nodes.folded_at_first == nodes.groups
    assert not PlanNodes(plan_of(NESTED)).folded_at_first
