"""Properties of the folded state, over random runs with failures, retries, cancels and crashes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.state_json import from_json, to_json
from engine.core.status import RunStatus, TaskStatus
from engine.core.transitions import RUN_TRANSITIONS, TASK_TRANSITIONS
from engine.errors import ErrorInfo, IllegalTransition
from engine.keys import ROOT, RunId, TaskId, TaskKey
from tests.simulation import Simulation, plan_of, shell
from tests.strategies import workflows

ACTIONS = st.lists(
    st.tuples(st.sampled_from(["finish", "fail", "tick", "crash", "cancel"]), st.integers(0, 7)), max_size=25
)


def act(run: Simulation, action: str, choice: int) -> None:
    """Do one thing to a run, if it is possible now."""
    calls = sorted(key.address for key in run.running)
    if action in {"finish", "fail"} and calls:
        address = calls[choice % len(calls)]
        run.finish(address, choice) if action == "finish" else run.fail(address)
    elif action == "tick" and run.timers:
        run.advance(max(0.0, min(run.timers.values()) - run.now))
    elif action == "crash":
        run.crash()
    elif action == "cancel" and choice == 0:
        run.cancel()


@given(workflows(), ACTIONS)
def test_every_prefix_of_a_journal_folds_to_the_state_that_was_live(
    tasks: dict[str, Any], actions: list[tuple[str, int]]
) -> None:
    """Whatever happened, the journal alone gives the same state, at each turn's end."""
    run = Simulation(plan_of(tasks, max_parallel=3))
    seen = {len(run.entries): to_json(run.state)}
    for action, choice in actions:
        act(run, action, choice)
        seen[len(run.entries)] = to_json(run.state)

    for length, live in seen.items():
        assert to_json(run.folded(length)) == live


@given(workflows(), ACTIONS)
def test_the_state_survives_its_json_round_trip(tasks: dict[str, Any], actions: list[tuple[str, int]]) -> None:
    """A snapshot loaded from text serialises and goes on exactly as the original."""
    run = Simulation(plan_of(tasks, max_parallel=3))
    for action, choice in actions:
        act(run, action, choice)

    data = to_json(run.state)
    loaded = from_json(RunId("run"), run.plan, json.loads(json.dumps(data)))

    assert to_json(loaded) == data
    for mine, other in zip(run.state.instances(), loaded.instances(), strict=True):
        assert (mine.key, mine.tally, mine.members_done) == (other.key, other.tally, other.members_done)
    for path, scope in run.state.scopes.items():
        twin = loaded.scopes[path]
        assert (scope.unfinished, scope.failures, scope.cancellations) == (
            twin.unfinished,
            twin.failures,
            twin.cancellations,
        )
    assert (run.state.active_calls, run.state.waiting) == (loaded.active_calls, loaded.waiting)


@given(workflows(), ACTIONS)
def test_every_run_comes_to_an_end(tasks: dict[str, Any], actions: list[tuple[str, int]]) -> None:
    """No order of outcomes, crashes and cancels leaves a run stuck, and no end leaves unfinished work."""
    run = Simulation(plan_of(tasks, max_parallel=2))
    for action, choice in actions:
        act(run, action, choice)

    run.run_to_end()

    assert all(instance.status.terminal for instance in run.state.root.instances)
    if run.state.status is RunStatus.SUCCEEDED:
        assert not any(instance.fails_its_scope for instance in run.state.root.instances)
    assert run.state.active_calls == 0
    assert run.permits.in_use == 0


KEY = TaskKey(ROOT, TaskId("a"))
REASON = e.Reason("test", "test")
ERROR = ErrorInfo(code="E-TEST", message="test")
TASK_EVENTS: list[e.TaskEvent] = [
    e.TaskQueued(KEY, REASON),
    e.TaskStarted(KEY, 1),
    e.TaskSpawned(KEY, 1, 1, 0.0),
    e.OperatorEntered(KEY),
    e.ConditionEvaluated(KEY, value=True, shown=""),
    e.BranchTaken(KEY, None, REASON),
    e.TaskWaiting(KEY, 0.0, REASON),
    e.TaskSucceeded(KEY, 1),
    e.TaskFailed(KEY, 1, ERROR),
    e.TaskTimedOut(KEY, 1, ERROR),
    e.TaskRetryScheduled(KEY, 1, ERROR, 0.0, REASON),
    e.TaskSkipped(KEY, REASON),
    e.TaskUpstreamFailed(KEY, REASON),
    e.TaskCancelled(KEY, REASON),
    e.TaskInterrupted(KEY, 1, REASON),
    e.TaskNeedsAttention(KEY, REASON),
    e.TaskReset(KEY, 2),
]
RUN_EVENTS: list[e.RunEvent] = [
    e.BulkheadChanged("api", "open", None, "test"),
    e.RunStarted(2),
    e.RunWaiting(REASON),
    e.RunContinued(),
    e.RunCancelRequested(REASON),
    e.RunInterrupted(REASON),
    e.SignalReceived("go"),
    e.RunPaused(REASON),
    e.RunFinished(RunStatus.SUCCEEDED),
    e.RunFinished(RunStatus.FAILED),
    e.RunFinished(RunStatus.CANCELLED),
]


@pytest.mark.parametrize("status", list(TaskStatus))
def test_illegal_task_transitions_raise_and_change_nothing(status: TaskStatus) -> None:
    """Every event that a row of the table lacks is refused, and the state is what it was."""
    state = Simulation(plan_of({"a": shell(), "b": shell(depends_on=["a"])})).state
    instance = state.instance(KEY)
    instance.status = status
    before = to_json(state)

    illegal = [event for event in TASK_EVENTS if type(event) not in TASK_TRANSITIONS[status]]

    assert illegal
    for event in illegal:
        with pytest.raises(IllegalTransition):
            state.apply(event, 1.0)
        assert to_json(state) == before


@pytest.mark.parametrize("status", list(RunStatus))
def test_illegal_run_transitions_raise_and_change_nothing(status: RunStatus) -> None:
    """The same for the run itself; an end that its status cannot have is illegal too."""
    state = Simulation(plan_of({"a": shell()})).state
    state.status = status
    before = to_json(state)

    illegal = [event for event in RUN_EVENTS if type(event) not in RUN_TRANSITIONS[status]]

    assert illegal
    for event in illegal:
        with pytest.raises(IllegalTransition):
            state.apply(event, 1.0)
        assert to_json(state) == before
