"""The panes on their own: log, graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import LogLine
from highway_tui.dag.drawing import Drawing
from highway_tui.flow import flow_of
from highway_tui.sizing import draw
from highway_tui.widgets.dag_view import DagView
from highway_tui.widgets.log_pane import MAX_LINES, LogPane

from .conftest import ETL, Opener, Stage
from .fake_engine import batch, plan_of, run_record, skipped, task

PARALLEL = """\
name: fan
tasks:
  split: {branches: {one: [a, b], two: [c]}}
  a: {run: "true", dependencies: [split]}
  b: {run: "true", dependencies: [a]}
  c: {run: "true", dependencies: [split]}
  after: {run: "true", dependencies: [split]}
"""


def lines(count: int, text: str = "line") -> list[LogLine]:
    """Numbered lines of a log."""
    return [LogLine(at=0.0, stream="stdout", level="info", text=f"{text} {number}") for number in range(count)]


def log_of(stage: Stage) -> LogPane:
    """The log pane."""
    return stage.app.run_screen.query_one(LogPane)


@pytest.mark.asyncio
async def test_the_log_follows_until_a_person_scrolls(opened: Opener, etl: Path) -> None:
    """The end is in sight as lines come; after a scroll it stays where it is; G follows again."""
    async with opened(etl) as stage:
        log = log_of(stage)
        log.focus()
        log.clear("")
        log.append(lines(100))
        await stage.settle()
        assert "line 99" in stage.text()

        await stage.press("up", "up")
        log.append(lines(3, "more"))
        await stage.settle()
        assert "more 2" not in stage.text()

        await stage.press("G")
        assert "more 2" in stage.text()
        assert log.following


@pytest.mark.asyncio
async def test_the_log_is_bounded(opened: Opener, etl: Path) -> None:
    """However much a task writes, a fixed number of lines is held."""
    async with opened(etl) as stage:
        log = log_of(stage)
        for _ in range(4):
            log.append(lines(MAX_LINES // 2))

        assert MAX_LINES == len(log.lines)
        assert 2 * MAX_LINES == log.total


@pytest.mark.asyncio
async def test_long_lines_wrap_on_demand(opened: Opener, etl: Path) -> None:
    """W shows the whole line on as many rows as it needs, and back."""
    async with opened(etl) as stage:
        log = log_of(stage)
        log.focus()
        log.clear("")
        log.append(lines(1, "word " * 60))
        await stage.press("w")
        assert len(log.lines) > 2

        await stage.press("w")
        assert 1 == len(log.lines)


def drawn(text: str, width: int = 100, height: int = 60) -> Drawing:
    """The drawing of a workflow for a pane of some size."""
    return draw(flow_of(plan_of(text)), width, height).drawing


def test_what_waits_for_a_parallel_stands_below_its_branches() -> None:
    """The picture shows the order in which things happen: members below the parallel, its dependents below them."""
    tops = {node: box.y for node, box in drawn(PARALLEL).nodes.items()}

    assert tops["split"] < tops["a"] < tops["b"] < tops["after"]
    assert tops["split"] < tops["c"] < tops["after"]


def test_a_parallel_is_a_frame_with_a_column_for_each_branch() -> None:
    """Its members stand inside, with the lines among them; what follows it follows the frame."""
    graph = flow_of(plan_of(PARALLEL))
    split = graph.nodes[graph.index_of["split"]]
    assert split.group is not None

    columns = [[node.id for node in column.graph.nodes] for column in split.group.columns]
    assert [["a", "b"], ["c"]] == columns
    assert [("a", "b")] == [(edge.source, edge.target) for edge in split.group.columns[0].graph.edges]
    assert [("split", "after")] == [(edge.source, edge.target) for edge in graph.edges]
    assert all(node.group is None for node in flow_of(plan_of(PARALLEL), {"split"}).nodes)


def test_both_ways_out_of_a_condition_are_labelled() -> None:
    """True and false stand on the lines of a condition."""
    assert {"true", "false"} == {label.text.strip() for label in drawn(ETL).labels}


def test_a_drawing_that_fits_has_boxes_and_a_larger_one_chips() -> None:
    """Where all boxes fit they are drawn; in a smaller pane each task is one line."""
    for width, height, rows in ((120, 60, 3), (60, 20, 1)):
        drawing = drawn(ETL, width, height)
        assert {rows} == {box.height for name, box in drawing.nodes.items() if name not in drawing.frames}


@pytest.mark.asyncio
async def test_a_state_change_moves_nothing(opened: Opener, etl: Path) -> None:
    """Chips keep their places and sizes whatever their tasks do."""
    async with opened(etl) as stage:
        graph = stage.app.run_screen.query_one(DagView)
        before = graph._drawing
        stage.fake.publish(batch(run_record(), task("fetch", "succeeded"), skipped("note", "was false"), task("load")))
        await stage.settle()

        assert before is not None
        assert before is graph._drawing
        assert "⊘ note" in stage.text()


@pytest.mark.asyncio
async def test_a_click_selects_a_chip(opened: Opener, etl: Path) -> None:
    """The mouse hits what it points at, also where the drawing is centred."""
    async with opened(etl) as stage:
        graph = stage.app.run_screen.query_one(DagView)
        assert graph._drawing is not None
        box = graph._drawing.nodes["is_new"]
        await stage.pilot.click(graph, offset=(box.x + graph._offset + 2, box.y + 1 + box.height // 2))
        await stage.settle()

        assert stage.app.run_screen.selected is not None
        assert "is_new" == stage.app.run_screen.selected.task


@pytest.mark.asyncio
async def test_output_keeps_its_colours_and_nothing_else(opened: Opener, etl: Path) -> None:
    """Colours of a task's output are shown; blinking, hidden text and other sequences are not."""
    async with opened(etl) as stage:
        log = log_of(stage)
        log.clear("")
        text = "a \x1b[1;31mred\x1b[0m \x1b[5;8mplain\x1b[0m \x1b]0;title\x07end"
        log.append([LogLine(at=0.0, stream="stdout", level="info", text=text)])
        [line] = log.lines
        styles = {segment.text: segment.style for segment in line}

        assert "a red plain end" == "".join(segment.text for segment in line[1:])
        assert styles["red"] is not None
        assert styles["red"].color is not None
        assert (1, True) == (styles["red"].color.number, styles["red"].bold)
        assert styles["plain"] is not None
        assert not styles["plain"].conceal
        assert not styles["plain"].blink


@pytest.mark.asyncio
async def test_coloured_lines_wrap(opened: Opener, etl: Path) -> None:
    """A long coloured line is broken into lines of the pane's width; no cell is lost."""
    async with opened(etl) as stage:
        log = log_of(stage)
        log.clear("")
        log.wrapping = True
        log.append([LogLine(at=0.0, stream="stdout", level="info", text="\x1b[32m" + "0123456789" * 30 + "\x1b[0m")])
        width = log.scrollable_content_region.width

        assert len(log.lines) > 1
        assert all(sum(segment.cell_length for segment in line) <= width for line in log.lines)
        assert "0123456789" * 30 == "".join(segment.text for line in log.lines for segment in line[1:])
