"""Hooks of a whole run: `on_success`, `on_failure`, `finally`. They run when everything else is over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.core.events import Reason
from engine.core.state_json import from_json, to_json
from engine.core.status import RunStatus
from engine.keys import RunId
from tests.simulation import Simulation, plan_of, shell


def status_of(run: Simulation) -> RunStatus:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status


def inline(name: str, **extra: Any) -> dict[str, Any]:
    """Build a task of a list."""
    return shell(task_id=name, **extra)


HOOKS = {"on_success": inline("cheer"), "on_failure": inline("mourn"), "finally": inline("clean")}


def hooked(**workflow: Any) -> Simulation:
    """Start a run with one call and every hook."""
    return Simulation(plan_of({"a": shell()}, **{**HOOKS, **workflow}))


@pytest.mark.parametrize(
    ("fails", "first", "end"),
    [(False, "on_success/cheer", RunStatus.SUCCEEDED), (True, "on_failure/mourn", RunStatus.FAILED)],
)
def test_the_hook_of_the_end_runs_and_then_finally(fails: bool, first: str, end: RunStatus) -> None:
    """One after the other, after everything else; the run ends when they have."""
    run = hooked()
    assert run.ready == {"a"}

    run.fail("a") if fails else run.finish("a")
    assert run.ready == {first}
    assert status_of(run) is RunStatus.RUNNING
    run.finish(first)
    assert run.ready == {"finally/clean"}
    run.finish("finally/clean")

    assert status_of(run) is end


@pytest.mark.parametrize("fails", [True, False])
def test_hooks_never_change_how_the_run_ended(fails: bool) -> None:
    """A hook that fails is recorded, and that is all."""
    run = hooked()

    run.fail("a") if fails else run.finish("a")
    run.fail(next(iter(run.ready)))
    run.fail("finally/clean")

    assert status_of(run) is (RunStatus.FAILED if fails else RunStatus.SUCCEEDED)


def test_on_a_cancel_only_finally_runs() -> None:
    """It runs to its end, retries included."""
    clean = inline("clean", retry={"max_attempts": 2, "delay": 1})
    run = hooked(**{"finally": clean}).cancel().finish("a")
    assert run.ready == {"finally/clean"}
    assert status_of(run) is RunStatus.CANCELLING

    run.fail("finally/clean").advance(2).finish("finally/clean")

    assert status_of(run) is RunStatus.CANCELLED


def test_a_cancel_ends_on_failure_and_leaves_finally_alone() -> None:
    """Before `finally` it ends the other hook; during it, nothing more."""
    run = hooked().fail("a").cancel()
    assert {key.address for key in run.stopping} == {"on_failure/mourn"}
    run.finish("on_failure/mourn")
    assert run.ready == {"finally/clean"}

    run.finish("finally/clean")

    assert status_of(run) is RunStatus.CANCELLED


def test_a_timeout_calls_on_failure_and_finally() -> None:
    """The time of the run is not theirs."""
    run = hooked(timeout=10).advance(11).finish("a")
    assert run.ready == {"on_failure/mourn"}

    run.advance(60).finish("on_failure/mourn").advance(60).finish("finally/clean")

    assert status_of(run) is RunStatus.TIMED_OUT


def test_tasks_of_a_list_follow_each_other_however_they_end() -> None:
    """`finally` always runs: all of it. A task of the map that it names runs only there."""
    tasks = {"a": shell(), "stop": shell(depends_on=["a"]), "other": shell()}
    run = Simulation(plan_of(tasks, **{"finally": [inline("first"), "stop", inline("last")]}))
    assert run.statuses() == {"a": "running", "other": "running"}

    run.finish("a").finish("other").fail("finally/first")
    assert run.ready == {"finally/stop"}
    run.finish("finally/stop").finish("finally/last")

    assert status_of(run) is RunStatus.SUCCEEDED


def test_hooks_see_the_names_of_the_run() -> None:
    """Results, how tasks ended; and any operator may stand in a hook."""
    each = {
        "task_id": "each",
        "items": "{{ results.names }}",
        "loop_body": [inline("rm", run="rm {{ item | quote }} {{ tasks.a.status }}", operator_type="task")],
    }
    run = Simulation(plan_of({"a": shell(result_key="names")}, **{"finally": each}))

    run.finish("a", ["x", "y"])

    assert {call.script for call in run.running.values()} == {"rm x succeeded", "rm y succeeded"}
    run.run_to_end()
    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_crash_goes_on_with_the_hook_that_was_running() -> None:
    """What ended before stays ended; the state survives its JSON form too."""
    run = hooked().fail("a").finish("on_failure/mourn")
    data = to_json(run.state)
    assert data == to_json(from_json(RunId("run"), run.plan, json.loads(json.dumps(data))))

    run.crash()

    assert run.ready == {"finally/clean"}
    run.finish("finally/clean")
    assert status_of(run) is RunStatus.FAILED


def test_a_resumed_run_calls_the_hooks_of_its_new_end() -> None:
    """Each opening is a generation of its own."""
    run = hooked().fail("a").finish("on_failure/mourn").finish("finally/clean")

    run.crash().finish("a").finish("on_success/cheer")

    assert run.ready == {"finally/clean"}
    assert run.task("finally/clean").generation == 2
    run.finish("finally/clean")
    assert status_of(run) is RunStatus.SUCCEEDED


def test_hooks_of_a_cancelled_run_that_crashed_are_left_and_called_again() -> None:
    """A resume after a cancel begins the run's work anew, so its hooks wait for that."""
    run = hooked(**{"finally": [inline("clean"), {"task_id": "rest", "wait_for": 60}]}).cancel().finish("a")
    run.finish("finally/clean")

    run.crash()

    assert run.ready == {"a"}
    assert (run.state.active_calls, run.state.waiting) == (1, 0)
    run.run_to_end()
    assert status_of(run) is RunStatus.SUCCEEDED


def test_no_hook_opens_while_the_run_is_paused() -> None:
    """A hook is something new."""
    run = hooked()
    run.scheduler.pause(Reason("pause", ""))
    run.turn()
    run.finish("a")
    assert run.ready == set()

    run.scheduler.unpause()
    run.turn()

    assert run.ready == {"on_success/cheer"}
