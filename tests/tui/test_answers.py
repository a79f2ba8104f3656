"""What waits for a person: the key that answers, and drawings of every operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Reason
from highway_tui.dag.graph import EdgeKind, NodeKind
from highway_tui.flow import flow_of
from highway_tui.sizing import draw
from highway_tui.states import OPERATOR_GLYPHS

from .conftest import Opener
from .fake_engine import batch, plan_of, run_record, task

FLOW = """\
name: release
tasks:
  build: {run: "true", on_interrupt: ask}
  sign_off: {operator_type: approval, prompt: "Ship it?", dependencies: [build]}
  choose:
    switch_on: "'b'"
    cases: {a: small, b: large}
    dependencies: [sign_off]
  small: {run: "true"}
  large: {run: "true"}
  both: {operator_type: join, join_tasks: [small, large]}
  told: {operator_type: emit_event, event_name: shipped, dependencies: [both]}
  heard: {operator_type: wait_for_event, event_name: shipped, dependencies: [both]}
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The workflow as a file."""
    path = tmp_path / "release.yaml"
    path.write_text(FLOW, encoding="utf-8")
    return path


def test_every_operator_can_be_drawn() -> None:
    """Switches, joins, approvals and events are chips like all others; the lines of a switch bear no yes or no."""
    graph = flow_of(plan_of(FLOW))

    assert {"switch", "join", "approval", "emit_event", "wait_for_event", "task"} == {node.kind for node in graph.nodes}
    assert not {EdgeKind.TRUE, EdgeKind.FALSE} & {edge.kind for edge in graph.edges}
    assert draw(graph, 80, 40).drawing.height > 0
    assert set(NodeKind) - {NodeKind.TASK} == set(OPERATOR_GLYPHS)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("key", "answers"), [("y", [("approve", "sign_off")]), ("n", [("reject", "sign_off")]), ("l", [])]
)
async def test_an_approval_is_answered(opened: Opener, release: Path, key: str, answers: list[tuple[str, str]]) -> None:
    """`!` goes to the task that waits for a person and asks; what is said reaches the run."""
    async with opened(release) as stage:
        waiting = task("sign_off", "waiting", operator="approval", reason=Reason("approval", "waiting: Ship it?"))
        stage.fake.publish(batch(run_record("waiting"), task("build", "succeeded"), waiting))
        await stage.settle()
        await stage.press("exclamation_mark")
        assert "Approve sign_off?" in stage.text()
        assert "Ship it?" in stage.text()

        await stage.press(key)
        assert answers == stage.fake.handles[-1].answers


@pytest.mark.asyncio
async def test_an_interrupted_call_is_settled(opened: Opener, release: Path) -> None:
    """Where nobody knows how a call ended, a person says it: here, that it is to run again."""
    async with opened(release) as stage:
        stage.fake.publish(batch(run_record("waiting"), task("build", "needs_attention")))
        await stage.settle()
        await stage.press("exclamation_mark", "r")

        assert [("rerun", "build")] == stage.fake.handles[-1].answers


@pytest.mark.asyncio
async def test_nothing_to_answer_is_said(opened: Opener, release: Path) -> None:
    """`!` never does nothing in silence."""
    async with opened(release) as stage:
        await stage.press("exclamation_mark")

        assert ["no task waits for an answer"] == [note.message for note in stage.app._notifications]
