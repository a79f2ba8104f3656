"""What each runtime promises of a call, whatever runs in it. `TABLE` says what applies to which; add a column to it.

Containers and requests have suites of their own (`tests/integration/docker`, `tests/integration/test_fetch.py`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from engine.core.calls import TaskCall
from engine.runtime.log_sink import LOG_CAP
from engine.runtime.logs import LogFollower, LogLine

from .executor_bench import Bench, run

ROOT: Final = Path(__file__).parents[2]
RUNTIMES: Final = ("thread", "process", "shell")

_NO_PROCESS: Final = "a thread shares the engine's process"
_NOT_ITS_CHILDREN: Final = "what a thread starts is its author's; the watchdog alone ends it"
TABLE: Final[dict[str, dict[str, str]]] = {
    # promise: runtime: why it does not apply
    "exit code": {"thread": _NO_PROCESS},
    "live streaming": {},
    "cancel": {},
    "timeout": {},
    "env": {"thread": _NO_PROCESS},
    "cwd": {"thread": _NO_PROCESS},
    "one line": {},
    "lines": {},
    "yes": {},
    "binary": {},
    "invalid UTF-8": {},
    "ignores TERM": {"thread": _NOT_ITS_CHILDREN},
    "forks": {"thread": _NOT_ITS_CHILDREN},
    "double-forks": {"thread": _NOT_ITS_CHILDREN},
    "setsid": {"thread": _NOT_ITS_CHILDREN},
    "background child": {"thread": _NOT_ITS_CHILDREN},
}
_CHILDREN: Final = {
    "ignores TERM": "trap '' TERM; echo ready; sleep 300; sleep 300",
    "forks": "sleep 300 & sleep 300 & echo ready; wait",
    "double-forks": "(sleep 300 & sleep 300 &); echo ready; sleep 300",
    "setsid": "setsid sh -c 'echo ready; sleep 300; :'; sleep 300",
}
_RISE_MB: Final = 50
_LAG_S: Final = 2.0
"""Far above what the loop takes, far below what would stop timers and Ctrl-C."""


def promised(promise: str) -> pytest.MarkDecorator:
    """Parametrise over the runtimes to which a promise applies."""
    return pytest.mark.parametrize("runtime", [name for name in RUNTIMES if name not in TABLE[promise]])


def _call(tools: Bench, runtime: str, function: str, script: str, *args: Any, **more: Any) -> TaskCall:
    """Call a function of conformance_functions.py, or run a script that does the same."""
    if runtime == "shell":
        return tools.call("shell", script, **more)
    name = f"./conformance_functions.py:{function}"
    return tools.call("function", function=name, args=args, isolate=runtime, **more)


def _script(tools: Bench, runtime: str, script: str, **more: Any) -> TaskCall:
    """Run a script, or a function that runs it as its child."""
    return _call(tools, runtime, "script", script, script, **more)


@promised("exit code")
def test_exit_code(runtime: str) -> None:
    """A process that ends with another code than 0 fails its task with that code."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(_call(tools, runtime, "exit_with", "exit 7", 7))

        assert outcome.error is not None
        assert ("failed", "E-EXIT", 7) == (outcome.status, outcome.error.code, outcome.error.exit_code)

    run(test)


@promised("live streaming")
def test_output_is_there_while_the_call_runs(runtime: str) -> None:
    """Output is in the log before the call is over; a cancel then ends it."""

    async def test(tools: Bench) -> None:
        running = asyncio.create_task(tools.run(_call(tools, runtime, "say_and_wait", "echo ready; sleep 300")))
        await tools.log.shows("ready")

        assert not running.done()
        running.cancel()
        assert "cancelled" == (await running).status

    run(test)


@promised("timeout")
def test_timeout(runtime: str) -> None:
    """A call that takes too long is `timed_out`, soon after its time."""

    async def test(tools: Bench) -> None:
        began = time.monotonic()
        call = _call(tools, runtime, "say_and_wait", "sleep 300", timeout_s=1.5)

        assert "timed_out" == (await tools.run(call)).status
        assert 1.4 < time.monotonic() - began < 10

    run(test)


@promised("env")
def test_environment(runtime: str) -> None:
    """A call has the variables it was given, and the next one does not."""

    async def test(tools: Bench) -> None:
        given = await tools.run(_call(tools, runtime, "environment", "echo $WORD", "WORD", env={"WORD": "grüße"}))
        after = await tools.run(_call(tools, runtime, "environment", "echo ${WORD-}", "WORD"))

        assert "grüße" == given.value
        assert not after.value

    run(test)


@promised("cwd")
def test_folder(runtime: str, tmp_path: Path) -> None:
    """A call starts in its folder; one that is not there fails it."""

    async def test(tools: Bench) -> None:
        found = await tools.run(_call(tools, runtime, "folder", "pwd", cwd=str(tmp_path)))
        gone = await tools.run(_call(tools, runtime, "folder", "pwd", cwd=str(tmp_path / "gone")))

        assert os.path.realpath(tmp_path) == os.path.realpath(str(found.value))
        assert "failed" == gone.status

    run(test)


