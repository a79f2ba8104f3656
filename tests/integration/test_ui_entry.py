"""The UI through a real pseudo-terminal: opened by the command line, left with `q`, with the exit code of its run."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from .cli import Cli


class _Terminal:
    """A process on a pseudo-terminal of 120 by 40."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.seen = b""

    def wait_for(self, text: str, limit_s: float = 40) -> None:
        """Read until the screen has been told `text`."""
        end = time.monotonic() + limit_s
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                pytest.fail(f"no {text!r} on the screen: {self.seen[-2000:]!r}")
            self.seen += os.read(self._master, 65536)

    def hang_up(self) -> int:
        """Close the window, as its program sees it, and give the exit code."""
        os.close(self._master)
        self._master = -1
        self.process.send_signal(signal.SIGHUP)
        self.process.send_signal(signal.SIGCONT)
        return self.process.wait(timeout=30)

    def close(self) -> None:
        """Give the terminal back."""
        if self._master >= 0:
            os.close(self._master)

    def press(self, key: bytes) -> None:
        """Type."""
        os.write(self._master, key)

    def leave(self, key: bytes = b"q") -> int:
        """Press a key, or none, and give the exit code."""
        os.write(self._master, key)
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self._master], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self._master, 65536)
                except OSError:  # the other side has closed
                    break
        return self.process.wait(timeout=30)


