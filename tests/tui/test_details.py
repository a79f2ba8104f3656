"""The page of one task: inputs, attempts, and the lines of the file that define it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import AttemptRecord, ErrorInfo, TaskStatus, key_of
from highway_tui.plan_nodes import PlanNodes
from highway_tui.yaml_source import MOST_LINES, source_of

from .conftest import ETL, Opener
from .fake_engine import EPOCH, batch, failed, plan_of, run_record

TEXT = """\
tasks:
  one:
    run: |
      echo a

      echo b

  two: {run: "true"}
  three:
    - task_id: inner
      run: "true"
    - task_id: other
"""


@pytest.mark.parametrize(
    ("line", "block"),
    [
        (2, "one:\n  run: |\n    echo a\n\n    echo b"),
        (8, 'two: {run: "true"}'),
        (10, '- task_id: inner\n  run: "true"'),
        (12, "- task_id: other"),
        (99, ""),
    ],
)
def test_the_lines_of_a_task(line: int, block: str) -> None:
    """A block ends where the indentation does; blank lines inside stay, those at its end go."""
    assert block == source_of(TEXT, line)


def test_a_long_block_is_cut() -> None:
    """However long a script is, the page has a bound."""
    text = "one:\n" + "  x\n" * 500

    assert MOST_LINES + 1 == len(source_of(text, 1).splitlines())


def test_nodes_are_found_at_any_depth() -> None:
    """Iterations and inline branches lead to the task of the definition that they stand for."""
    nodes = PlanNodes(plan_of(ETL))
    inner = nodes.of(key_of("each[2]/one"))

    assert inner is not None
    assert ("one", 8) == (inner.id, nodes.line_of(key_of("each[2]/one")))
    assert nodes.of(key_of("each[2]/two")) is None


@pytest.mark.asyncio
async def test_the_page_has_inputs_attempts_and_source(opened: Opener, etl: Path) -> None:
    """Inputs are those of the newest generation; every attempt has its error; the source is that of the run."""
    async with opened(etl, size=(120, 50)) as stage:
        key = key_of("load")
        stage.fake.reader.attempts_of[key] = [
            AttemptRecord(
                key=key,
                generation=generation,
                attempt=1,
                epoch=1,
                status=TaskStatus.FAILED,
                arguments={"args": [f"input {generation}"]},
                started_at=EPOCH,
                finished_at=EPOCH + 2,
                error=ErrorInfo(code="E-EXIT", message=f"HTTP 50{generation}"),
            )
            for generation in (1, 2)
        ]
        stage.fake.publish(batch(run_record(), failed("load")))
        await stage.settle()
        await stage.press("F", "enter")
        text = stage.text()

        assert "input 2" in text
        assert "input 1" not in text
        assert "1  failed 2.0s: HTTP 501 [E-EXIT]" in text
        assert "2.1  failed 2.0s: HTTP 502 [E-EXIT]" in text
        assert "load: {function: log.info, args: [load], retry: {max_attempts: 3}}" in text


@pytest.mark.asyncio
async def test_a_wanted_id_is_that_of_the_first_run(opened: Opener, etl: Path) -> None:
    """A run that is started again gets an id of its own."""
    async with opened(etl, run_id="it") as stage:
        stage.fake.finish("succeeded")
        await stage.settle()
        await stage.press("r")

        assert ["it", None] == stage.fake.wanted_ids
