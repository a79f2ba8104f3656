"""The scheduler against `tests/reference.py`: whatever happens in whatever order, a run ends as the dialect says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.calls import Outcome
from engine.core.status import RunStatus
from engine.errors import ErrorInfo
from tests.reference import Ending, Reference, Tasks, dependencies, judge, kind_of, members, targets, top_level
from tests.simulation import Simulation, plan_of
from tests.strategies import PLAIN, RULES, WORLDS, World, workflows

pytestmark = pytest.mark.timeout(600)  # hypothesis looks for up to five minutes for a small counterexample

TOLERANT = ("all_done", "always", "one_failed", "all_failed")
"""Rules that still start after fail-fast has stopped everything else."""
_ENDS: Mapping[type[e.Event], str] = {
    e.TaskSucceeded: "succeeded",
    e.TaskFailed: "failed",
    e.TaskTimedOut: "timed_out",
    e.TaskSkipped: "skipped",
    e.TaskUpstreamFailed: "upstream_failed",
    e.TaskCancelled: "cancelled",
}

Move: TypeAlias = tuple[str, int]
PICKS = st.lists(st.integers(0, 7), min_size=1, max_size=12)
"""Which of the running calls ends next, over and over."""
SLOTS = st.sampled_from([1, 2, 3, 8])


def moves(*kinds: str, most: int = 25) -> st.SearchStrategy[list[Move]]:
    """Draw what happens before the run is left to itself."""
    return st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 7)), max_size=most)


@dataclass
class Journal:
    """What the journal says about every instance, those of closed scopes included."""

    statuses: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    """Of the newest generation, without interrupted ones."""
    started: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, run: Simulation) -> Journal:
        """Fold the end of each instance."""
        journal = cls()
        for entry in run.entries:
            journal._take(entry.event, run)
        return journal

    def _take(self, happened: e.Event, run: Simulation) -> None:
        if isinstance(happened, e.TaskReset):
            for table in (self.statuses, self.results, self.attempts):
                table.pop(happened.key.address, None)
        elif isinstance(happened, e.TaskStarted | e.TaskInterrupted):
            change = 1 if isinstance(happened, e.TaskStarted) else -1
            address = happened.key.address
            self.attempts[address] = self.attempts.get(address, 0) + change
            self.started.add(address)
        elif type(happened) in _ENDS:
            address = happened.key.address  # type: ignore[union-attr]  # every event of the table is a task's
            assert address not in self.statuses, f"{address} ended twice"
            self.statuses[address] = _ENDS[type(happened)]
            if isinstance(happened, e.TaskSucceeded):
                self.results[address] = run.scheduler.desk.values.read(happened.result)


class Play:
    """A run in a world: what happens to it, one move at a time."""

    def __init__(self, run: Simulation, world: World) -> None:
        """`world` answers the calls."""
        self.run = run
        self.world = world
        self.past: list[Outcome] = []
        self.turns = [len(run.entries)]
        self.crashes = 0

    def move(self, kind: str, number: int) -> None:
        """Let one thing happen, if it is possible now."""
        run = self.run
        if kind in ("crash", "torn"):
            self.crashes += 1
            kind = kind if self.crashes <= 10 else ""  # a call that is interrupted more often than that fails
        if run.state.status.terminal:
            return
        if kind == "end" and run.running:
            self.end(sorted(key.address for key in run.running)[number % len(run.running)])
        elif kind == "tick" and run.timers:
            run.advance(max(0.0, sorted(run.timers.values())[number % len(run.timers)] - run.now))
        elif kind == "crash":
            self.past += [self.outcome(key.address) for key in run.running]
            run.crash()
        elif kind == "cancel":
            run.cancel()
        elif kind == "torn" and len(self.turns) > 1:  # the last turn was not saved
            self.turns.pop()
            self.past.clear()
            run.crash(self.turns[-1])
        elif kind == "late" and self.past:
            before = len(run.entries)
            assert not run.deliver(self.past[number % len(self.past)])
            assert before == len(run.entries)
        self.turns.append(len(run.entries))

    def outcome(self, address: str) -> Outcome:
        """Ask the world how the running attempt ends."""
        task = self.run.task(address)
        kind, value = self.world(address, task.attempt - task.interruptions)
        error = ErrorInfo(code="E-EXIT", message="boom", exit_code=1, retryable=kind == "fail")
        return self.run.outcome(address, value=value, error=None if kind == "ok" else error)

    def end(self, address: str) -> None:
        """Let a running call end."""
        outcome = self.outcome(address)
        assert self.run.deliver(outcome)
        self.past.append(outcome)

    def finish(self, picks: list[int]) -> Simulation:
        """Let everything end, in the order that `picks` say."""
        count = 0
        while not self.run.state.status.terminal:
            pick = picks[count % len(picks)]
            self.move("tick" if not self.run.running or (pick % 3 == 2 and self.run.timers) else "end", pick)
            count += 1
            assert count < 5_000, "the run does not come to an end"
        return self.run


def start(tasks: Tasks, world: World, *, slots: int = 3, keep_going: bool = True) -> Play:
    """Begin a run."""
    return Play(Simulation(plan_of(tasks, max_parallel=slots), keep_going=keep_going), world)


def plain(value: Any) -> Any:
    """Take out what the shared counter read: it depends on who came first, and is all that may."""
    if isinstance(value, dict):
        return {key: None if key == "new_value" else plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def check(run: Simulation, right: Ending) -> None:
    """Compare everything that is determined about a run that keeps going."""
    journal = Journal.of(run)
    assert right.statuses == journal.statuses
    assert plain(right.results) == plain(journal.results)
    assert right.attempts == {address: journal.attempts.get(address) for address in right.attempts}
    assert right.run == run.state.status.value
    assert plain(right.named) == {name: plain(run.named(name)) for name in run.state.root.results}
    assert plain(right.memory) == plain(run.state.root.workflow.memory)
    assert (0, 0, 0) == (run.state.active_calls, run.state.waiting, run.permits.in_use)


@given(workflows(), WORLDS, SLOTS, moves("end", "end", "tick"), PICKS)
def test_any_order_of_outcomes_gives_the_right_end(
    tasks: Tasks, world: World, slots: int, happens: list[Move], picks: list[int]
) -> None:
    """Statuses, results, attempts, names, memory and the run's status do not depend on who ends first."""
    play = start(tasks, world, slots=slots)
    for kind, number in happens:
        play.move(kind, number)

    check(play.finish(picks), Reference(tasks, world).run())


