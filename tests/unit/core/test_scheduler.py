"""The scheduler's promises, one by one: what starts when, what is skipped, what a failure stops."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.status import RunStatus, TaskStatus
from tests.simulation import Simulation, plan_of, shell


def status_of(run: Simulation) -> RunStatus:
    """Read the status afresh: a type checker must not remember the last look."""
    return run.state.status


def set_memory(key: str, value: object, **extra: Any) -> dict[str, Any]:
    """Build a task that writes to memory inside the turn."""
    return {"function": "memory.set", "args": [key, value], **extra}


def test_a_task_starts_the_moment_its_own_dependencies_are_done() -> None:
    """A slow task never delays an unrelated ready one: there are no waves."""
    run = Simulation(plan_of({"slow": shell(), "quick": shell(), "next": shell(depends_on=["quick"])}))

    run.finish("quick")

    assert run.ready == {"slow", "next"}


def test_max_parallel_limits_attempts_and_queues_the_rest() -> None:
    """The run's own bulkhead admits first come, first served."""
    run = Simulation(plan_of({name: shell() for name in "abc"}, max_parallel=1))
    assert run.ready == {"a"}
    assert run.statuses() == {"a": "running", "b": "queued", "c": "queued"}

    run.finish("a")

    assert run.ready == {"b"}


def test_the_branch_not_taken_is_skipped_with_everything_behind_it() -> None:
    """A task after both branches of a condition runs once; skipped ones carry the condition's sentence."""
    run = Simulation(
        plan_of(
            {
                "n": set_memory("n", 5),
                "if": {"condition": "memory.n < 3", "if_true": "yes", "if_false": "no", "depends_on": ["n"]},
                "yes": shell(),
                "behind": shell(depends_on=["yes"]),
                "no": shell(),
                "join": shell(depends_on=["yes", "no"]),
            }
        )
    )
    assert run.ready == {"no"}

    run.finish("no")

    assert run.ready == {"join"}
    assert run.statuses()["yes"] == run.statuses()["behind"] == "skipped"
    reason = run.task("yes").reason
    assert reason is not None
    assert reason.code == "condition"
    assert "memory.n" in reason.text or "n 5" in reason.text
    assert run.result("if") == {"value": False, "taken": "no"}


@pytest.mark.parametrize(
    ("rule", "ends", "expected"),
    [
        ("default", ("ok", "ok"), "running"),
        ("default", ("ok", "skip"), "running"),
        ("default", ("skip", "skip"), "skipped"),
        ("default", ("ok", "fail"), "upstream_failed"),
        ("none_skipped", ("ok", "skip"), "skipped"),
        ("none_skipped", ("skip", "fail"), "upstream_failed"),
        ("none_failed", ("skip", "skip"), "running"),
        ("all_done", ("fail", "skip"), "running"),
        ("always", ("fail", "fail"), "running"),
        ("one_success", ("fail", "skip"), "skipped"),
        ("one_success", ("fail", "ok"), "running"),
        ("one_failed", ("ok", "ok"), "skipped"),
        ("one_failed", ("ok", "fail"), "running"),
        ("all_failed", ("fail", "fail"), "running"),
        ("all_failed", ("fail", "ok"), "skipped"),
    ],
)
def test_trigger_rules(rule: str, ends: tuple[str, str], expected: str) -> None:
    """Each rule decides by how the dependencies ended."""
    tasks: dict[str, Any] = {
        name: shell(when="false") if end == "skip" else shell() for name, end in zip("ab", ends, strict=True)
    }
    tasks["after"] = shell(depends_on=["a", "b"], trigger_rule=rule)
    run = Simulation(plan_of(tasks), keep_going=True)

    for name, end in zip("ab", ends, strict=True):
        if end == "ok":
            run.finish(name)
        elif end == "fail":
            run.fail(name)

    assert run.statuses()["after"] == expected


def test_one_success_does_not_wait_for_the_rest() -> None:
    """`one_success` is decided by the first dependency that fits."""
    run = Simulation(
        plan_of({"a": shell(), "b": shell(), "c": shell(depends_on=["a", "b"], trigger_rule="one_success")})
    )

    run.finish("a")

    assert run.ready == {"b", "c"}


