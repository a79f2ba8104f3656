"""The UI while it is used: flooded with changes, watching a run that works, idle, and after a very long run."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from engine import RunId, open_reader

from .measure import ROUNDS, Row, child_json
from .terminal import Terminal, opened

_LAG_MS = 150.0
_WATCHED = {"200 tasks of 20 ms": 1.15, "2,000 no-ops": 1.40}
_IDLE_S = 10.0
_MEMORY_MB = 250.0
_SLEEP = '''
import time


def nap():
    """Take 20 ms."""
    time.sleep(0.02)
'''


def rows() -> list[Row]:
    """Measure all four."""
    flood = child_json("benchmarks.feed_case")
    found = [Row(name="10,000 changes/s: lag of the loop, p99", value=flood["p99_ms"], unit="ms", bar=_LAG_MS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found += [_watched(folder, kind, bar) for kind, bar in _WATCHED.items()]
        found += _idle(folder)
        found.append(_long_run(folder))
    return found


def _flow(folder: Path, kind: str) -> Path:
    (folder / "nap.py").write_text(_SLEEP)
    call = {"function": "./nap.py:nap"} if "20 ms" in kind else {"function": "log.info", "args": ["x"]}
    count = 200 if "20 ms" in kind else 2000
    path = folder / f"flow{count}.yaml"
    path.write_text(json.dumps({"name": "flow", "tasks": {f"t{number}": call for number in range(count)}}))
    return path


def _watched(folder: Path, kind: str, bar: float) -> Row:
    """How long the journal says a run took, with the UI watching and without; pair by pair."""
    flow = _flow(folder, kind)
    pairs = []
    for number in range(ROUNDS):
        names = f"ui{number}-{flow.stem}", f"no{number}-{flow.stem}"
        with opened(_command(folder, flow, "--ui", "--run-id", names[0]), folder) as terminal:
            _wait_for_end(folder, names[0])
            _leave(terminal)
        with opened(_command(folder, flow, "--no-ui", "-q", "--run-id", names[1]), folder) as terminal:
            terminal.process.wait(60)
        pairs.append((_took_s(folder, names[0]), _took_s(folder, names[1])))
    watched, alone = (median(pair[side] * 1000 for pair in pairs) for side in (0, 1))
    return Row(name=f"{kind}, watched", value=watched, unit="ms", floor=alone, bar=bar, bar_is_ratio=True)


def _command(folder: Path, flow: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "highway_tui", str(flow), "--db", str(folder / "live.db"), *more]


def _leave(terminal: Terminal) -> None:
    terminal.press(b"q")
    terminal.process.wait(30)


def _wait_for_end(folder: Path, run_id: str, limit_s: float = 300.0) -> None:
    deadline = time.perf_counter() + limit_s
    while time.perf_counter() < deadline:
        reader = open_reader(str(folder / "live.db"))
        try:
            if any(run.id == run_id and run.status.terminal for run in reader.runs()):
                return
        finally:
            reader.close()
        time.sleep(0.25)
    raise RuntimeError(f"run {run_id} did not end")


def _took_s(folder: Path, run_id: str) -> float:
    reader = open_reader(str(folder / "live.db"))
    try:
        run = reader.run(RunId(run_id))
    finally:
        reader.close()
    assert run.started_at is not None
    assert run.finished_at is not None
    return run.finished_at - run.started_at


def _idle(folder: Path) -> list[Row]:
    """A run that is over, looked at by nobody's hand."""
    flow = _flow(folder, "20 ms")
    with opened(_command(folder, flow, "--ui", "--run-id", "idle"), folder) as terminal:
        _wait_for_end(folder, "idle")
        terminal.seconds_until(b"SUCCEEDED")
        time.sleep(2)  # what the end of the run still draws
        cpu_s, written = terminal.cpu_s(), len(terminal.written)
        time.sleep(_IDLE_S)
        cpu_s, written = terminal.cpu_s() - cpu_s, len(terminal.written) - written
    return [
        Row(name="idle", value=100 * cpu_s / _IDLE_S, unit="% CPU", bar=1.0),
        Row(name="idle, to the terminal", value=written / _IDLE_S, unit="bytes/s", bar=50.0),
    ]


def _long_run(folder: Path) -> Row:
    """10,000 tasks and a million lines of log, all in one run that the UI shows."""
    tasks = {f"t{number}": {"function": "log.info", "args": ["x"]} for number in range(10_000)}
    flow = folder / "long.yaml"
    flow.write_text(json.dumps({"name": "long", "tasks": {"lines": {"run": "seq 1000000"}, **tasks}}))
    with opened(_command(folder, flow, "--ui", "--run-id", "long"), folder) as terminal:
        _wait_for_end(folder, "long")
        terminal.seconds_until(b"SUCCEEDED")
        megabytes = terminal.process.memory_info().rss / 1e6
    return Row(name="UI after 10,000 tasks, 1M lines", value=megabytes, unit="MB", bar=_MEMORY_MB)
