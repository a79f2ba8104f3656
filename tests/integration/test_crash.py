"""A run killed with `kill -9` at any moment goes on where it was: nothing finished runs again, nothing is lost.

The judge is a ledger, to which the tasks themselves append a line each time they run; not the engine's own word.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from typing import Any, Final, TypeAlias

import pytest

from engine import TaskStatus, open_reader

from .cli import Cli
from .crash_workflow import LEDGER_MODULE, Task, as_yaml, crash_workflow, writes_a_line

_SEEDS: Final = range(12)
_SOAK_SEEDS: Final = range(100, 150)

Ends: TypeAlias = dict[int, tuple[dict[str, Any], int]]
"""By workflow: its end, and how many events lead there."""


class _Crash:
    """One workflow in one folder, killed and resumed."""

    def __init__(self, cli: Cli, seed: int) -> None:
        self.cli = cli
        self.tasks = crash_workflow(seed % 4)
        cli.write("ledger.py", LEDGER_MODULE)
        cli.write("flow.yaml", as_yaml(self.tasks))

    def ledger(self) -> list[str]:
        """Lines so far, in order."""
        file = self.cli.folder / "ledger"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def kill(self, after_events: int, *arguments: str) -> None:
        """Start the command, read that many events of its journal, and kill it."""
        with self.cli.started(*arguments, "--json") as process:
            assert process.stdout is not None
            seen = 0
            for _ in process.stdout:
                seen += 1
                if seen == after_events:
                    process.send_signal(signal.SIGKILL)
                    break
            process.communicate(timeout=30)
        assert -signal.SIGKILL == process.returncode, f"ended with {process.returncode} after {seen} events"

    def finished(self) -> dict[str, str]:
        """Status by address of what is terminal in the journal; the run itself reads as interrupted."""
        reader = open_reader(self.cli.url)
        try:
            assert "interrupted" == reader.run(reader.resolve("it")).status
            tasks = reader.tasks(reader.resolve("it"))
        finally:
            reader.close()
        assert not [task for task in tasks if task.status is TaskStatus.RUNNING]
        return {task.key.address: task.status.value for task in tasks if task.status.terminal}

    def resume(self) -> None:
        """Go on to the end."""
        result = self.cli("resume", "it", "--no-ui", "-q")
        assert 0 == result.code, result.out + result.err

    def end(self) -> dict[str, Any]:
        """What must not depend on kills: status by address, results and memory."""
        shown = self.cli.show("it")
        return {
            "run": shown["run"]["status"],
            "tasks": {task["path"]: task["status"] for task in shown["tasks"]},
            "results": shown["results"],
            "memory": shown["memory"],
        }


@pytest.fixture(scope="module")
def unharmed() -> Ends:
    """How each of the four workflows ends where nothing happens; filled at first use."""
    return {}


def _unharmed_end(ends: Ends, seed: int, factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    if seed % 4 not in ends:
        crash = _Crash(Cli(factory.mktemp("unharmed"), {}), seed)
        result = crash.cli("flow.yaml", "--json", "--run-id", "it")
        assert 0 == result.code, result.err
        assert [1] * len(set(crash.ledger())) == list(Counter(crash.ledger()).values())
        assert 60 == len(crash.tasks)
        ends[seed % 4] = (crash.end(), result.out.count("\n"))
    return ends[seed % 4]


def _who_wrote(statuses: dict[str, str], tasks: dict[str, Task]) -> set[str]:
    """Addresses that must be in the ledger, going by their status."""
    return {path for path, status in statuses.items() if status == "succeeded" and writes_a_line(path, tasks)}


def _check_order(ledger: list[str], tasks: dict[str, Task]) -> None:
    """Nothing ran before what it depends on."""
    first = {address: place for place, address in reversed(list(enumerate(ledger)))}
    for address, task in tasks.items():
        for needed in task.get("dependencies", []):
            if address in first and needed in first:
                assert first[needed] < first[address]


def _kill_and_resume(crash: _Crash, end: dict[str, Any], moments: list[int]) -> None:
    arguments = ["flow.yaml", "--run-id", "it"]
    killed: list[tuple[list[str], dict[str, str]]] = []
    for moment in moments:
        crash.kill(moment, *arguments)
        killed.append((crash.ledger(), crash.finished()))
        arguments = ["resume", "it"]
    crash.resume()

    ledger = crash.ledger()
    for before, finished in killed:
        assert _who_wrote(finished, crash.tasks) <= set(before), "shown as done, and has not run"
        assert not set(finished) & set(ledger[len(before) :]), "was done before the kill, and ran again"
    assert end == crash.end()
    assert _who_wrote(end["tasks"], crash.tasks) == set(ledger)
    _check_order(ledger, crash.tasks)


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_killed_run_ends_as_if_nothing_had_happened(
    cli: Cli, seed: int, unharmed: Ends, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Same statuses, results and memory as without the kill; no finished task has run again."""
    end, events = _unharmed_end(unharmed, seed, tmp_path_factory)
    moment = random.Random(seed).randint(1, events - 12)

    _kill_and_resume(_Crash(cli, seed), end, [moment])


def test_a_run_may_be_killed_again_and_again(
    cli: Cli, unharmed: Ends, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A resumed run is as safe as a new one."""
    end, events = _unharmed_end(unharmed, 1, tmp_path_factory)

    _kill_and_resume(_Crash(cli, 1), end, [events // 4] * 3)


@pytest.mark.soak
@pytest.mark.parametrize("seed", _SOAK_SEEDS)
def test_fifty_killed_runs(cli: Cli, seed: int, unharmed: Ends, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same at fifty more moments."""
    end, events = _unharmed_end(unharmed, seed, tmp_path_factory)
    moment = random.Random(seed).randint(1, events - 12)

    _kill_and_resume(_Crash(cli, seed), end, [moment])