def test_fail_fast_lets_running_tasks_end_and_starts_nothing_new() -> None:
    """The failure's dependents end upstream_failed, everything else not started is cancelled."""
    run = Simulation(
        plan_of(
            {
                "bad": shell(),
                "long": shell(),
                "behind": shell(depends_on=["bad"]),
                "other": shell(depends_on=["long"]),
                "cleanup": shell(depends_on=["bad"], trigger_rule="all_done"),
            }
        )
    )

    run.fail("bad")

    assert run.ready == {"long", "cleanup"}
    assert run.statuses()["behind"] == "upstream_failed"
    assert run.statuses()["other"] == "cancelled"
    run.finish("long").finish("cleanup")
    assert status_of(run) is RunStatus.FAILED
    assert run.state.error is not None
    assert "bad" in run.state.error.message


def test_keep_going_runs_what_does_not_depend_on_the_failure() -> None:
    """With --keep-going only dependents suffer."""
    run = Simulation(
        plan_of(
            {"bad": shell(), "long": shell(), "behind": shell(depends_on=["bad"]), "other": shell(depends_on=["long"])}
        ),
        keep_going=True,
    )

    run.fail("bad").finish("long").finish("other")

    assert run.statuses() == {"bad": "failed", "long": "succeeded", "behind": "upstream_failed", "other": "succeeded"}
    assert status_of(run) is RunStatus.FAILED


def test_continue_on_error_counts_as_success_for_everyone() -> None:
    """The failure is recorded; dependents run and the run succeeds."""
    run = Simulation(plan_of({"bad": shell(continue_on_error=True), "next": shell(depends_on=["bad"])}))

    run.fail("bad").finish("next")

    assert run.statuses() == {"bad": "failed", "next": "succeeded"}
    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_failed_attempt_is_tried_again_after_its_delay_with_the_same_arguments() -> None:
    """Arguments are rendered once per generation."""
    run = Simulation(
        plan_of(
            {
                "n": set_memory("n", 1),
                "call": {
                    "run": "echo {{ memory.n }}",
                    "depends_on": ["n"],
                    "retry": {"max_attempts": 2, "delay": "5s"},
                },
                "later": set_memory("n", 2, depends_on=["n"]),
            }
        )
    )
    first = next(iter(run.running.values()))

    run.fail("call")

    assert run.statuses()["call"] == "retry_wait"
    run.advance(3)
    assert run.ready == set()
    run.advance(3)
    second = next(iter(run.running.values()))
    assert (second.attempt, second.script) == (2, first.script)
    assert status_of(run.fail("call")) is RunStatus.FAILED


def test_a_late_outcome_is_dropped() -> None:
    """The terminal write belongs to the attempt that runs."""
    run = Simulation(plan_of({"call": shell(retry={"max_attempts": 2, "delay": 0})}))
    late = run.outcome("call", value="late")
    run.fail("call").advance(1)

    assert run.deliver(late) is False
    assert run.statuses()["call"] == "running"


def test_members_start_when_the_parallel_opens_and_others_wait_for_all_of_them() -> None:
    """Two gates: open for members, done for everyone else; members of a branch follow each other."""
    run = Simulation(
        plan_of(
            {
                "par": {"branches": {"left": ["a1", "a2"], "right": ["b1"]}},
                "a1": shell(),
                "a2": shell(),
                "b1": shell(),
                "after": shell(depends_on=["par"]),
            }
        )
    )
    assert run.ready == {"a1", "b1"}

    run.finish("b1", 3).finish("a1", 1)
    assert run.ready == {"a2"}
    run.finish("a2", 2)

    assert run.ready == {"after"}
    assert run.result("par") == {"left": {"a1": 1, "a2": 2}, "right": {"b1": 3}}


def test_a_failed_member_fails_its_parallel_by_name() -> None:
    """The parallel names the member."""
    run = Simulation(plan_of({"par": {"branches": {"x": ["a"], "y": ["b"]}}, "a": shell(), "b": shell()}))

    run.fail("a", "exit code 3").finish("b")

    error = run.task("par").error
    assert error is not None
    assert error.message == "a failed: exit code 3"


def test_foreach_opens_a_window_of_iterations_and_collects_by_index() -> None:
    """Iterations are scopes of their own; results come by index whatever the order of their ends."""
    run = Simulation(
        plan_of(
            {
                "each": {
                    "items": ["a", "b", "c"],
                    "max_parallel": 2,
                    "loop_body": [
                        {"task_id": "do", "operator_type": "task", "run": "echo {{ item }}", "result_key": "out"}
                    ],
                }
            }
        )
    )
    assert run.ready == {"each[0]/do", "each[1]/do"}
    assert run.running[next(iter(run.running))].script == "echo a"

    run.finish("each[1]/do", "B")
    assert run.ready == {"each[0]/do", "each[2]/do"}
    run.finish("each[2]/do", "C").finish("each[0]/do", "A")

    assert run.result("each") == [{"out": "A"}, {"out": "B"}, {"out": "C"}]
    assert run.named("out") == ["A", "B", "C"]
    assert list(run.state.scopes) == [""], "finished scopes leave the state"


