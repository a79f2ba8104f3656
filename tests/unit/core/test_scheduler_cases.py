"""Cases that `tests/properties/test_reference.py` found, each with the sentence of the dialect that decides it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation import Simulation, plan_of, shell


def ended(run: Simulation) -> str:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status.value


def test_a_target_not_taken_is_skipped_whatever_else_failed_before() -> None:
    """Not taken: skipped at once, whatever else; it must not matter who ends first."""
    plan = plan_of(
        {
            "bad": shell(),
            "choose": {"condition": "true", "if_true": "yes", "if_false": "no", "depends_on": ["slow"]},
            "slow": shell(),
            "yes": shell(),
            "no": shell(depends_on=["bad"]),
        }
    )

    run = Simulation(plan, keep_going=True).fail("bad").finish("slow").run_to_end()

    assert run.statuses()["no"] == "skipped"


@pytest.mark.parametrize("keep_going", [False, True])
def test_a_parallel_that_continues_on_error_shelters_its_members(keep_going: bool) -> None:
    """A failure under `continue_on_error` of an operator around it fails neither the run nor a loop around both."""
    group: dict[str, Any] = {"branches": {"x": ["bad"], "y": ["good"]}, "continue_on_error": True}
    tasks = {"group": group, "bad": shell(), "good": shell(), "after": shell(dependencies=["group"])}
    body = [{"task_id": name, "dependencies": [], **task} for name, task in tasks.items()]

    run = Simulation(plan_of(tasks), keep_going=keep_going).finish("good").fail("bad").run_to_end()
    loop = Simulation(plan_of({"loop": {"items": [1], "loop_body": body}}), keep_going=keep_going)
    loop.finish("loop[0]/good").fail("loop[0]/bad").run_to_end()

    assert run.statuses() == {"group": "failed", "bad": "failed", "good": "succeeded", "after": "succeeded"}
    assert ended(run) == "succeeded"
    assert ended(loop) == "succeeded"


def test_a_resume_leaves_alone_what_failed_under_a_tolerating_operator() -> None:
    """Tolerated work is finished work: nothing inside it starts anew, and nothing stays unfinished."""
    branch = {"tasks": {"inner": shell()}}
    tasks = {"group": {"branch_workflows": {"x": branch}, "continue_on_error": True}, "bad": shell()}
    run = Simulation(plan_of(tasks)).fail("group/x/inner").fail("bad")
    assert ended(run) == "failed"

    run.crash()

    assert run.ready == {"bad"}
    assert run.task("group/x/inner").status == "failed"
    assert ended(run.run_to_end()) == "succeeded"


def test_a_resume_starts_a_tolerated_failure_anew_for_those_who_failed_because_of_it() -> None:
    """A member sheltered by its parallel is tried again where a task outside waits for it, and the parallel with it."""
    group = {"branches": {"x": ["bad"]}, "continue_on_error": True}
    tasks = {"group": group, "bad": shell(), "outside": shell(depends_on=["bad"])}
    run = Simulation(plan_of(tasks)).fail("bad")
    assert run.statuses() == {"group": "failed", "bad": "failed", "outside": "upstream_failed"}
    assert ended(run) == "failed"

    run.crash().run_to_end()

    assert set(run.statuses().values()) == {"succeeded"}


def test_a_resume_during_a_cancel_reopens_failed_iterations_of_a_loop_that_still_ran() -> None:
    """What starts anew takes its scope's end back, also where the loop itself had not ended."""
    loop = {"items": [1, 2], "loop_body": [{"task_id": "a", **shell()}]}
    run = Simulation(plan_of({"loop": loop}), keep_going=True).fail("loop[0]/a").cancel()

    run.crash()
    assert run.ready == {"loop[0]/a", "loop[1]/a"}
    run.run_to_end(7)

    assert run.result("loop") == [{"a": 7}, {"a": 7}]
    assert ended(run) == "succeeded"


@pytest.mark.parametrize("keep_going", [False, True])
def test_a_failed_iteration_is_the_last_of_its_while(keep_going: bool) -> None:
    """Each iteration stands behind the one before, so a resume ends as if nothing had failed."""
    body = [{"task_id": "a", **shell(result_key="n")}]
    plan = plan_of({"loop": {"condition": "results.n | default(0) < 2", "loop_body": body, "max_iterations": 3}})
    run = Simulation(plan, keep_going=keep_going).finish("loop[0]/a", 1).fail("loop[1]/a")
    assert ended(run) == "failed"

    run.crash().finish("loop[1]/a", 2)

    assert run.result("loop") == {"iterations": 2, "last": {"n": 2}}
    assert ended(run) == "succeeded"


def test_an_operator_that_does_not_start_again_ends_what_is_inside_it() -> None:
    """A resume may turn an operator's rule: then nothing inside stays pending, and a later turn starts it anew."""
    body = [{"task_id": "a", **shell()}]
    tasks = {
        "bad": shell(),
        "loop": {"items": [1], "loop_body": body, "depends_on": ["bad"], "trigger_rule": "one_failed"},
    }
    run = Simulation(plan_of(tasks)).fail("bad").fail("loop[0]/a")

    run.crash().finish("bad")

    assert run.statuses() == {"bad": "succeeded", "loop": "skipped"}
    assert run.task("loop[0]/a").status == "skipped"
    assert ended(run) == "succeeded"


def test_an_operator_skipped_by_a_resume_goes_on_when_its_rule_says_yes_again() -> None:
    """Iterations that were skipped with their loop are not done; those that succeeded before are."""
    body = [{"task_id": "a", **shell()}]
    tasks = {
        "root": shell(),
        "leaf": shell(depends_on=["root"], trigger_rule="one_success"),
        "bad": shell(),
        "loop": {"items": [1, 2], "loop_body": body, "depends_on": ["bad", "leaf"], "trigger_rule": "one_failed"},
    }
    run = Simulation(plan_of(tasks), keep_going=True).fail("root").fail("bad")
    run.finish("loop[1]/a", 2).fail("loop[0]/a")
    run.crash().finish("bad").fail("root")
    assert run.statuses() == {"root": "failed", "leaf": "skipped", "bad": "succeeded", "loop": "skipped"}

    run.crash().finish("root").fail("leaf").finish("loop[0]/a", 1)

    assert run.result("loop") == [{"a": 1}, {"a": 2}]
    assert ended(run) == "failed"
