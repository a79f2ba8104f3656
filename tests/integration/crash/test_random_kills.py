"""Engines killed at random moments over random workflows, again and again, until each run has ended by itself.

The judges are the tasks' own ledger and the journal as the dead engine left it.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from engine import RunId, RunStatus, open_reader
from tests.integration.crash_workflow import LEDGER_MODULE, Task, as_yaml, random_workflow, writes_a_line

from .conftest import KILLED, Zygote
from .test_crash_matrix import check_integrity, lines, status_of, statuses

_WORKFLOWS: Final = range(40) if os.environ.get("HIGHWAY_SOAK") else range(6)
_KILLS: Final = 8 if os.environ.get("HIGHWAY_SOAK") else 4
_ORPHANS_S: Final = 2.0


@dataclass
class _Killed:
    """One run in a folder of its own, and what was known after each kill."""

    folder: Path
    tasks: dict[str, Task]
    known: list[tuple[list[str], set[str]]] = field(default_factory=list)
    """The ledger so far, and the addresses that the journal says are over."""

    def prepare(self) -> None:
        """Write the workflow and what its tasks call."""
        self.folder.mkdir()
        (self.folder / "ledger.py").write_text(LEDGER_MODULE)
        mark = {"env": {"CRASH_MARK": str(self.folder)}}
        (self.folder / "flow.json").write_text(as_yaml(self.tasks, **mark))

    def look(self) -> None:
        """After a kill: nobody is left, the database is whole, and what it says is over has happened."""
        deadline = time.monotonic() + _ORPHANS_S
        while orphans := _alive(str(self.folder)):
            assert time.monotonic() < deadline, f"alive: {orphans}"
            psutil.wait_procs(orphans, timeout=0.05)
        if not (self.folder / "runs.db").exists() or "run" not in _stored(self.folder):
            return
        check_integrity(self.folder)
        found = statuses(self.folder)
        self.known.append((lines(self.folder), {path for path, status in found.items() if status in _OVER}))
        succeeded = {path for path, status in found.items() if status == "succeeded"}
        wrote = {path for path in succeeded if writes_a_line(path, self.tasks)}
        assert wrote <= set(lines(self.folder)), "shown as done, and has not run"

    def end(self) -> dict[str, Any]:
        """What must not depend on kills."""
        reader = open_reader(str(self.folder / "runs.db"))
        try:
            run = RunId("run")
            names = {(name.scope, name.kind, name.name): (name.value, name.ref) for name in reader.names(run)}
            return {"run": reader.run(run).status, "tasks": statuses(self.folder), "names": names}
        finally:
            reader.close()


_OVER: Final = ("succeeded", "failed", "skipped", "cancelled", "timed_out", "upstream_failed")


def _alive(mark: str) -> list[psutil.Process]:
    """Processes of the run's tasks."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CRASH_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _stored(folder: Path) -> list[str]:
    reader = open_reader(str(folder / "runs.db"))
    try:
        return [run.id for run in reader.runs()]
    finally:
        reader.close()


@pytest.mark.parametrize("seed", _WORKFLOWS)
def test_random_kills_of_random_workflows(zygote: Zygote, tmp_path: Path, seed: int) -> None:
    """Nothing lost, nothing finished run again, nothing stuck, nobody left: the end is that of an undisturbed run."""
    chance = random.Random(seed)
    unharmed = _Killed(tmp_path / "unharmed", random_workflow(seed))
    unharmed.prepare()
    began = time.monotonic()
    assert 0 == zygote.order(unharmed.folder, "", resume=False)
    took_s = time.monotonic() - began
    kills = 0
    for attempt in range(_KILLS * 4):
        run = _Killed(tmp_path / str(attempt), unharmed.tasks)
        run.prepare()
        kills += _until_it_ends(zygote, run, chance, took_s)
        assert unharmed.end() == run.end()
        _judge(run)
        if kills >= _KILLS:
            return
    pytest.fail(f"killed only {kills} times")


def _until_it_ends(zygote: Zygote, run: _Killed, chance: random.Random, took_s: float) -> int:
    """Start and kill; resume and kill; the third time let it go. Return how often it was killed."""
    kills, resume = 0, False
    for _ in range(2):
        code = zygote.order(run.folder, "", resume=resume, kill_after_s=chance.uniform(0, took_s))
        if code != KILLED:
            assert 0 == code
            return kills
        kills += 1
        run.look()
        resume = (run.folder / "runs.db").exists() and "run" in _stored(run.folder)
        if resume and status_of(run.folder) is RunStatus.SUCCEEDED:
            return kills
    assert 0 == zygote.order(run.folder, "", resume=resume)
    return kills


def _judge(run: _Killed) -> None:
    ledger = lines(run.folder)
    for before, over in run.known:
        assert not over & set(ledger[len(before) :]), "was over before the kill, and ran again"
    ended = statuses(run.folder)
    expected = {path for path, status in ended.items() if status == "succeeded" and writes_a_line(path, run.tasks)}
    assert expected == set(ledger)
    assert max(Counter(ledger).values()) <= 1 + len(run.known), "a kill repeats a task once at most"