def test_a_foreach_over_nothing_succeeds_with_an_empty_list() -> None:
    """An empty list is no failure and no skip."""
    run = Simulation(plan_of({"each": {"items": [], "loop_body": [shell(task_id="do", operator_type="task")]}}))

    assert status_of(run) is RunStatus.SUCCEEDED
    assert run.result("each") == []


@pytest.mark.parametrize("items", ["{{ variables.none }}", "{{ variables.text }}", "{{ variables.number }}"])
def test_items_that_are_no_list_fail_the_loop(items: str) -> None:
    """Null, text and numbers are not iterated."""
    body = [shell(task_id="do", operator_type="task")]
    variables = {"none": None, "text": "abc", "number": 3}
    run = Simulation(plan_of({"each": {"items": items, "loop_body": body}}, variables=variables))

    assert run.task("each").status is TaskStatus.FAILED
    assert run.task("each").error is not None


def test_a_failed_iteration_opens_no_further_ones_and_fails_the_loop() -> None:
    """The others that run may end; the loop names what failed."""
    body = [shell(task_id="do", operator_type="task")]
    run = Simulation(plan_of({"each": {"items": [1, 2, 3], "max_parallel": 2, "loop_body": body}}))

    run.fail("each[0]/do").finish("each[1]/do")

    assert run.ready == set()
    assert run.task("each").status is TaskStatus.FAILED
    assert status_of(run) is RunStatus.FAILED


def test_keep_going_finishes_the_other_iterations_and_fails_the_loop_at_the_end() -> None:
    """A loop with a failed iteration is failed, even if it went on."""
    body = [shell(task_id="do", operator_type="task")]
    run = Simulation(plan_of({"each": {"items": [1, 2, 3], "max_parallel": 1, "loop_body": body}}), keep_going=True)

    run.fail("each[0]/do").finish("each[1]/do")

    assert run.ready == {"each[2]/do"}
    run.finish("each[2]/do")
    assert run.task("each").status is TaskStatus.FAILED


def test_while_sees_the_results_of_the_iteration_before() -> None:
    """Condition and body read what the last iteration left; after the loop the last value stays."""
    run = Simulation(
        plan_of(
            {
                "loop": {
                    "condition": "results.n | default(0) < 3",
                    "loop_body": [
                        {
                            "task_id": "step",
                            "operator_type": "task",
                            "run": "echo {{ results.n | default(0) }} {{ loop.iteration }}",
                            "result_key": "n",
                        }
                    ],
                }
            }
        )
    )
    scripts = []
    for value in (1, 2, 3):
        scripts.append(next(iter(run.running.values())).script)
        run.finish(f"loop[{value - 1}]/step", value)

    assert scripts == ["echo 0 1", "echo 1 2", "echo 2 3"]
    assert run.result("loop") == {"iterations": 3, "last": {"n": 3}}
    assert run.named("n") == 3


def test_a_while_that_never_ends_fails_at_max_iterations() -> None:
    """Passing max_iterations fails the task instead of running for ever."""
    body = [{"task_id": "inc", "operator_type": "task", "function": "memory.increment", "args": ["n"]}]
    run = Simulation(plan_of({"loop": {"condition": "true", "loop_body": body, "max_iterations": 5}}))

    error = run.task("loop").error
    assert error is not None
    assert error.code == "E-MAX-ITERATIONS"
    assert run.state.root.workflow.memory == {"n": 5}


def test_a_long_loop_of_memory_tools_takes_several_turns() -> None:
    """A turn ends at its limit, so that watchers see a loop that never leaves the engine's thread."""
    body = [{"task_id": "inc", "operator_type": "task", "function": "memory.increment", "args": ["n"]}]
    run = Simulation(plan_of({"loop": {"condition": "memory.n | default(0) < 900", "loop_body": body}}))

    assert status_of(run) is RunStatus.SUCCEEDED
    assert run.state.root.workflow.memory == {"n": 900}