@contextmanager
def _on_terminal(cli: Cli, *arguments: str) -> Iterator[_Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        cli.command(*arguments),
        cwd=cli.folder,
        env=cli.environment(TERM="xterm-256color"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    with process:
        terminal = _Terminal(process, master)
        try:
            yield terminal
        finally:
            if process.poll() is None:
                process.kill()
            terminal.close()


@pytest.mark.parametrize(("script", "word", "code"), [("true", "SUCCEEDED", 0), ("exit 3", "FAILED", 1)])
def test_the_ui_gives_the_code_of_its_run(cli: Cli, script: str, word: str, code: int) -> None:
    """A file given on a terminal is run in the UI; leaving it returns how the run ended."""
    cli.write("flow.yaml", f"tasks: {{only: {{run: {script}}}}}\n")

    with _on_terminal(cli, "flow.yaml") as terminal:
        terminal.wait_for(word)
        assert code == terminal.leave()

    assert word.lower() == cli.show()["run"]["status"]
    assert b"\x1b[?1049l" in terminal.seen, "the terminal has its own screen back"


def test_a_closed_window_ends_the_run_and_the_program(cli: Cli) -> None:
    """When the terminal is gone for good, the run is cancelled and the process ends; it waits for no one to read."""
    cli.write("flow.yaml", "tasks: {one: {run: sleep 60}, two: {run: sleep 60}}\n")

    with _on_terminal(cli, "flow.yaml") as terminal:
        terminal.wait_for("RUNNING")
        terminal.hang_up()

    assert "cancelled" == cli.show()["run"]["status"]


def test_a_run_can_be_resumed_in_the_ui(cli: Cli) -> None:
    """`resume RUN` on a terminal goes on in the UI."""
    cli.write("flow.yaml", "tasks: {only: {run: 'cat missing'}}\n")
    assert 1 == cli("flow.yaml", "--no-ui", "--run-id", "it").code
    cli.write("missing", "here now")

    with _on_terminal(cli, "resume", "it") as terminal:
        terminal.wait_for("SUCCEEDED")
        assert 0 == terminal.leave()

    assert "succeeded" == cli.show("it")["run"]["status"]


def test_a_run_can_be_given_its_id_in_the_ui(cli: Cli) -> None:
    """`--run-id` names a new run; a second time the same run is gone on with."""
    cli.write("flow.yaml", "tasks: {only: {run: 'cat missing'}}\n")
    with _on_terminal(cli, "flow.yaml", "--run-id", "mine") as terminal:
        terminal.wait_for("FAILED")
        terminal.leave()
    cli.write("missing", "here now")
    with _on_terminal(cli, "flow.yaml", "--run-id", "mine") as terminal:
        terminal.wait_for("SUCCEEDED")
        assert 0 == terminal.leave()

    assert ["mine"] == cli.stored()


def test_a_file_can_be_opened_without_running(cli: Cli) -> None:
    """`--no-start` shows the file and stores no run."""
    cli.write("flow.yaml", "tasks: {only_task: {run: 'true'}}\n")

    with _on_terminal(cli, "flow.yaml", "--no-start") as terminal:
        terminal.wait_for("only_task")
        assert 0 == terminal.leave()

    assert [] == cli.stored()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hangup"])
def test_a_signal_cancels_the_live_run_and_restores_the_terminal(cli: Cli, signum: signal.Signals, code: int) -> None:
    """The run ends gracefully, its row says so, the code is the signal's, and the terminal is as it was."""
    cli.write("flow.yaml", "tasks: {slow: {run: 'echo $$ > pid; sleep 60'}}\n")

    with _on_terminal(cli, "flow.yaml") as terminal:
        terminal.wait_for("RUNNING")
        terminal.process.send_signal(signum)
        assert code == terminal.leave(b"")

    assert "cancelled" == cli.show()["run"]["status"]
    _assert_restored(terminal)


def test_ctrl_c_cancels_the_live_run_and_leaves(cli: Cli) -> None:
    """Once: the run ends gracefully, with its `finally`, and the window goes with 130."""
    cli.write("flow.yaml", "tasks: {slow: {run: sleep 60}}\nfinally: {task_id: clean, run: touch clean}\n")

    with _on_terminal(cli, "flow.yaml") as terminal:
        terminal.wait_for("RUNNING")
        assert 130 == terminal.leave(b"\x03")

    assert "cancelled" == cli.show()["run"]["status"]
    assert (cli.folder / "clean").exists()
    _assert_restored(terminal)


def test_ctrl_c_twice_leaves_at_once_and_no_child_behind(cli: Cli) -> None:
    """Twice: nobody waits for a child that ignores TERM; it is killed, and the run can be resumed."""
    script = "trap '' TERM; echo $$ > pid; echo armed; while :; do sleep 0.1; done"
    cli.write("flow.yaml", f'tasks: {{slow: {{run: "{script}"}}}}\n')

    with _on_terminal(cli, "flow.yaml") as terminal:
        terminal.wait_for("armed")
        child = psutil.Process(int((cli.folder / "pid").read_text()))
        terminal.press(b"\x03")
        terminal.wait_for("CANCELLING")
        assert 130 == terminal.leave(b"\x03")

    _assert_restored(terminal)
    assert "interrupted" == cli.show()["run"]["status"]
    assert ([child], []) == psutil.wait_procs([child], timeout=2)


def test_the_ui_commands_a_run_of_another_process(cli: Cli) -> None:
    """It comes into the list by itself; it is paused, goes on, and is approved, all by the process that owns it."""
    flow = """
tasks:
  busy: {run: "while [ ! -e go ]; do sleep 0.05; done"}
  ask: {operator_type: approval, prompt: Ship it?}
"""
    with (
        cli.started(cli.write("flow.yaml", flow), "--no-ui", "--run-id", "it") as owner,
        _on_terminal(cli) as terminal,
    ):
        terminal.wait_for("running")
        terminal.press(b"\r")
        terminal.wait_for("RUNNING")
        terminal.press(b" ")
        terminal.wait_for("PAUSED")
        terminal.press(b" ")
        terminal.wait_for("goes on")
        terminal.press(b"!")
        terminal.wait_for("Approve ask?")
        terminal.press(b"y")
        terminal.wait_for("ask is approved")
        cli.write("go", "")
        owner.communicate(timeout=30)
        terminal.wait_for("SUCCEEDED")
        terminal.leave(b"\x11")

    assert {"busy": "succeeded", "ask": "succeeded"} == cli.statuses("it")


def test_an_approval_is_given_in_the_ui_to_a_run_left_waiting(cli: Cli) -> None:
    """It is written into the run, and `R` goes on with it."""
    cli.write("flow.yaml", "tasks: {ask: {operator_type: approval, prompt: Ship it?}}\n")
    assert 3 == cli("flow.yaml", "--no-ui", "--run-id", "it").code

    with _on_terminal(cli) as terminal:
        terminal.wait_for("waiting")
        terminal.press(b"\r")
        terminal.wait_for("Ship it?")
        terminal.press(b"!")
        terminal.wait_for("Approve ask?")
        terminal.press(b"y")
        terminal.wait_for("ask is approved")
        terminal.press(b"R")
        terminal.wait_for("SUCCEEDED")
        terminal.leave(b"\x11")

    assert "succeeded" == cli.show("it")["run"]["status"]


def _assert_restored(terminal: _Terminal) -> None:
    """The main screen, no mouse, a cursor."""
    for mode in (b"\x1b[?1049", b"\x1b[?1000"):
        assert terminal.seen.rindex(mode + b"l") > terminal.seen.rindex(mode + b"h")
    assert terminal.seen.rindex(b"\x1b[?25h") > terminal.seen.rindex(b"\x1b[?25l")
