"""Nothing that a run started outlives an engine that was killed; an engine that ends as it should ends nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil
import pytest

from engine.processes.watchdog import MARKER, Watchdog

from ..cli import Cli

_ROUNDS: Final = range(4)
_SOAK_ROUNDS: Final = range(20)
_ALIVE_S: Final = 2.0
"""How long after the kill something may be alive: GUARANTEES, ending things."""

_SHAPES: Final = {
    # what the task does, and how many `sleep` it has in the end
    "plain": ("echo ready > plain; sleep 300", 1),
    "setsid": ("setsid sh -c 'echo ready > setsid; sleep 300; :'", 1),
    "nohup": ("nohup sleep 300 > /dev/null 2>&1 & echo ready > nohup; sleep 300", 2),
    "double_fork": ("setsid sh -c 'setsid sleep 300 & echo ready > double_fork' > /dev/null; sleep 300", 2),
    "pipeline": ("trap '' TERM; echo ready > pipeline; sleep 300 | (trap '' TERM HUP; sleep 300) | cat", 2),
}
_FUNCTIONS: Final = """
import multiprocessing, os, subprocess, time
from pathlib import Path

def popen():
    process = subprocess.Popen(["sleep", "300"], start_new_session=True)
    Path("popen").write_text("ready")
    process.wait()

def fork():
    if os.fork() == 0:
        Path("fork").write_text("ready")
        time.sleep(300)
    time.sleep(300)
"""


def _workflow(mark: str) -> str:
    tasks = [f"  {name}:\n    run: {script!r}\n" for name, (script, _) in _SHAPES.items()]
    return f"env: {{MARK: {mark}}}\ntasks:\n{''.join(tasks)}"


def _marked(mark: str) -> list[psutil.Process]:
    """Living processes with `MARK` in their environment, wherever they hang in the tree."""
    found = []
    for process in psutil.process_iter():
        try:
            name = process.name()  # kept by psutil, so that asking again is safe
            if name and process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _wait_until(done: object, what: str, patience_s: float = 30.0) -> None:
    """Ask until the answer is yes."""
    assert callable(done)
    deadline = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)  # what is waited for are other processes; they raise no event


@pytest.fixture
def mark() -> Iterator[str]:
    """What the children of this test carry; whoever is left at its end is killed."""
    mark = uuid4().hex
    yield mark
    for process in _marked(mark):
        process.kill()


def _kill_and_look(cli: Cli, mark: str) -> None:
    for name in _SHAPES:
        (cli.folder / name).unlink(missing_ok=True)
    expected = sum(count for _, count in _SHAPES.values())
    with cli.started(cli.write("shapes.yaml", _workflow(mark)), "--no-ui") as engine:
        _wait_until(lambda: all((cli.folder / name).exists() for name in _SHAPES), "the tasks began")
        _wait_until(
            lambda: [process.name() for process in _marked(mark)].count("sleep") == expected, "all children live"
        )
        engine.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        assert -signal.SIGKILL == engine.wait()
        _wait_until(lambda: not _marked(mark), f"alive: {_marked(mark)}", killed_at + _ALIVE_S - time.monotonic())


@pytest.mark.parametrize("number", _ROUNDS)
def test_no_child_outlives_a_killed_engine(cli: Cli, mark: str, number: int) -> None:
    """2 s after `kill -9` of the engine no child lives: plain, setsid, nohup, forked twice, a pipeline deaf to TERM."""
    _kill_and_look(cli, mark)


@pytest.mark.soak
def test_no_child_outlives_a_killed_engine_twenty_times(cli: Cli, mark: str) -> None:
    """The same, twenty of twenty times."""
    for _ in _SOAK_ROUNDS:
        _kill_and_look(cli, mark)


@pytest.mark.parametrize("isolate", ["thread", "process"])
@pytest.mark.parametrize("function", ["popen", "fork"])
def test_children_of_functions_end_too(cli: Cli, function: str, isolate: str) -> None:
    """What a function started by itself, by exec or by fork alone, ends with the engine, and so does its process."""
    cli.write("own.py", _FUNCTIONS)
    flow = cli.write("own.yaml", f"tasks: {{a: {{function: './own.py:{function}', isolate: {isolate}}}}}")
    with cli.started(flow, "--no-ui") as engine:
        _wait_until((cli.folder / function).exists, "the function began")
        below = psutil.Process(engine.pid).children(recursive=True)
        own = [child for child in below if "watchdog_process" not in str(child.cmdline())]
        engine.send_signal(signal.SIGKILL)

        assert len(own) == (1 if isolate == "thread" else 2)
        for child in own:
            _wait_until(lambda child=child: not _lives(child), f"{child} lives", _ALIVE_S)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_engine_that_ends_well_leaves_a_daemon_alone(cli: Cli, mark: str) -> None:
    """What left its task by `setsid` and with output of its own lives on after the run."""
    flow = cli.write(
        "daemon.yaml",
        f"env: {{MARK: {mark}}}\ntasks: {{a: {{run: 'setsid sleep 300 < /dev/null > /dev/null 2>&1 & sleep 0.1'}}}}",
    )
    result = cli(flow, "--no-ui")

    assert 0 == result.code, result.out + result.err
    assert ["sleep"] == [process.name() for process in _marked(mark)]


def test_watchdog_goes_with_the_engine(cli: Cli, mark: str) -> None:
    """It lives from the first child to the end of the engine, and no signal of a terminal reaches it."""
    flow = cli.write("one.yaml", f"env: {{MARK: {mark}}}\ntasks: {{a: {{run: 'echo ready > a; sleep 300'}}}}")
    with cli.started(flow, "--no-ui") as engine:
        _wait_until((cli.folder / "a").exists, "the task began")
        (watchdog,) = [
            child for child in psutil.Process(engine.pid).children() if "watchdog_process" in str(child.cmdline())
        ]
        _wait_until(lambda: _ignores(watchdog.pid, signal.SIGTERM), "it listens")

        assert os.getsid(watchdog.pid) == watchdog.pid
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP):
            assert _ignores(watchdog.pid, number)
        engine.send_signal(signal.SIGINT)
        assert 130 == engine.wait(30)
        _wait_until(lambda: not watchdog.is_running(), "it went")
    assert [] == _marked(mark)


def _ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    mask = next(line for line in status.splitlines() if line.startswith("SigIgn:")).split()[1]
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_nothing_is_started_or_marked_while_nobody_serves() -> None:
    """Outside of an engine's life children are as they were asked for."""
    assert {"A": "1"} == Watchdog().environment({"A": "1"})


