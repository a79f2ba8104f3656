"""Waits for a file, an event, an approval, a condition: when they end, what they give, what a crash leaves of them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.status import RunStatus
from engine.errors import UsageError
from engine.keys import JsonValue, key_of
from tests.simulation import Simulation, plan_of, shell


def waiting(wait: dict[str, Any], **tasks: Any) -> Simulation:
    """Start a run with one wait, a task behind it, and whatever else."""
    return Simulation(plan_of({"wait": wait, "after": shell(depends_on=["wait"]), **tasks}))


def signal(run: Simulation, name: str = "go", payload: JsonValue = None) -> Simulation:
    """Let an event come from outside."""
    run.scheduler.signal(name, payload)
    run.turn()
    return run


def status_of(run: Simulation) -> RunStatus:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status


EVENT = {"operator_type": "wait_for_event", "event_name": "go"}
APPROVAL = {"operator_type": "approval", "prompt": "deploy {{ variables.v }}?"}


@pytest.mark.parametrize("wait", [EVENT, {"wait_for": {"event": "go"}}], ids=["operator", "wait"])
def test_an_event_ends_its_wait_with_its_payload(wait: dict[str, Any]) -> None:
    """Another name does not; the run waits meanwhile and holds nothing."""
    run = waiting(wait)
    assert status_of(run) is RunStatus.WAITING

    signal(run, "other")
    assert run.statuses()["wait"] == "waiting"
    signal(run, "go", {"a": 1})

    assert run.statuses() == {"wait": "succeeded", "after": "running"}
    assert run.result("wait") == {"a": 1}


def test_an_event_that_comes_before_its_wait_is_kept() -> None:
    """Also through a crash: it is in the journal. The newest payload counts."""
    run = Simulation(plan_of({"first": shell(), "wait": {**EVENT, "depends_on": ["first"]}}))
    signal(run, payload=1)
    signal(run, payload=2)

    run.crash().finish("first")

    assert run.result("wait") == 2
    assert status_of(run) is RunStatus.SUCCEEDED


def test_emit_event_ends_the_waits_of_the_run_whenever_they_begin() -> None:
    """Which of two begins first decides nothing."""
    emit = {"operator_type": "emit_event", "event_name": "go", "payload": {"n": "{{ variables.n }}"}}
    tasks = {
        "early": EVENT,
        "call": shell(),
        "emit": {**emit, "depends_on": ["call"]},
        "late": {**EVENT, "depends_on": ["emit"]},
    }
    run = Simulation(plan_of(tasks, variables={"n": 7}))

    run.finish("call")

    assert set(run.statuses().values()) == {"succeeded"}
    assert run.result("early") == run.result("late") == {"n": 7}
    assert run.result("emit") == {"event_name": "go", "payload": {"n": 7}}


def test_the_name_of_an_event_is_rendered_when_the_wait_begins() -> None:
    """So each iteration of a loop may have an event of its own."""
    body = [{"task_id": "w", "operator_type": "wait_for_event", "event_name": "go-{{ index }}"}]
    run = Simulation(plan_of({"loop": {"items": [1, 2], "loop_body": body}}))

    signal(run, "go-1")

    assert run.task("loop[0]/w").status.value == "waiting"
    signal(run, "go-0")
    assert status_of(run) is RunStatus.SUCCEEDED


def test_an_approval_waits_for_a_person() -> None:
    """The reason has the rendered prompt; the result says what the person gave."""
    run = Simulation(plan_of({"ask": APPROVAL, "after": shell(depends_on=["ask"])}, variables={"v": "1.2"}))
    reason = run.task("ask").reason
    assert reason is not None
    assert (reason.code, reason.text) == ("approval", "waiting for approval: deploy 1.2?")

    run.crash()
    run.scheduler.approve(key_of("ask"), {"where": "eu"}, "fine")
    run.turn()

    assert run.result("ask") == {"approved": True, "values": {"where": "eu"}, "message": "fine"}
    assert run.ready == {"after"}


def test_a_rejected_approval_fails_with_the_message() -> None:
    """What depends on it does not run."""
    run = waiting({"wait_for": {"approval": "sure?"}})

    run.scheduler.disapprove(key_of("wait"), "not on a Friday")
    run.turn()

    assert run.statuses() == {"wait": "failed", "after": "upstream_failed"}
    error = run.task("wait").error
    assert error is not None
    assert (error.code, error.message) == ("E-REJECTED", "rejected: not on a Friday")


def test_only_a_waiting_approval_can_be_approved() -> None:
    """A wish that does not fit is refused and changes nothing."""
    run = Simulation(plan_of({"call": shell(), "ask": {**APPROVAL, "prompt": "?", "depends_on": ["call"]}}))

    for address in ("call", "ask", "unknown"):
        with pytest.raises(UsageError):
            run.scheduler.approve(key_of(address), {}, "")
        with pytest.raises(UsageError):
            run.scheduler.disapprove(key_of(address), "")
    assert run.turn() == []


@pytest.mark.parametrize(
    ("on_timeout", "wait", "after", "end"),
    [
        ("fail", "timed_out", "upstream_failed", RunStatus.FAILED),
        ("skip", "skipped", "skipped", RunStatus.SUCCEEDED),
        ("continue", "succeeded", "running", RunStatus.RUNNING),
    ],
)
@pytest.mark.parametrize("kind", ["event", "approval", "file", "until"])
def test_what_a_time_limit_does(kind: str, on_timeout: str, wait: str, after: str, end: RunStatus) -> None:
    """Nothing came: it fails, is skipped, or goes on. The limit is a stored moment, so a crash does not move it."""
    subject = "1 > 2" if kind == "until" else "x"
    run = waiting({"wait_for": {kind: subject, "timeout": 10, "on_timeout": on_timeout}})
    run.advance(6).crash().advance(3.5)
    assert run.statuses()["wait"] == "waiting"

    run.advance(1)

    assert run.statuses() == {"wait": wait, "after": after}
    assert status_of(run) is end
    assert run.timers == {}
    assert run.files == {}


def test_a_limit_that_passes_after_the_event_does_nothing() -> None:
    """The wait has ended; its timer is gone."""
    run = signal(waiting({**EVENT, "timeout_seconds": 5}))

    assert run.timers == {}
    run.finish("after").advance(10)
    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_file_is_watched_where_the_workflow_is() -> None:
    """The path is rendered once, relative to the workflow's folder, and watched again after a crash."""
    run = Simulation(plan_of({"wait": {"wait_for": {"file": "{{ variables.f }}"}}}, variables={"f": "done.flag"}))
    path = f"{run.plan.folder}/done.flag"
    assert run.files == {key_of("wait"): path}

    run.crash()
    assert run.files == {key_of("wait"): path}
    run.scheduler.file_found(key_of("wait"))
    run.turn()

    assert run.result("wait") == path
    assert run.files == {}
    assert status_of(run) is RunStatus.SUCCEEDED


