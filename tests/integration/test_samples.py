"""Every sample is checked, runs, and ends as its comments say."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import BulkheadChanged, RunId, load_workflow, open_reader

from .cli import SAMPLES, Cli
from .standin import plain_api

_FILES = sorted(SAMPLES.rglob("*.yaml"))


@pytest.mark.parametrize("file", _FILES, ids=[str(file.relative_to(SAMPLES)) for file in _FILES])
def test_a_sample_has_no_problem(file: Path) -> None:
    """A sample is an example: it validates without errors, warnings or infos, and opens with a comment."""
    assert () == load_workflow(str(file)).problems
    assert file.read_text(encoding="utf-8").startswith("# ")


def test_hello_greets(cli: Cli) -> None:
    """`hello` greets whom it is told to."""
    result = cli(str(SAMPLES / "hello.yaml"), "--no-ui", "-p", "name=Ada Lovelace")

    assert (0, "") == (result.code, result.err)
    assert "Hello, Ada Lovelace!" in result.out
    assert "Ada Lovelace has 12 bytes." in result.out


def test_the_order_is_shipped(cli: Cli) -> None:
    """`order_processing` has 24 tasks, takes two attempts to be paid, and skips the branches not taken."""
    result = cli(str(SAMPLES / "order_processing.yaml"), "--no-ui", "-p", "pace=0")

    assert (0, "") == (result.code, result.err)
    shown = cli.show()
    statuses = {task["path"]: task["status"] for task in shown["tasks"]}
    top_level = {path: status for path, status in statuses.items() if "/" not in path}
    assert 24 == len(top_level)
    assert {"manual_review", "cancel_order"} == {path for path, status in top_level.items() if status == "skipped"}
    assert {"succeeded", "skipped"} == set(statuses.values())
    assert "skipped" == statuses["charge_customer[1]/pause_before_retry"]
    assert {"attempts": 2, "order_status": "completed", "total": 135} == {
        name: shown["memory"][name] for name in ("attempts", "order_status", "total")
    }
    assert "handed over at door 7" == shown["results"]["shipped"]


def test_a_server_is_fetched_from(cli: Cli) -> None:
    """`parallel_fetch` asks the given server for every path and judges the answers."""
    with plain_api() as (url, requests):
        paths = "-p", 'paths=["/users/1", "/todos/2", "/posts/3"]'
        result = cli(str(SAMPLES / "parallel_fetch.yaml"), "--no-ui", "-p", f"base_url={url}", *paths)

    assert (0, "") == (result.code, result.err)
    assert ["/posts/3", "/todos/2", "/users/1"] == sorted(requests)
    shown = cli.show()
    assert [1, 2, 3] == [answer["data"]["id"] for answer in shown["results"]["answer"]]
    assert "skipped" == cli.statuses()["some_missing"]


def test_missing_pages_are_results_too(cli: Cli) -> None:
    """An HTTP status that arrives is a result: `parallel_fetch` succeeds and takes the other branch."""
    with plain_api() as (url, _):
        result = cli(str(SAMPLES / "parallel_fetch.yaml"), "--no-ui", "-p", f"base_url={url}")

    assert 0 == result.code
    assert {"all_found": "skipped", "some_missing": "succeeded"}.items() <= cli.statuses().items()


def test_loops_stand_in_loops(cli: Cli) -> None:
    """`nested_loops`, a foreach in a foreach in a while, visits each of its twelve cells once, round by round."""
    result = cli(str(SAMPLES / "nested_loops.yaml"), "--no-ui")

    assert (0, "") == (result.code, result.err)
    visited = cli.show()["memory"]["visited"]
    expected = {
        f"{number}: {row} {cell}"
        for number in (1, 2)
        for row in ("north", "middle", "south")
        for cell in ("east", "west")
    }
    assert (12, expected) == (len(visited), set(visited))
    assert ["1"] * 6 + ["2"] * 6 == [entry[0] for entry in visited]
    assert "succeeded" == cli.statuses()["rounds[1]/rows[2]/cells[1]/rest"]


def test_failing_fails_and_says_why(cli: Cli) -> None:
    """`failing` tries three times, fails, stops what depends on it and what was not started, and cleans up."""
    result = cli(str(SAMPLES / "failing.yaml"), "--no-ui")

    assert 1 == result.code
    assert "exit code 7" in result.out
    shown = cli.show()
    assert {
        "prepare": ("succeeded", 1),
        "call_service": ("failed", 3),
        "use_answer": ("upstream_failed", 0),
        "slow_unrelated": ("cancelled", 0),
        "unrelated": ("cancelled", 0),
        "clean_up": ("succeeded", 1),
    } == {task["path"]: (task["status"], task["attempts"]) for task in shown["tasks"]}
    assert ("failed", "E-TASK") == (shown["run"]["status"], shown["run"]["error"]["code"])


def test_keep_going_runs_the_rest(cli: Cli) -> None:
    """With `--keep-going` a failure stops only what depends on it; the run is failed all the same."""
    result = cli(str(SAMPLES / "failing.yaml"), "--no-ui", "--keep-going")

    assert 1 == result.code
    assert {"unrelated": "succeeded", "use_answer": "upstream_failed"}.items() <= cli.statuses().items()


def test_a_workflow_runs_another(cli: Cli) -> None:
    """`nested/parent` runs `nested/child` once a part, each with names of its own."""
    result = cli(str(SAMPLES / "nested" / "parent.yaml"), "--no-ui")

    assert (0, "") == (result.code, result.err)
    assert "engine in 2 steps and wheels in 3 steps make a car" in result.out
    assert {} == cli.show()["memory"], "the memory of a nested workflow is its own"
    assert "succeeded" == cli.statuses()["build_parts[1]/build/work[2]/step"]


def test_a_circuit_opens_lets_probes_through_and_closes(cli: Cli) -> None:
    """`flaky_service` meets a service that is down: nobody calls it while its circuit is open, all are served."""
    result = cli(str(SAMPLES / "flaky_service.yaml"), "--no-ui")

    assert 0 == result.code
    [run_id] = cli.stored()
    reader = open_reader(cli.url)
    changes = [entry.event for entry in reader.entries(RunId(run_id)) if isinstance(entry.event, BulkheadChanged)]
    reader.close()
    states = [change.state for change in changes]
    assert ("open", "half_open", "closed") == (states[0], states[1], states[-1])
    assert states.count("open") >= 2
    assert "8 calls were served" in result.out
