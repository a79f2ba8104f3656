"""Storage that fails while runs go on: named, exit 4, nothing overwritten, and a resume once it is mended."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from engine import open_reader
from tests.integration.cli import ROOT, Cli, Result

_HELD_S: Final = 30.0 if os.environ.get("HIGHWAY_SOAK") else 1.5
_ROUNDS: Final = 100 if os.environ.get("HIGHWAY_SOAK") else 5
_FILLS: Final = """
tasks:
  first: {run: "echo first >> ../ledger"}
  fill:
    dependencies: [first]
    run: |
      echo fill >> ../ledger
      [ -e ../filled ] || { touch ../filled; cat /dev/zero > disk/ballast; }
      true
  last: {dependencies: [fill], run: "echo last >> ../ledger"}
"""
_WAITS: Final = """
tasks:
  slow: {run: "echo $$ > pid; while [ ! -e go ]; do sleep 0.05; done"}
  last: {dependencies: [slow], function: log.info, args: [done]}
"""
_OK: Final = "tasks: {only: {function: memory.set, args: [answer, 42]}}\n"


def _mount(stack: ExitStack, *arguments: str) -> None:
    """Mount until the end of the stack; skip where this machine does not let us. The last argument is the folder."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = f"cannot mount: {done.stderr.strip()}"
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(reason)
        pytest.skip(reason)
    stack.callback(subprocess.run, ["umount", "--lazy", arguments[-1]], check=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep everybody from writing inside."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def _await_event(process: subprocess.Popen[str], event: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == event:
            return
    pytest.fail(f"no {event}: {process.stderr.read() if process.stderr else ''}")


def _await_file(path: Path) -> str:
    """Wait for a file with something in it."""
    end = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.02)
    return path.read_text().strip()


def _await_end_of(pid: int, limit_s: float) -> None:
    """Wait until there is no such process, or only its remains."""
    end = time.monotonic() + limit_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, f"process {pid} lives on"
        time.sleep(0.02)


def _is_named(result: Result, *words: str) -> None:
    """Exit 4 and one line that says why."""
    assert 4 == result.code, result.err
    assert 1 == result.err.count("\n"), result.err
    assert result.err.startswith("highway-tui: ")
    for word in words:
        assert word in result.err


def _is_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()


# --- room and permissions ----------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_during_a_run(cli: Cli) -> None:
    """4, the run is interrupted, what was recorded stays; with room again it is resumed to its end."""
    work, disk = cli.folder / "work", cli.folder / "work" / "disk"
    disk.mkdir(parents=True)
    inside = Cli(work, {"HIGHWAY_DB": str(disk / "runs.db"), "XDG_STATE_HOME": str(cli.folder / "state")})
    with ExitStack() as stack:
        _mount(stack, "-t", "tmpfs", "-o", "size=2m", "none", str(disk))
        inside.write("fills.yaml", _FILLS)

        full = inside("fills.yaml", "--no-ui", "--run-id", "it", "-q")

        _is_named(full, "no space is left", "[E-STORE-FULL]")
        shown = inside.show("it")
        assert "interrupted" == shown["run"]["status"]
        assert {"first": "succeeded", "fill": "interrupted", "last": "pending"} == inside.statuses("it")

        (disk / "ballast").unlink()
        resumed = inside("resume", "it", "--no-ui")

        assert 0 == resumed.code, resumed.err
        assert ["first", "fill", "fill", "last"] == (cli.folder / "ledger").read_text().split()
        _is_sound(disk / "runs.db")


def test_a_full_disk_refuses_new_runs(cli: Cli) -> None:
    """Where there is no room at the start, nothing is run, and readers still read."""
    disk = cli.folder / "disk"
    disk.mkdir()
    inside = Cli(cli.folder, {"HIGHWAY_DB": str(disk / "runs.db")})
    cli.write("ok.yaml", _OK)
    with ExitStack() as stack:
        _mount(stack, "-t", "tmpfs", "-o", "size=2m", "none", str(disk))
        assert 0 == inside("ok.yaml", "--no-ui", "--run-id", "old").code
        subprocess.run(["sh", "-c", "cat /dev/zero > ballast"], cwd=disk, stderr=subprocess.DEVNULL)

        _is_named(inside("ok.yaml", "--no-ui"), "no space is left", "[E-STORE-FULL]")
        listed = inside("runs")

        assert (0, 1) == (listed.code, listed.out.count("\n")), listed.err
        assert "old" in listed.out


def test_a_read_only_place(cli: Cli) -> None:
    """Writers are refused by name; readers read what there is; nothing changes."""
    disk = cli.folder / "disk"
    disk.mkdir()
    inside = Cli(cli.folder, {"HIGHWAY_DB": str(disk / "runs.db")})
    cli.write("ok.yaml", _OK)
    assert 0 == inside("ok.yaml", "--no-ui", "--run-id", "old").code
    before = (disk / "runs.db").read_bytes()
    with ExitStack() as stack:
        _mount(stack, "--bind", str(disk), str(disk))
        _mount_read_only(disk)

        _is_named(inside("ok.yaml", "--no-ui"), "read-only", str(disk))
        assert "succeeded" == inside.show("old")["run"]["status"]

    assert before == (disk / "runs.db").read_bytes()


def _mount_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True, capture_output=True)


# --- other people's locks ----------------------------------------------------------------------------------------