def test_until_looks_again_and_again() -> None:
    """The condition is evaluated every `poll` seconds; a look that finds nothing leaves nothing in the journal."""
    count = {"function": "memory.set", "args": ["n", 3], "depends_on": ["call"]}
    run = waiting({"wait_for": {"until": "memory.n | default(0) >= 3", "poll": 5}}, call=shell(), count=count)
    run.advance(5).finish("call")
    length = len(run.entries)

    run.advance(4.9)
    assert run.statuses()["wait"] == "waiting"
    run.advance(0.2)

    assert run.statuses() == {"wait": "succeeded", "after": "running", "call": "succeeded", "count": "succeeded"}
    assert type(run.entries[length].event).__name__ == "TaskSucceeded"


def test_a_condition_that_cannot_be_evaluated_fails_its_wait() -> None:
    """An error is never 'not yet'."""
    count = {"function": "memory.set", "args": ["n", 3], "depends_on": ["after"]}
    run = waiting({"wait_for": {"until": "memory.n >= 3"}}, count=count)

    assert run.statuses() == {"wait": "failed", "after": "upstream_failed", "count": "upstream_failed"}


def test_a_cancel_ends_every_wait() -> None:
    """Timers and watches go with them."""
    kinds = {"event": "e", "approval": "a", "file": "f", "until": "false"}
    run = Simulation(plan_of({kind: {"wait_for": {kind: text, "timeout": 9}} for kind, text in kinds.items()}))

    run.cancel()

    assert set(run.statuses().values()) == {"cancelled"}
    assert (run.timers, run.files) == ({}, {})
    assert status_of(run) is RunStatus.CANCELLED


def test_no_event_comes_after_the_end() -> None:
    """A finished run takes nothing in."""
    run = Simulation(plan_of({"call": shell()})).finish("call")

    with pytest.raises(UsageError, match="has ended"):
        run.scheduler.signal("go", None)