@promised("binary")
def test_bytes_reach_the_log_as_they_are(runtime: str, tmp_path: Path) -> None:
    """Every byte value is in the log, in order; the call succeeds."""

    async def test(tools: Bench) -> None:
        data = bytes(range(256))
        script = r"for i in {0..255}; do printf \\x$(printf %x $i); done > all; for i in {1..300}; do cat all; done"
        outcome = await tools.run(
            _call(tools, runtime, "write", script, [data.decode("latin-1")], 300, cwd=str(tmp_path))
        )

        assert "succeeded" == outcome.status
        assert data * 300 == b"".join(chunk for stream, chunk in tools.log.chunks if stream == "stdout")

    run(test)


@promised("invalid UTF-8")
def test_text_that_is_no_utf8(runtime: str) -> None:
    """Bytes that are no text stay in the log, and a result shows a mark in their place."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(_call(tools, runtime, "write", r"printf 'a\377b\303'", ["a\xffb\xc3"], 1))

        assert "succeeded" == outcome.status
        assert [b"a\xffb\xc3"] == [chunk for stream, chunk in tools.log.chunks if stream == "stdout"]
        assert runtime != "shell" or "a\ufffdb\ufffd" == outcome.value

    run(test)


@pytest.mark.parametrize("end", ["cancel", "timeout"])
@pytest.mark.parametrize(
    ("runtime", "shape"), [(name, shape) for shape in _CHILDREN for name in RUNTIMES if name not in TABLE[shape]]
)
def test_no_child_outlives_its_call(runtime: str, shape: str, end: Literal["cancel", "timeout"]) -> None:
    """When a cancelled or timed out call is over, every process it started is gone, whatever it did to stay."""

    async def test(tools: Bench) -> None:
        timeout_s = 3.0 if end == "timeout" else None
        call = _script(tools, runtime, _CHILDREN[shape], timeout_s=timeout_s, grace_s=0.3)
        running = asyncio.create_task(tools.run(call))
        await tools.log.shows("ready")
        if end == "cancel":
            running.cancel()
        outcome = await running

        assert ("timed_out" if end == "timeout" else "cancelled") == outcome.status
        assert [] == tools.survivors()

    run(test)


@promised("background child")
def test_background_child_does_not_hold_up_its_call(runtime: str) -> None:
    """One that keeps stdout open is ended soon after the call itself is done."""

    async def test(tools: Bench) -> None:
        began = time.monotonic()
        outcome = await tools.run(_script(tools, runtime, "sleep 300 & echo done"))

        assert "succeeded" == outcome.status
        assert time.monotonic() - began < 10
        assert "done\n" == tools.log.text("stdout")

    run(test)


# --- a lot of output -------------------------------------------------------------------------------------------------


def _measured(runtime: str, deed: str, size: int, folder: Path) -> dict[str, Any]:
    argv = [sys.executable, "-m", "tests.contract.conformance_case", runtime, deed, str(size), str(folder)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert 0 == done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _lines(folder: Path) -> int:
    """Count the lines of the log as its readers see them."""
    count = 0
    with LogFollower(folder / "task.1.1.log") as follower:
        lines: list[LogLine] = follower.read_new()
        while lines or follower.behind:
            count += len(lines)
            lines = follower.read_new()
    return count


def _look(runtime: str, deed: str, size: int, folder: Path) -> dict[str, Any]:
    """Measure, and hold what is promised of every size."""
    found = _measured(runtime, deed, size, folder)
    assert ("timed_out" if deed == "yes" else "succeeded") == found["status"]
    assert found["rise_mb"] < _RISE_MB
    assert found["log_bytes"] <= LOG_CAP
    assert found["lag_s"] < _LAG_S
    return found


@promised("one line")
def test_long_line(runtime: str, tmp_path: Path) -> None:
    """20 MB on one line are in the log; memory does not rise with them."""
    assert 20_000_000 <= _look(runtime, "one_line", 20, tmp_path)["log_bytes"] < 20_000_100  # and a word on the cut


@promised("lines")
def test_many_lines(runtime: str, tmp_path: Path) -> None:
    """100,000 lines are in the log; memory does not rise with them."""
    _look(runtime, "lines", 100, tmp_path)

    assert abs(100_000 - _lines(tmp_path)) <= 1


@promised("yes")
def test_output_without_end(runtime: str, tmp_path: Path) -> None:
    """What never stops writing is ended by its timeout; the loop answers meanwhile."""
    assert _look(runtime, "yes", 1000, tmp_path)["log_bytes"] > 0


@pytest.mark.soak
@promised("one line")
def test_hundred_megabytes_on_one_line(runtime: str, tmp_path: Path) -> None:
    """The same with 100 MB: beginning and end of the line are kept under the cap."""
    assert _look(runtime, "one_line", 100, tmp_path)["log_bytes"] > LOG_CAP * 0.7


@pytest.mark.soak
@promised("lines")
def test_million_lines(runtime: str, tmp_path: Path) -> None:
    """The same with a million."""
    _look(runtime, "lines", 1000, tmp_path)


@pytest.mark.soak
@promised("yes")
def test_yes_for_five_seconds(runtime: str, tmp_path: Path) -> None:
    """The same for five seconds: the log stays under its cap."""
    _look(runtime, "yes", 5000, tmp_path)


def test_table_names_runtimes_alone() -> None:
    """Every exception of the table is of a runtime that there is, and has its reason."""
    assert {name for row in TABLE.values() for name in row} <= set(RUNTIMES)
    assert all(reason for row in TABLE.values() for reason in row.values())