def test_a_lock_held_for_seconds_only_delays(cli: Cli) -> None:
    """Outcomes wait for the lock; a time limit does not: its process is gone while the lock is still held."""
    cli.write(
        "slow.yaml",
        'fail_fast: false\ntasks: {slow: {run: "echo $$ > pid; sleep 60", timeout: 2s}, two: {run: "true"}}\n',
    )
    with cli.started("slow.yaml", "--no-ui", "--json", "--run-id", "it") as process:
        pid = int(_await_file(cli.folder / "pid"))
        with _locked(cli.folder / "runs.db"):
            _await_end_of(pid, 10)
            time.sleep(_HELD_S)
            assert process.poll() is None
        _, err = process.communicate(timeout=30)

    assert (1, "") == (process.returncode, err)
    assert {"slow": "timed_out", "two": "succeeded"} == cli.statuses("it")


def test_ctrl_c_is_heard_while_the_store_is_locked(cli: Cli) -> None:
    """Once: said at once, done when the lock is gone. Twice: over within a second, with the children."""
    cli.write("waits.yaml", _WAITS)
    with cli.started("waits.yaml", "--no-ui", "-q", "--run-id", "once") as process:
        _await_file(cli.folder / "pid")
        with _locked(cli.folder / "runs.db"):
            _interrupt(process)
            time.sleep(0.5)
            assert process.poll() is None
        process.communicate(timeout=30)
    assert 130 == process.returncode
    assert "cancelled" == cli.show("once")["run"]["status"]

    (cli.folder / "pid").unlink()
    with cli.started("waits.yaml", "--no-ui", "-q", "--run-id", "twice") as process:
        pid = int(_await_file(cli.folder / "pid"))
        with _locked(cli.folder / "runs.db"):
            _interrupt(process)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            process.wait(timeout=10)
            took = time.monotonic() - began
            _await_end_of(pid, 2)
    assert 130 == process.returncode
    assert took < 1.5, "a second, and what a busy machine adds"
    assert "interrupted" == cli.show("twice")["run"]["status"]


def _interrupt(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C and read what it says."""
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "cancelling" in process.stderr.readline()


# --- what happens to the file ------------------------------------------------------------------------------------


def test_a_flipped_bit_is_damage(cli: Cli) -> None:
    """Readers and writers name it and leave every byte as it was."""
    cli.write("ok.yaml", _OK)
    assert 0 == cli("ok.yaml", "--no-ui", "--run-id", "it").code
    path = cli.folder / "runs.db"
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page] ^= 0x40  # the kind of the page
    path.write_bytes(data)

    for arguments in (("show", "it"), ("runs",), ("resume", "it", "--no-ui"), ("ok.yaml", "--no-ui")):
        _is_named(cli(*arguments), "runs.db", "[E-STORE-CORRUPT]")

    assert bytes(data) == path.read_bytes()


def test_a_newer_schema_is_left_alone(cli: Cli) -> None:
    """A database of tomorrow is refused with its version by readers and writers."""
    cli.write("ok.yaml", _OK)
    assert 0 == cli("ok.yaml", "--no-ui", "--run-id", "it").code
    path = cli.folder / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0907'")
        connection.commit()
    before = path.read_bytes()

    for arguments in (("show", "it"), ("resume", "it", "--no-ui"), ("ok.yaml", "--no-ui")):
        _is_named(cli(*arguments), "schema 0907", "[E-STORE-TOO-NEW]")

    assert before == path.read_bytes()


def test_a_file_deleted_during_a_run(cli: Cli) -> None:
    """4 at the next turn, with no child left; nothing is written into nowhere and no new file is made."""
    cli.write("waits.yaml", _WAITS)
    with cli.started("waits.yaml", "--no-ui", "-q", "--run-id", "it") as process:
        pid = int(_await_file(cli.folder / "pid"))
        for file in cli.folder.glob("runs.db*"):
            if file.is_file():
                file.unlink()
        cli.write("go", "")
        _, err = process.communicate(timeout=30)

    _is_named(Result(process.returncode, "", err), "was deleted or replaced", "[E-STORE-GONE]")
    _await_end_of(pid, 2)
    assert not (cli.folder / "runs.db").exists()


def test_short_runs_leave_no_log_behind(cli: Cli) -> None:
    """What a run has written is in the database when its process ends: many short runs do not let the log grow."""
    cli.write("ok.yaml", _OK)

    assert 0 == cli("ok.yaml", "--no-ui").code

    assert ["runs.db", "runs.db.d"] == sorted(path.name for path in cli.folder.glob("runs.db*"))


# --- a crowd -----------------------------------------------------------------------------------------------------


@pytest.mark.timeout(120 * _ROUNDS)
def test_sixteen_processes_on_one_file(tmp_path: Path) -> None:
    """All make the database at once, run, and end; no "database is locked" reaches anyone."""
    flow = tmp_path / "flow.yaml"
    flow.write_text(
        "tasks:\n"
        + "".join(f"  t{n}: {{function: memory.set, args: [k{n}, {n}]}}\n" for n in range(10))
        + "  shell: {run: echo hello}\n"
    )
    for number in range(_ROUNDS):
        path = tmp_path / f"round-{number}.db"
        crowd = [sys.executable, "-m", "tests.integration.database.crowd", str(path), "16", str(flow)]
        done = subprocess.run(crowd, cwd=ROOT, capture_output=True, text=True, timeout=118)

        assert ["succeeded"] * 16 == done.stdout.split("\n")[:-1], done.stderr
        assert not re.search("locked|busy", done.stderr, re.IGNORECASE)
        reader = open_reader(str(path))
        assert 16 == len(reader.runs())
        reader.close()
        _is_sound(path)