def test_markers_of_nested_engines_are_kept() -> None:
    """A child carries the markers of the engines above its own: whichever is killed, it ends."""
    watchdog = Watchdog()
    with watchdog.serving():
        own = watchdog.environment({})[MARKER]

        assert f"above:{own}" == watchdog.environment({MARKER: "above"})[MARKER]
        assert own == watchdog.environment({MARKER: own})[MARKER]


def test_watchdog_that_was_killed_is_replaced() -> None:
    """The next child gets a new one; the engine goes on."""
    watchdog = Watchdog()
    with watchdog.serving():
        first = watchdog.environment({})[MARKER]
        process = watchdog._process
        assert process is not None
        process.kill()
        process.wait()
        watchdog.watch(1, 1)

        assert first != watchdog.environment({})[MARKER]


def test_environment_of_this_process_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What marks the children of functions is taken back when the engine ends."""
    monkeypatch.setenv(MARKER, "above")
    watchdog = Watchdog()
    with watchdog.serving():
        watchdog.cover_this_process()
        assert os.environ[MARKER].startswith("above:")

    assert "above" == os.environ[MARKER]


def test_pid_that_is_somebody_else_now_is_left_alone(tmp_path: Path) -> None:
    """A number that was given to another process since is not killed: the start time tells."""
    program = Path(sys.modules[Watchdog.__module__].__file__ or "").with_name("watchdog_process.py")
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as innocent:
        watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), str(os.getpid()), uuid4().hex], stdin=subprocess.PIPE
        )
        watchdog.communicate(b"+%d 1\n" % innocent.pid, timeout=30)

        assert 0 == watchdog.returncode
        assert innocent.poll() is None
        innocent.kill()
