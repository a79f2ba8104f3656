"""Folding records into what the screens show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import ResultRef, TaskStatus, key_of
from highway_tui import sentences
from highway_tui.view_models import FOLD_ABOVE, SHOWN_OF_FOLDED, RunView

from .conftest import ETL
from .fake_engine import EPOCH, batch, failed, name, plan_of, run_record, skipped, task


def rows(view: RunView) -> list[str]:
    """What the task list says, without states."""
    return ["  " * row.depth + ("…" if row.fold else row.prefix + row.key.task) for row in view.rows]


def test_a_plan_alone_is_all_pending() -> None:
    """Before there are records, the tasks stand in file order."""
    view = RunView(plan_of(ETL))

    assert ["fetch", "is_new", "load", "note", "each", "done"] == rows(view)
    assert (0, 6) == (view.done, view.total)


def test_records_replace_each_other() -> None:
    """The newest record of a task counts, once."""
    view = RunView(plan_of(ETL))
    view.apply(batch(run_record(), task("fetch")))
    view.apply(batch(run_record(), task("fetch", "succeeded"), skipped("note", "was false")))
    view.apply(batch(run_record(), task("fetch", "succeeded")))

    assert (1, 1, 4) == (view.counts["succeeded"], view.counts["skipped"], view.counts["pending"])
    assert (2, 6) == (view.done, view.total)


def test_a_view_without_a_plan_shows_what_is_recorded() -> None:
    """A past run whose definition cannot be read is listed in the order of creation."""
    view = RunView()
    view.apply(batch(run_record(), task("b", ordinal=1), task("a", ordinal=0)))

    assert ["a", "b"] == rows(view)
    assert 2 == view.total


def test_scopes_of_every_kind_stand_under_their_owner() -> None:
    """Iterations, inline branches and nested workflows are indented, to any depth."""
    view = RunView()
    view.apply(
        batch(
            run_record(),
            task("loop", operator="foreach", ordinal=0),
            task("par", operator="parallel", ordinal=1),
            task("sub", operator="workflow", ordinal=2),
            task("loop[0]/inner", operator="foreach", ordinal=3),
            task("loop[0]/inner[1]/leaf", ordinal=4),
            task("par/left/x", ordinal=5),
            task("sub/y", ordinal=6),
        )
    )

    assert ["loop", "  [0] inner", "    [1] leaf", "par", "  left/x", "sub", "  y"] == rows(view)


def test_a_long_loop_is_folded_to_counters() -> None:
    """Of thousands of iterations only some that live or failed are listed, under one row of counters."""
    view = RunView()
    view.apply(batch(run_record(), task("loop", operator="foreach")))
    done = [task(f"loop[{index}]/x", "succeeded", ordinal=index) for index in range(5000)]
    live = [task(f"loop[{index}]/x", ordinal=index) for index in range(5000, 5003)]
    view.apply(batch(run_record(), *done, failed("loop[7]/x"), *live))
    iterations = view.iterations(key_of("loop"))

    assert ["loop", "  …", "  [7] x", "  [5000] x", "  [5001] x", "  [5002] x"] == rows(view)
    assert (4999, 1, 3) == iterations


def test_a_folded_loop_lists_a_bounded_number() -> None:
    """However many iterations failed, the list stays short."""
    view = RunView()
    view.apply(batch(run_record(), task("loop"), *(failed(f"loop[{index}]/x") for index in range(100))))

    assert 2 + SHOWN_OF_FOLDED == len(view.rows)
    assert FOLD_ABOVE < 100


def test_names_around_the_selected_task_are_visible() -> None:
    """A nested workflow's names show while one of its tasks is selected; deleted ones never."""
    view = RunView()
    gone = replace(name("memory", "gone", 1), deleted=True)
    view.apply(batch(run_record(), names=[name("memory", "n", 1), name("memory", "m", 2, scope="sub"), gone]))

    assert ["n"] == [shown.name for shown in view.names()]
    assert ["n", "m"] == [shown.name for shown in view.names(key_of("sub/y"))]


def test_results_show_the_beginning_of_their_text() -> None:
    """A result's text comes from the turn that stored it; without it only the size is known."""
    view = RunView()
    result = replace(name("result", "r", None), ref=ResultRef("abc", 7))
    view.apply(batch(run_record(), names=[result]))
    assert ("", 7) == (view.names()[0].value, view.names()[0].size)

    view.add_previews({"abc": '{"a":1}'})
    assert '{"a":1}' == view.names()[0].value


def test_older_records_never_hide_newer_ones() -> None:
    """What a resume reads from the store fills gaps only."""
    view = RunView(plan_of(ETL))
    view.apply(batch(run_record(), task("load")))
    view.add_older(run_record("failed"), [task("fetch", "succeeded"), failed("load")], [])

    assert "running" == view.status(key_of("load"))
    assert "succeeded" == view.status(key_of("fetch"))
    assert view.live


@pytest.mark.parametrize("status", [status.value for status in TaskStatus])
def test_every_state_has_a_sentence(status: str) -> None:
    """Whatever state a task is in, the sentence begins with the word for it."""
    said = sentences.sentence(task("fetch", status), [], EPOCH + 2)

    assert said.startswith(status.replace("_", " ")) or status == "retry_wait"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0, "0.0s"),
        (0.44, "0.4s"),
        (59.94, "59.9s"),
        (59.96, "1m00s"),
        (63, "1m03s"),
        (723, "12m"),
        (3720, "1h02m"),
        (50400, "14h"),
        (273600, "3d04h"),
        (-1, "0.0s"),
    ],
)
def test_times_fit_into_five_cells(seconds: float | None, shown: str) -> None:
    """A chip's time never gets wider, so a chip never moves."""
    assert shown == sentences.chip_time(seconds)
    assert 5 >= len(sentences.chip_time(seconds))


def test_a_wait_counts_down() -> None:
    """A waiting task shows what is left, not what has passed."""
    waiting = task("nap", "waiting", until=EPOCH + 10)

    assert 7.0 == sentences.task_time(waiting, EPOCH + 3)
    assert "waiting, 7.0s left" == sentences.sentence(waiting, [], EPOCH + 3)


def test_a_pending_task_names_what_it_waits_for() -> None:
    """The sentence of a pending task lists the dependencies that are not over."""
    view = RunView(plan_of(ETL))
    view.apply(batch(run_record(), task("note", "succeeded")))

    assert ["each"] == view.waits_for(key_of("done"))
    assert "pending: waits for each" == sentences.sentence(None, view.waits_for(key_of("done")), EPOCH)
