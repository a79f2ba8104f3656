"""What a process returns is what the run's row says, or the kind of the error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .cli import Cli

_OK = "tasks: {only: {function: memory.set, args: [answer, 42]}}\n"
_SLOW = """
tasks:
  slow: {run: "echo begun; sleep 60"}
  never: {function: log.info, args: [never], dependencies: [slow]}
"""


def _wait_for(process: subprocess.Popen[str], event: str) -> None:
    """Read JSON lines until one of that type."""
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == event:
            return
    pytest.fail(f"no {event}: {process.stderr.read() if process.stderr else ''}")


def test_success_and_failure(cli: Cli) -> None:
    """0 where the run succeeded, 1 where it failed; with `-x` the code of the task that did."""
    bad = cli.write("bad.yaml", 'tasks: {only: {run: "exit 9"}}\n')

    assert 0 == cli(cli.write("ok.yaml", _OK), "--no-ui").code
    assert 1 == cli(bad, "--no-ui").code
    assert 9 == cli(bad, "--no-ui", "-x").code


@pytest.mark.parametrize(
    ("signum", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["ctrl-c", "term", "hangup"],
)
def test_a_signal_cancels_gracefully(cli: Cli, signum: signal.Signals, code: int) -> None:
    """One signal ends the running task, starts nothing more, writes the row and gives its own code."""
    with cli.started(cli.write("slow.yaml", _SLOW), "--no-ui", "--json") as process:
        _wait_for(process, "TaskSpawned")
        process.send_signal(signum)
        _, err = process.communicate(timeout=30)

    assert code == process.returncode
    assert "Traceback" not in err
    shown = cli.show()
    assert "cancelled" == shown["run"]["status"]
    assert {"slow": "cancelled", "never": "cancelled"} == {task["path"]: task["status"] for task in shown["tasks"]}


def test_nohup_is_respected(cli: Cli) -> None:
    """A hangup that whoever started the run told it to ignore ends nothing."""
    cli.write("brief.yaml", "tasks: {brief: {run: 'echo begun; while [ ! -e go ]; do sleep 0.05; done'}}\n")
    process = subprocess.Popen(
        ["nohup", *cli.command("brief.yaml", "--no-ui", "--json")],
        cwd=cli.folder,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        _wait_for(process, "TaskSpawned")
        process.send_signal(signal.SIGHUP)
        cli.write("go", "")
        process.communicate(timeout=30)

    assert 0 == process.returncode


def test_the_second_ctrl_c_ends_at_once(cli: Cli) -> None:
    """A task that ignores TERM holds a graceful end up; the second Ctrl-C does not wait, and the run can be resumed."""
    stubborn = """tasks: {slow: {run: "trap '' TERM; echo begun; while :; do sleep 0.1; done"}}\n"""
    with cli.started(cli.write("stubborn.yaml", stubborn), "--no-ui", "-v") as process:
        assert process.stdout is not None
        assert any("begun" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "cancelling" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait(timeout=8)  # the grace of the task is 10 s
        took = time.monotonic() - began

    assert 130 == process.returncode
    assert took < 1.5, "a second, and what a busy machine adds"
    assert cli.show()["run"]["status"] in {"interrupted", "cancelled"}


def test_a_run_that_another_process_owns_is_refused(cli: Cli) -> None:
    """5, with the owner's process id; the owner goes on undisturbed."""
    with cli.started(cli.write("slow.yaml", _SLOW), "--no-ui", "--json", "--run-id", "mine") as process:
        _wait_for(process, "TaskSpawned")
        resumed = cli("resume", "mine", "--no-ui")
        started = cli("slow.yaml", "--no-ui", "--run-id", "mine")
        shown = cli.show("mine")

        assert (5, 5) == (resumed.code, started.code)
        assert f"process {process.pid}" in resumed.err
        assert ("running", "running") == (shown["run"]["status"], shown["tasks"][0]["status"])


@pytest.mark.parametrize(
    "arguments",
    [("runs",), ("show", "@latest"), ("logs", "@latest"), ("resume", "@latest", "--no-ui"), ("ok.yaml", "--no-ui")],
    ids=lambda arguments: arguments[0],
)
def test_a_store_that_cannot_be_used_is_named(cli: Cli, arguments: tuple[str, ...]) -> None:
    """4 for a file that is no database; it is left as it is."""
    cli.write("ok.yaml", _OK)
    cli.write("runs.db", "this is no database, but somebody's letter\n" * 100)

    result = cli(*arguments)

    assert 4 == result.code
    assert 1 == result.err.count("\n"), result.err
    assert result.err.startswith("highway-tui: ")
    assert (cli.folder / "runs.db").read_text(encoding="utf-8").startswith("this is no database")


def test_a_reader_that_leaves_is_no_error(cli: Cli) -> None:
    """`| head -1` gets its line; the run still ends, and its row says how."""
    cli.write("ok.yaml", "tasks:\n" + "".join(f"  t{number}: {{run: echo {number}}}\n" for number in range(20)))
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        process = subprocess.Popen(
            cli.command("ok.yaml", "--no-ui", "-v"),
            cwd=cli.folder,
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        os.read(reading, 1)
        os.close(reading)
        _, err = process.communicate(timeout=60)

    assert (0, "") == (process.returncode, err)
    assert "succeeded" == cli.show()["run"]["status"]


def test_a_full_output_is_no_traceback(cli: Cli) -> None:
    """What cannot be written is given up quietly; the exit code is still that of the run."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as nowhere:
        done = subprocess.run(
            cli.command(cli.write("ok.yaml", _OK), "--no-ui"),
            cwd=cli.folder,
            env=cli.environment(),
            stdin=subprocess.DEVNULL,
            stdout=nowhere,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    assert (0, "") == (done.returncode, done.stderr)
