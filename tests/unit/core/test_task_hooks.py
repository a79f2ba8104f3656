"""`on_success` and `on_failure` of tasks: the named task runs only then."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.status import RunStatus
from tests.simulation import Simulation, plan_of, shell


def hooked(**extra: Any) -> dict[str, Any]:
    """Build a task with both hooks."""
    return {"a": shell(on_success="good", on_failure="bad", **extra), "good": shell(), "bad": shell()}


def why(run: Simulation, address: str) -> str:
    """Return the sentence of an instance."""
    reason = run.task(address).reason
    assert reason is not None
    return reason.text


def test_after_a_success_only_on_success_runs() -> None:
    """The other is skipped, and says of what."""
    run = Simulation(plan_of(hooked()))
    assert run.ready == {"a"}

    run.finish("a")

    assert run.statuses() == {"a": "succeeded", "good": "running", "bad": "skipped"}
    assert why(run, "bad") == "skipped: a did not fail"
    run.finish("good")
    assert run.state.status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("keep_going", [True, False])
def test_after_a_failure_only_on_failure_runs(*, keep_going: bool) -> None:
    """Also under fail-fast; a failure that was handled is still a failure."""
    run = Simulation(plan_of(hooked()), keep_going=keep_going)

    run.fail("a")

    assert run.statuses() == {"a": "failed", "good": "skipped", "bad": "running"}
    assert why(run, "good") == "skipped: a did not succeed"
    run.finish("bad")
    assert run.state.status is RunStatus.FAILED


def test_on_failure_runs_after_the_last_attempt() -> None:
    """An attempt that is followed by another one is no failure yet."""
    run = Simulation(plan_of(hooked(retry={"max_attempts": 2, "delay": 1})))

    run.fail("a")
    assert run.statuses()["bad"] == "pending"
    run.advance(2).fail("a")

    assert run.ready == {"bad"}


def test_a_tolerated_failure_takes_on_failure_too() -> None:
    """`continue_on_error` says what dependents see, not what happened."""
    run = Simulation(plan_of(hooked(continue_on_error=True))).fail("a").finish("bad")

    assert run.statuses() == {"a": "failed", "good": "skipped", "bad": "succeeded"}
    assert run.state.status is RunStatus.SUCCEEDED


def test_a_task_that_never_ran_takes_neither() -> None:
    """Skipped, upstream failed: nothing to handle."""
    run = Simulation(plan_of({"first": shell(), **hooked(depends_on=["first"])}), keep_going=True)

    run.fail("first")

    assert run.statuses() == {"first": "failed", "a": "upstream_failed", "good": "skipped", "bad": "skipped"}


def test_what_depends_on_a_hook_does_not_start_after_fail_fast() -> None:
    """The hook runs, nothing behind it; the hook of a task that still runs is there for it."""
    tasks = hooked() | {"behind": shell(depends_on=["bad"]), "b": shell(on_failure="late"), "late": shell()}
    run = Simulation(plan_of(tasks))

    run.fail("a")
    assert run.statuses()["behind"] == "cancelled"
    assert run.statuses()["late"] == "pending"
    run.fail("b")

    assert run.ready == {"bad", "late"}


def test_the_rule_judges_what_a_hook_depends_on_besides() -> None:
    """Taken counts as one success."""
    tasks = hooked() | {"other": shell(), "good": shell(depends_on=["other"])}
    run = Simulation(plan_of(tasks))

    run.finish("a")
    assert run.statuses()["good"] == "pending"
    run.finish("other")

    assert run.ready == {"good"}


def test_a_cancel_calls_no_hook() -> None:
    """Nothing new starts."""
    run = Simulation(plan_of(hooked())).cancel().finish("a")

    assert run.statuses() == {"a": "cancelled", "good": "cancelled", "bad": "cancelled"}


def test_in_a_body_hooks_stand_outside_the_row() -> None:
    """The task after a hook follows the one before it; the hook follows only the task that names it."""
    body = [
        shell(task_id="a", operator_type="task", on_failure="bad"),
        shell(task_id="bad", operator_type="task"),
        shell(task_id="b", operator_type="task"),
    ]
    run = Simulation(plan_of({"loop": {"items": [1, 2], "max_parallel": 2, "loop_body": body}}))

    run.finish("loop[0]/a").fail("loop[1]/a")

    assert run.ready == {"loop[0]/b", "loop[1]/bad"}


def test_a_resume_starts_hooks_anew_with_their_task() -> None:
    """The new generation decides again."""
    run = Simulation(plan_of(hooked())).fail("a").finish("bad")

    run.crash().finish("a")

    assert run.statuses()["good"] == "running"
