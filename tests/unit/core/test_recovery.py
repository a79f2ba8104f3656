"""`on_interrupt`: what a resume does with a call that was running when the engine died."""

from __future__ import annotations

import pytest

from engine.core.resuming import MAX_RECOVERIES
from engine.core.status import RunStatus, TaskStatus
from engine.core.wishes import Answer
from engine.errors import UsageError
from engine.keys import key_of
from tests.simulation import Simulation, plan_of, shell


def answered(run: Simulation, decision: Answer) -> Simulation:
    """Let a person decide about the call."""
    run.scheduler.answer(key_of("call"), decision)
    run.turn()
    return run


def status_of(run: Simulation) -> RunStatus:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status


def asking() -> Simulation:
    """Crash a run whose call asks."""
    return Simulation(plan_of({"call": shell(on_interrupt="ask"), "after": shell(depends_on=["call"])})).crash()


def test_fail_ends_the_interrupted_call() -> None:
    """It is not tried again, retries left or not, and what depends on it does not run."""
    retry = {"max_attempts": 5, "delay": 0}
    tasks = {"call": shell(on_interrupt="fail", retry=retry), "after": shell(depends_on=["call"])}

    run = Simulation(plan_of(tasks)).crash()

    assert run.statuses() == {"call": "failed", "after": "upstream_failed"}
    error = run.task("call").error
    assert error is not None
    assert error.code == "E-INTERRUPTED"
    assert status_of(run) is RunStatus.FAILED


def test_ask_waits_for_a_person() -> None:
    """The run waits, nothing is queued, and the reason says what is to be decided."""
    run = asking()

    assert run.statuses() == {"call": "needs_attention", "after": "pending"}
    assert status_of(run) is RunStatus.WAITING
    reason = run.task("call").reason
    assert reason is not None
    assert reason.text.startswith("needs attention: it was running when the engine died")


@pytest.mark.parametrize(
    ("decision", "call", "after"),
    [("rerun", "running", "pending"), ("fail", "failed", "upstream_failed"), ("succeed", "succeeded", "running")],
)
def test_an_answer_settles_the_call(decision: Answer, call: str, after: str) -> None:
    """Run again, failed, or succeeded without a result."""
    run = answered(asking(), decision)

    assert run.statuses() == {"call": call, "after": after}


def test_an_answer_nobody_asked_for_changes_nothing() -> None:
    """Only a call that needs attention is settled, and once."""
    run = Simulation(plan_of({"call": shell()}))

    for address in ("call", "unknown"):
        with pytest.raises(UsageError):
            run.scheduler.answer(key_of(address), "succeed")
    run.turn()

    assert run.statuses() == {"call": "running"}


def test_the_question_survives_another_crash_and_a_cancel_answers_it() -> None:
    """A question stays open until somebody decides."""
    run = asking().crash()
    assert run.statuses()["call"] == "needs_attention"

    run.cancel()

    assert run.task("call").status is TaskStatus.CANCELLED
    assert status_of(run) is RunStatus.CANCELLED


def test_a_call_that_is_interrupted_too_often_fails() -> None:
    """A call that kills its engine is not run for ever."""
    run = Simulation(plan_of({"call": shell()}))

    for _ in range(MAX_RECOVERIES):
        run.crash()
    assert run.ready == {"call"}
    run.crash()

    error = run.task("call").error
    assert error is not None
    assert error.message.endswith(f"it was interrupted {MAX_RECOVERIES + 1} times")


def test_defaults_say_it_for_all_calls() -> None:
    """`defaults` reach it, and operators without calls take no notice."""
    tasks = {"call": shell(), "wait": {"wait_for": "1h"}}

    run = Simulation(plan_of(tasks, defaults={"on_interrupt": "ask"})).crash()

    assert run.statuses() == {"call": "needs_attention", "wait": "waiting"}