def test_a_wait_holds_no_permit_and_ends_at_its_deadline() -> None:
    """A timer neither takes a slot nor fires early."""
    run = Simulation(plan_of({"wait": {"wait_for": "10s"}, "call": shell()}, max_parallel=1))
    assert run.ready == {"call"}
    run.finish("call")
    assert status_of(run) is RunStatus.WAITING

    run.advance(9.9)
    assert run.statuses()["wait"] == "waiting"
    run.advance(0.2)

    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_resumed_wait_waits_only_what_is_left() -> None:
    """The deadline is stored as a moment, not as a duration."""
    run = Simulation(plan_of({"wait": {"wait_for": "10s"}}))
    run.advance(6)

    run.crash()

    run.advance(3.9)
    assert run.statuses()["wait"] == "waiting"
    run.advance(0.2)
    assert status_of(run) is RunStatus.SUCCEEDED


def test_a_crash_reruns_only_what_was_running() -> None:
    """Finished tasks keep their results; the running one gets another attempt, not a retry."""
    run = Simulation(plan_of({"a": shell(), "b": shell(depends_on=["a"]), "c": shell(depends_on=["b"])}))
    run.finish("a", "A")

    run.crash()

    assert run.ready == {"b"}
    assert run.running[next(iter(run.running))].attempt == 2
    run.fail("b")
    assert run.statuses() == {"a": "succeeded", "b": "failed", "c": "upstream_failed"}


def test_resuming_a_failed_run_starts_failed_work_anew_and_keeps_the_rest() -> None:
    """Failed, cancelled and upstream-failed tasks get a new generation; finished iterations of a loop stay."""
    body = [shell(task_id="do", operator_type="task", result_key="r")]
    run = Simulation(
        plan_of(
            {"each": {"items": [1, 2, 3], "max_parallel": 3, "loop_body": body}, "after": shell(depends_on=["each"])}
        )
    )
    run.finish("each[0]/do", "one").fail("each[1]/do").finish("each[2]/do", "three")
    assert status_of(run) is RunStatus.FAILED

    run.crash()

    assert run.ready == {"each[1]/do"}
    run.finish("each[1]/do", "two")
    assert run.ready == {"after"}
    run.finish("after")
    assert status_of(run) is RunStatus.SUCCEEDED
    assert run.named("r") == ["one", "two", "three"]
    assert run.task("each").generation == 2


def test_cancel_ends_everything_but_tasks_that_always_run() -> None:
    """Nothing new starts, running calls are stopped, `always` tasks still clean up."""
    run = Simulation(
        plan_of(
            {
                "call": shell(),
                "wait": {"wait_for": "1h"},
                "next": shell(depends_on=["call"]),
                "clean": shell(depends_on=["call"], trigger_rule="always"),
            }
        )
    )

    run.cancel()

    assert run.statuses() == {"call": "running", "wait": "cancelled", "next": "cancelled", "clean": "pending"}
    run.finish("call")
    assert run.ready == {"clean"}
    run.finish("clean")
    assert status_of(run) is RunStatus.CANCELLED


def test_twenty_loops_on_two_slots_finish() -> None:
    """Operators that wait for children hold no permit, so loops cannot starve each other."""
    body = [shell(task_id="do", operator_type="task")]
    tasks = {f"loop{n}": {"items": [1, 2, 3], "loop_body": body} for n in range(20)}

    run = Simulation(plan_of(tasks, max_parallel=2)).run_to_end()

    assert status_of(run) is RunStatus.SUCCEEDED
    assert run.state.active_calls == 0


def test_a_condition_that_cannot_be_evaluated_fails_its_task() -> None:
    """An error in an expression is never 'false'."""
    run = Simulation(
        plan_of(
            {
                "if": {"condition": "memory.missing < 3", "if_true": "yes"},
                "yes": shell(),
                "m": set_memory("missing", 1, depends_on=["yes"]),
            }
        )
    )

    assert run.statuses()["if"] == "failed"
    assert run.statuses()["yes"] == "upstream_failed"


def test_inline_branches_are_scopes_of_their_own() -> None:
    """`branch_workflows` runs its tasks under `par/branch/task`."""
    run = Simulation(
        plan_of({"par": {"branch_workflows": {"left": {"tasks": {"a": shell()}}, "right": {"tasks": {"b": shell()}}}}})
    )
    assert run.ready == {"par/left/a", "par/right/b"}

    run.finish("par/left/a", 1).finish("par/right/b", 2)

    assert run.result("par") == {"left": {"a": 1}, "right": {"b": 2}}