@given(workflows(depth=3, size=3), WORLDS, PICKS)
def test_depth_changes_nothing(tasks: Tasks, world: World, picks: list[int]) -> None:
    """Operators in operators in operators end right."""
    check(start(tasks, world).finish(picks), Reference(tasks, world).run())


@given(workflows(), WORLDS, SLOTS, moves("end", "end", "tick", "crash", "crash", "torn", "late"), PICKS)
def test_crashes_and_late_outcomes_change_nothing(
    tasks: Tasks, world: World, slots: int, happens: list[Move], picks: list[int]
) -> None:
    """A run that crashed anywhere, also before a turn was saved, ends as one that never did; late news is dropped."""
    play = start(tasks, world, slots=slots)
    for kind, number in happens:
        play.move(kind, number)

    check(play.finish(picks), Reference(tasks, world).run())


@given(workflows(), WORLDS, PICKS, PICKS)
def test_one_slot_and_eight_give_equal_ends(tasks: Tasks, world: World, picks: list[int], others: list[int]) -> None:
    """The number of slots decides when things run, not what comes of it."""
    right = Reference(tasks, world).run()

    check(start(tasks, world, slots=1).finish(picks), right)
    check(start(tasks, world, slots=8).finish(others), right)


@given(workflows(rules=(*RULES, *TOLERANT)), WORLDS, SLOTS, moves("end", "end", "tick", "crash", "late"), PICKS)
def test_fail_fast_stops_what_must_not_run_and_nothing_else(
    tasks: Tasks, world: World, slots: int, happens: list[Move], picks: list[int]
) -> None:
    """Without a failure the end is the same; after one, only tolerant tasks start, and what succeeded is right."""
    play = start(tasks, world, slots=slots, keep_going=False)
    for kind, number in happens:
        play.move(kind, number)
    run = play.finish(picks)

    right = Reference(tasks, world).run()
    journal = Journal.of(run)
    if not right.causes:
        check(run, right)
        return
    event("sheltered" if right.sheltered else "stopped")
    assert (0, 0, 0) == (run.state.active_calls, run.state.waiting, run.permits.in_use)
    assert all(instance.status.terminal for instance in run.state.instances())
    if right.sheltered:
        return
    assert run.state.status is RunStatus.FAILED
    allowed = {address for address in journal.started if right.statuses.get(address) in ("succeeded", "failed")}
    for address in journal.started - allowed:
        assert _is_tolerant(tasks, address), f"{address} must not run"
    for address in journal.results.keys() & right.attempts.keys():
        if not _is_tolerant(tasks, address):
            assert plain(right.results[address]) == plain(journal.results[address])
    _check_tolerant_rules(tasks, journal)


def _rules_around(tasks: Tasks, address: str) -> Iterator[str]:
    """Yield the rules of a task and of the operators that hold it."""
    parts = iter(address.split("/"))
    for part in parts:
        task = tasks[part.partition("[")[0]]
        yield task.get("trigger_rule", "default")
        if "loop_body" in task:
            tasks = {inner["task_id"]: inner for inner in task["loop_body"]}
        elif "branch_workflows" in task:
            branch = next(parts, None)
            tasks = {} if branch is None else task["branch_workflows"][branch]["tasks"]


