"""Pausing a run, and the time limit of a whole run."""

from __future__ import annotations

import pytest

from engine.core.ending import is_parked
from engine.core.events import Reason
from engine.core.status import RunStatus
from engine.errors import UsageError
from tests.simulation import Simulation, plan_of, shell


def status_of(run: Simulation) -> RunStatus:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status


def paused(run: Simulation) -> Simulation:
    """Pause a run."""
    run.scheduler.pause(Reason("pause", "paused by the test"))
    run.turn()
    return run


def unpaused(run: Simulation) -> Simulation:
    """Let a paused run go on."""
    run.scheduler.unpause()
    run.turn()
    return run


def test_a_paused_run_starts_nothing_new() -> None:
    """What runs ends; what would follow, stand in line, retry or count in memory waits; no permit is held."""
    tasks = {
        "a": shell(),
        "b": shell(),
        "next": shell(depends_on=["a"]),
        "set": {"function": "memory.set", "args": ["n", 1], "depends_on": ["a"]},
        "retry": shell(retry={"max_attempts": 2, "delay": 1}),
    }
    run = paused(Simulation(plan_of(tasks, max_parallel=2)))
    assert status_of(run) is RunStatus.PAUSED

    run.finish("a").finish("b").advance(60)

    assert run.statuses() == {
        "a": "succeeded",
        "b": "succeeded",
        "next": "pending",
        "set": "pending",
        "retry": "queued",
    }
    assert run.permits.in_use == 0
    assert status_of(run) is RunStatus.PAUSED
    unpaused(run)
    assert run.ready == {"retry", "next"}
    assert run.run_to_end().statuses()["set"] == "succeeded"
    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_wait_that_ends_while_paused_ends_when_the_run_goes_on() -> None:
    """Time goes on, decisions do not."""
    run = paused(Simulation(plan_of({"wait": {"wait_for": 5}, "after": shell(depends_on=["wait"])})))

    run.advance(10)
    assert run.statuses()["wait"] == "waiting"
    unpaused(run)

    assert run.ready == {"after"}


def test_a_paused_run_whose_last_task_ends_is_over() -> None:
    """There is nothing left to wait with."""
    assert status_of(paused(Simulation(plan_of({"a": shell()}))).finish("a")) is RunStatus.SUCCEEDED


def test_a_resume_goes_on() -> None:
    """A pause belongs to the owner that was told to."""
    run = paused(Simulation(plan_of({"a": shell(), "b": shell()}, max_parallel=1)))

    run.crash()

    assert run.statuses() == {"a": "running", "b": "queued"}


def test_a_cancel_ends_a_paused_run_and_always_tasks_still_run() -> None:
    """The line that was given up is stood in again."""
    tasks = {"a": shell(), "b": shell(trigger_rule="always"), "c": shell(depends_on=["a"], trigger_rule="always")}
    run = paused(Simulation(plan_of(tasks, max_parallel=1))).cancel().finish("a")

    assert run.run_to_end().statuses() == {"a": "cancelled", "b": "succeeded", "c": "succeeded"}
    assert status_of(run) is RunStatus.CANCELLED


def test_only_a_paused_run_goes_on_and_no_finished_one_pauses() -> None:
    """A wish that does not fit is refused."""
    run = Simulation(plan_of({"a": shell()}))

    with pytest.raises(UsageError, match="not paused"):
        run.scheduler.unpause()
    run.finish("a")
    with pytest.raises(UsageError, match="cannot be paused"):
        run.scheduler.pause(Reason("pause", ""))


def test_a_run_that_takes_too_long_is_stopped_and_times_out() -> None:
    """As by a cancel: running calls are stopped, `always` tasks still run."""
    tasks = {
        "a": shell(),
        "b": shell(depends_on=["a"]),
        "clean": shell(depends_on=["a"], trigger_rule="always"),
    }
    run = Simulation(plan_of(tasks, timeout="10s")).advance(9.9)
    assert run.stopping == set()

    run.advance(0.2).finish("a")

    assert run.statuses() == {"a": "cancelled", "b": "cancelled", "clean": "running"}
    run.finish("clean")
    assert status_of(run) is RunStatus.TIMED_OUT
    error = run.state.error
    assert error is not None
    assert error.message == "timed out: the run took longer than 10 s"


def test_a_resume_has_the_whole_time_again() -> None:
    """The time between a crash and its resume is nobody's fault."""
    run = Simulation(plan_of({"a": shell()}, timeout=10)).advance(9)
    run.crash().advance(9)
    assert run.stopping == set()

    assert status_of(run.finish("a").advance(60)) is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("tasks", "workflow", "expected"),
    [
        ({"a": {"wait_for": {"approval": "?"}}, "b": {"wait_for": {"event": "e"}}}, {}, True),
        ({"a": {"wait_for": {"approval": "?", "timeout": 5}}}, {}, False),
        ({"a": {"wait_for": {"approval": "?"}}}, {"timeout": 5}, False),
        ({"a": {"wait_for": {"approval": "?"}}, "b": {"wait_for": 5}}, {}, False),
        ({"a": {"wait_for": {"approval": "?"}}, "b": {"wait_for": {"file": "x"}}}, {}, False),
        ({"a": {"wait_for": {"approval": "?"}}, "b": {"run": "true"}}, {}, False),
    ],
)
def test_a_run_is_parked_when_only_somebody_outside_can_move_it(
    tasks: dict[str, object], workflow: dict[str, object], expected: bool
) -> None:
    """No call, no timer, no file, no limit."""
    assert expected is is_parked(Simulation(plan_of(tasks, **workflow)).state)
