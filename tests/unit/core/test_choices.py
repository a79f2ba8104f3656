"""Operators `switch` and `join`: which target is taken, and when the paths that meet are through."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.status import RunStatus
from tests.simulation import Simulation, plan_of, shell


def switch(value: Any, cases: dict[str, str], **extra: Any) -> dict[str, Any]:
    """Build tasks: a switch on `variables.value` with its targets."""
    tasks: dict[str, Any] = {"route": {"switch_on": "{{ variables.value }}", "cases": cases, **extra}}
    targets = [*cases.values(), *([extra["default"]] if "default" in extra else [])]
    return tasks | {target: shell() for target in targets}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (404, "missing"),
        ("404", "missing"),
        (404.0, "missing"),
        ("ok", "good"),
        (True, "yes"),
        ("true", "yes"),
        (None, "nothing"),
        ("OK", "other"),
        ([404], "other"),
    ],
)
def test_a_switch_takes_the_case_that_equals_its_value(value: Any, taken: str) -> None:
    """Compared as `==` does, so a text that reads as a number equals the number; else the default."""
    cases = {"404": "missing", "ok": "good", "true": "yes", "null": "nothing"}
    run = Simulation(plan_of(switch(value, cases, default="other"), variables={"value": value}))

    assert run.ready == {taken}
    assert run.result("route") == {"value": value, "taken": taken}
    others = {"missing", "good", "yes", "nothing", "other"} - {taken}
    assert {run.statuses()[other] for other in others} == {"skipped"}


def test_no_match_and_no_default_skips_every_target() -> None:
    """Nothing is taken, and each target says what the value was."""
    run = Simulation(plan_of(switch("x", {"1": "a", "2": "b"}), variables={"value": "x"}))

    assert run.statuses() == {"route": "succeeded", "a": "skipped", "b": "skipped"}
    assert run.result("route") == {"value": "x", "taken": None}
    reason = run.task("a").reason
    assert reason is not None
    assert reason.text == "skipped: route: the text 'x' fits no case"
    assert run.state.status is RunStatus.SUCCEEDED


def test_one_target_of_several_cases_runs_once() -> None:
    """Two cases may name the same task."""
    run = Simulation(plan_of(switch(2, {"1": "a", "2": "a", "3": "b"}), variables={"value": 2}))

    assert run.statuses() == {"route": "succeeded", "a": "running", "b": "skipped"}


def test_a_switch_may_be_given_an_expression_without_braces() -> None:
    """Where a condition could stand without braces, so can what a switch looks at."""
    tasks = {"route": {"switch_on": "variables.a + 1", "cases": {"2": "two"}}, "two": shell()}
    run = Simulation(plan_of(tasks, variables={"a": 1}))

    assert run.ready == {"two"}


def test_a_switch_that_cannot_be_evaluated_fails_and_takes_nothing() -> None:
    """An error in an expression is never a value."""
    tasks = {"set": {"function": "memory.set", "args": ["x", 1], "depends_on": ["a"]}, "route": {}, "a": shell()}
    tasks["route"] = {"switch_on": "{{ memory.x }}", "cases": {"1": "a"}}
    run = Simulation(plan_of(tasks))

    assert run.statuses() == {"set": "upstream_failed", "route": "failed", "a": "upstream_failed"}


ENDS = {"ok": "succeeded", "fail": "failed", "skip": "skipped"}


@pytest.mark.parametrize(
    ("mode", "ends", "expected"),
    [
        ("all_of", ("ok", "-"), "pending"),
        ("all_of", ("ok", "fail"), "succeeded"),
        ("all_of", ("skip", "fail"), "succeeded"),
        ("any_of", ("ok", "-"), "succeeded"),
        ("any_of", ("fail", "-"), "succeeded"),
        ("any_of", ("skip", "-"), "succeeded"),
        ("all_success", ("ok", "-"), "pending"),
        ("all_success", ("ok", "ok"), "succeeded"),
        ("all_success", ("ok", "skip"), "succeeded"),
        ("all_success", ("fail", "-"), "pending"),
        ("all_success", ("fail", "ok"), "failed"),
        ("one_success", ("fail", "-"), "pending"),
        ("one_success", ("ok", "-"), "succeeded"),
        ("one_success", ("fail", "ok"), "succeeded"),
        ("one_success", ("skip", "fail"), "failed"),
        ("one_success", ("skip", "skip"), "failed"),
    ],
)
@pytest.mark.parametrize("keep_going", [True, False])
def test_join_modes(mode: str, ends: tuple[str, str], expected: str, *, keep_going: bool) -> None:
    """Each mode is decided as early as it can be, by how the joined tasks ended; fail-fast does not decide for it."""
    tasks: dict[str, Any] = {
        name: shell(when="false") if end == "skip" else shell() for name, end in zip("ab", ends, strict=True)
    }
    tasks["meet"] = {"join_tasks": ["a", "b"], "join_mode": mode}
    run = Simulation(plan_of(tasks), keep_going=keep_going)

    for name, end in zip("ab", ends, strict=True):
        if end == "ok":
            run.finish(name)
        elif end == "fail":
            run.fail(name)

    assert run.statuses()["meet"] == expected


def test_what_a_join_depends_on_besides_is_judged_by_its_rule() -> None:
    """The mode counts the joined tasks alone; a task that both lists name is joined."""
    tasks = {
        "first": shell(),
        "a": shell(),
        "b": shell(),
        "meet": {"join_tasks": ["a", "b"], "join_mode": "any_of", "dependencies": ["first", "a"]},
        "after": shell(depends_on=["meet"]),
    }
    run = Simulation(plan_of(tasks))

    run.finish("first")
    assert run.statuses()["meet"] == "pending"
    run.finish("b")

    assert run.ready == {"a", "after"}


def test_a_failed_join_names_what_failed() -> None:
    """The error of the join says which joined task it was."""
    tasks = {"a": shell(), "b": shell(), "meet": {"join_tasks": ["a", "b"], "join_mode": "all_success"}}
    run = Simulation(plan_of(tasks), keep_going=True)

    run.fail("a").finish("b")

    error = run.task("meet").error
    assert error is not None
    assert (error.code, error.message) == ("E-JOIN", "a failed")


def test_a_join_starts_anew_with_what_it_joined() -> None:
    """After a resume the mode is judged by the new generation."""
    tasks = {"a": shell(), "b": shell(), "meet": {"join_tasks": ["a", "b"], "join_mode": "all_success"}}
    run = Simulation(plan_of(tasks), keep_going=True)
    run.fail("a").finish("b")

    run.crash().finish("a")

    assert run.statuses() == {"a": "succeeded", "b": "succeeded", "meet": "succeeded"}


def test_a_join_of_a_task_in_a_loop_waits_for_the_loop() -> None:
    """A joined task inside an operator stands for that operator, as a dependency does."""
    loop = {"items": [1, 2], "loop_body": [shell(task_id="do", operator_type="task")]}
    run = Simulation(plan_of({"loop": loop, "b": shell(), "meet": {"join_tasks": ["do"], "join_mode": "any_of"}}))

    run.finish("loop[0]/do")
    assert run.statuses()["meet"] == "pending"
    run.finish("loop[1]/do")

    assert run.statuses()["meet"] == "succeeded"