def _is_tolerant(tasks: Tasks, address: str) -> bool:
    """Say whether a task, or an operator that holds it, has a rule by which it starts after a failure."""
    return any(rule in TOLERANT for rule in _rules_around(tasks, address))


def _unnamed(tasks: Tasks) -> list[str]:
    """List the top-level tasks that no condition and no parallel names: their rule alone decides about them."""
    own = top_level(tasks)
    named = {name for task in own.values() for name in [*targets(task), *members(task)]}
    return [name for name in own if name not in named]


def _check_tolerant_rules(tasks: Tasks, journal: Journal) -> None:
    """Each tolerant task did what its rule says about the ends of its dependencies; it is never stopped unstarted."""
    own = top_level(tasks)
    needs = dependencies(own, nested=False)
    for name in _unnamed(tasks):
        task = own[name]
        rule = task.get("trigger_rule", "default")
        if rule not in TOLERANT:
            continue
        votes = []
        for other in needs[name]:
            status = journal.statuses[other]
            kept = status in ("succeeded", "skipped") or own[other].get("continue_on_error")
            votes.append("skipped" if status == "skipped" else "ok" if kept else "failed")
        if judge(rule, votes) == "skipped":
            assert journal.statuses[name] == "skipped"
        elif kind_of(task) in ("task", "condition"):
            assert journal.statuses[name] in ("succeeded", "failed", "skipped")


@given(
    workflows(rules=("always", "always", "always", *RULES)),
    WORLDS,
    st.booleans(),
    SLOTS,
    moves("end", "end", "tick", "crash", "late", most=6),
    PICKS,
)
def test_a_cancel_at_any_point_ends_the_run(
    tasks: Tasks, world: World, keep_going: bool, slots: int, happens: list[Move], picks: list[int]
) -> None:
    """A cancelled run ends cancelled, with every instance terminal, and starts nothing but `always` tasks."""
    play = start(tasks, world, slots=slots, keep_going=keep_going)
    for kind, number in happens:
        play.move(kind, number)
    assume(not play.run.state.status.terminal)
    stopped = play.run.ready
    play.run.cancel()
    before = len(play.run.entries)
    run = play.finish(picks)

    assert run.state.status is RunStatus.CANCELLED
    assert all(instance.status.terminal for instance in run.state.instances())
    assert (0, 0, 0) == (run.state.active_calls, run.state.waiting, run.permits.in_use)
    for entry in run.entries[before:]:
        if isinstance(entry.event, e.TaskStarted | e.TaskWaiting | e.OperatorEntered):
            assert "always" in _rules_around(tasks, entry.event.key.address), entry.event
    for name in _unnamed(tasks):
        if tasks[name].get("trigger_rule") == "always" and kind_of(tasks[name]) == "task" and name not in stopped:
            assert run.statuses()[name] in ("succeeded", "failed", "skipped")


@given(
    workflows(rules=PLAIN, tolerant=False),
    WORLDS,
    st.booleans(),
    moves("end", "end", "tick", "crash", "late", "cancel"),
    PICKS,
)
def test_a_resume_in_a_mended_world_ends_as_if_nothing_had_failed(
    tasks: Tasks, world: World, keep_going: bool, happens: list[Move], picks: list[int]
) -> None:
    """Failed work starts anew, finished work stays, and the end is that of a run in which no call had failed."""
    play = start(tasks, world, keep_going=keep_going)
    for kind, number in happens:
        play.move(kind, number)
    run = play.finish(picks)
    right = Reference(tasks, world.heal()).run()
    assume(run.state.status is not RunStatus.SUCCEEDED and (keep_going or not right.causes))

    run.crash()
    play.world = world.heal()
    right.attempts.clear()  # those of the first try stay
    check(play.finish(picks), right)


@given(
    workflows(), WORLDS, st.booleans(), moves("end", "tick", "crash", "cancel"), moves("end", "tick", "crash"), PICKS
)
def test_a_resume_of_any_ended_run_comes_to_an_end(
    tasks: Tasks, world: World, keep_going: bool, happens: list[Move], later: list[Move], picks: list[int]
) -> None:
    """Whatever rules fired in it and however it ended, a run goes on once more, and no task that succeeded does."""
    play = start(tasks, world, keep_going=keep_going)
    for kind, number in happens:
        play.move(kind, number)
    run = play.finish(picks)
    done = {address for address in Journal.of(run).results if address in Reference(tasks, world).run().attempts}
    ended = len(run.entries)

    run.crash()
    play.world = world.heal()
    for kind, number in later:
        play.move(kind, number)
    play.finish(picks)

    assert all(instance.status.terminal for instance in run.state.instances())
    again = {entry.event.key.address for entry in run.entries[ended:] if isinstance(entry.event, e.TaskStarted)}
    assert not done & again
    assert run.state.status in (RunStatus.SUCCEEDED, RunStatus.FAILED)
