"""Every failpoint × every operator: the engine is killed there, the run resumed, and the tasks' own ledger judges."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from engine import RunId, RunStatus, open_reader
from engine.runtime.failpoints import NAMES

from .conftest import KILLED, Zygote
from .flows import EDGES, FLOWS, LEDGER_PY

_START = [name for name in NAMES if not name.startswith("resume.")]
_PASSAGES = range(1, 40) if os.environ.get("HIGHWAY_SOAK") else (1, 3)


@pytest.fixture(scope="module")
def expected(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """The end of each workflow when nothing goes wrong."""
    ends: dict[str, dict[str, object]] = {}
    for name in FLOWS:
        folder = prepare(tmp_path_factory.mktemp("good"), name)
        assert zygote.order(folder, "", resume=False) == 0, name
        ends[name] = end_of(folder)
    return ends


@pytest.mark.parametrize("failpoint", _START)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_killed_engine_loses_nothing_and_repeats_nothing_finished(
    zygote: Zygote, expected: dict[str, dict[str, object]], tmp_path: Path, flow: str, failpoint: str
) -> None:
    """Killed at the nth passage, resumed: the same end, and what the journal called finished has run once."""
    kills = 0
    for nth in _PASSAGES:
        folder = prepare(tmp_path / str(nth), flow)
        code = zygote.order(folder, f"{failpoint}:{nth}:kill9", resume=False)
        if code != KILLED:
            assert code == 0, "the point was not passed that often, so the run just ended"
            break
        kills += 1
        judge(zygote, folder, flow, expected[flow])
    assert kills or nth == 1


@pytest.mark.parametrize("failpoint", ["resume.claimed", "resume.folded", "turn.decided", "turn.saved", "call.ended"])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_resume_may_be_killed_too(
    zygote: Zygote, expected: dict[str, dict[str, object]], tmp_path: Path, flow: str, failpoint: str
) -> None:
    """Two crashes in a row, the second while taking over, are no worse than one."""
    folder = prepare(tmp_path / "run", flow)
    assert zygote.order(folder, "turn.saved:2:kill9", resume=False) == KILLED
    zygote.order(folder, f"{failpoint}:1:kill9", resume=True)
    judge(zygote, folder, flow, expected[flow])


def prepare(folder: Path, flow: str) -> Path:
    """Lay out a workflow with its ledger function."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ledger.py").write_text(LEDGER_PY)
    (folder / "flow.json").write_text(json.dumps({"name": flow, "tasks": FLOWS[flow]}))
    return folder


def judge(zygote: Zygote, folder: Path, flow: str, expected: dict[str, object]) -> None:
    """Resume and compare with the undisturbed end, the killed journal and the ledger."""
    finished = {address for address, status in statuses(folder).items() if status == "succeeded"}
    before = ledger(folder)

    assert zygote.order(folder, "", resume=status_of(folder) is not RunStatus.SUCCEEDED) in (0, 9)

    after = ledger(folder)
    assert end_of(folder) == expected
    for address in finished:
        assert after[address] == before[address], f"{address} was finished and ran again"
    for first, second in EDGES[flow]:
        order = lines(folder)
        assert order.index(first) < len(order) - order[::-1].index(second), f"{second} ran before {first}"
    check_integrity(folder)


def check_integrity(folder: Path) -> None:
    """SQLite's own opinion of the database."""
    with closing(sqlite3.connect(folder / "runs.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def end_of(folder: Path) -> dict[str, object]:
    """Everything that must be the same however often the engine died."""
    reader = open_reader(str(folder / "runs.db"))
    try:
        run = RunId("run")
        names = {(name.scope, name.kind, name.name): (name.value, name.ref) for name in reader.names(run)}
        return {"run": reader.run(run).status, "tasks": statuses(folder), "names": names, "ran": set(lines(folder))}
    finally:
        reader.close()


def statuses(folder: Path) -> dict[str, str]:
    """Status by address, as stored."""
    reader = open_reader(str(folder / "runs.db"))
    try:
        return {task.key.address: task.status.value for task in reader.tasks(RunId("run"))}
    finally:
        reader.close()


def status_of(folder: Path) -> RunStatus:
    """Status of the run, as a reader derives it."""
    reader = open_reader(str(folder / "runs.db"))
    try:
        return reader.run(RunId("run")).status
    finally:
        reader.close()


def lines(folder: Path) -> list[str]:
    """The ledger, in order."""
    path = folder / "ledger"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def ledger(folder: Path) -> Counter[str]:
    """How often each address stands in the ledger."""
    return Counter(lines(folder))
