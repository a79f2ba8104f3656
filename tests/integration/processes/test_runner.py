from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from engine.errors import TaskFailure
from engine.processes.child_watcher import install_child_watcher
from engine.processes.family import Family
from engine.processes.results import ResultFormat, read_as, text_or_failure
from engine.processes.runner import STDERR_CAP, Command, ProcessResult, run_process
from engine.processes.shells import shell_argv


@dataclass
class Log:
    """A LogSink that keeps everything."""

    chunks: list[tuple[str, bytes]] = field(default_factory=list)

    def write(self, data: bytes, stream: str = "stdout") -> None:
        self.chunks.append((stream, data))

    def line(self, level: str, text: str) -> None:
        self.chunks.append((level, text.encode()))

    def close(self) -> None:
        """Nothing to give back."""


def sh(script: str, **more: object) -> Command:
    """Make a command that runs in plain sh."""
    return Command(**{"argv": ("sh", "-c", script), "env": dict(os.environ), "grace_s": 5.0, **more})  # type: ignore[arg-type]  # a test's own words


def run(command: Command, log: Log | None = None) -> ProcessResult:
    """Run a command on a loop of its own."""
    install_child_watcher()
    return asyncio.run(run_process(command, log or Log(), lambda pid, started: None))


def test_stdin_is_given_and_closed() -> None:
    """The child reads exactly the input; more than a pipe holds too."""
    data = b"0123456789abcdef" * 20_000
    result = run(sh("wc -c", stdin=data))

    assert result.stdout.strip() == str(len(data)).encode()


def test_child_that_does_not_read_its_input_ends_well() -> None:
    """Input that nobody takes is no error."""
    assert run(sh("exit 0", stdin=b"x" * 1_000_000)).exit_code == 0


def test_end_of_stderr_is_kept() -> None:
    """Of a long stderr the last bytes are kept."""
    result = run(sh("head -c 100000 /dev/zero | tr '\\0' x >&2; printf end >&2; exit 1"))

    assert len(result.stderr_tail) == STDERR_CAP
    assert result.stderr_tail.endswith(b"xend")


def test_chunks_arrive_in_order_and_whole() -> None:
    """The log gets every byte of each stream in order, in far fewer chunks than lines."""
    log = Log()
    run(sh("seq 1 200000"), log)
    written = b"".join(data for stream, data in log.chunks if stream == "stdout")

    assert written == b"".join(b"%d\n" % number for number in range(1, 200_001))
    assert len(log.chunks) < 2_000


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (Command(argv=("no-such-program",), env={}), "command 'no-such-program' not found"),
        (Command(argv=("/",), env={}), "command '/' cannot be started: Permission denied"),
        (Command(argv=("a\0b",), env={}), "holds a NUL character"),
        (Command(argv=("true",), env={}, cwd="/no/such/folder"), "the folder /no/such/folder does not exist"),
    ],
)
def test_what_cannot_start_says_why(command: Command, message: str) -> None:
    """Nothing is started, and one sentence names the cause."""
    with pytest.raises(TaskFailure, match=message.replace("(", r"\(")) as failure:
        run(command)

    assert failure.value.info.code == "E-COMMAND"


def test_many_at_once_from_two_threads() -> None:
    """Two loops in two threads wait for their own children at the same time."""
    install_child_watcher()
    codes: list[int | None] = []

    async def main() -> None:
        results = await asyncio.gather(
            *(run_process(sh(f"exit {number}"), Log(), lambda pid, started: None) for number in range(20))
        )
        codes.extend(result.exit_code for result in results)

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted([*range(20), *range(20)]) == sorted(code for code in codes if code is not None)


def test_stopped_child_can_be_ended() -> None:
    """A child that has stopped itself is woken to end, within the grace."""
    started = time.monotonic()
    result = run(sh("kill -STOP $$; exit 0", timeout_s=0.2, grace_s=30.0))

    assert (True, signal.SIGTERM) == (result.timed_out, result.signal)
    assert time.monotonic() - started < 10


def test_double_fork_in_the_same_session_is_ended(tmp_path: Path) -> None:
    """A grandchild whose parent has died still belongs to the session."""
    pidfile = tmp_path / "pid"
    result = run(sh(f"(sleep 300 >/dev/null 2>&1 & echo $! > {pidfile}); sleep 300", timeout_s=0.5))

    assert result.timed_out
    assert not _lives(int(pidfile.read_text()))


def test_background_child_with_its_own_output_ends_with_the_command(tmp_path: Path) -> None:
    """One rule whatever stdout is: the group ends with its leader."""
    pidfile = tmp_path / "pid"
    result = run(sh(f"sleep 300 >/dev/null 2>&1 & echo $! > {pidfile}"))

    assert (0, False, False) == (result.exit_code, result.timed_out, result.cancelled)
    assert not _lives(int(pidfile.read_text()))


def test_service_in_a_session_of_its_own_outlives_the_command(tmp_path: Path) -> None:
    """Who shall stay says so with setsid; the call does not wait for it."""
    pidfile = tmp_path / "pid"
    result = run(
        sh(f"setsid sh -c 'echo $$ > {pidfile}; exec sleep 300' >/dev/null 2>&1 & until test -s {pidfile}; do :; done")
    )
    service = psutil.Process(int(pidfile.read_text()))
    try:
        assert result.exit_code == 0
        assert service.is_running()
    finally:
        service.kill()


def test_family_never_counts_strangers() -> None:
    """Looking around from a family of one finds this one alone."""
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as alone:
        family = Family(alone.pid)
        members = family.look_around()
        family.kill()

    assert [alone.pid] == [process.pid for process in members]
    assert family.is_gone()


def test_cut_result_loses_no_character(tmp_path: Path) -> None:
    """A result cut inside a character ends before it."""
    log = Log()
    result = run(sh("yes ü | tr -d '\\n' | head -c 1048577"), log)
    text = text_or_failure(ProcessResult(**{**_fields(result), "stdout": result.stdout[:-1]}), log)  # type: ignore[arg-type]  # its own fields

    assert result.truncated
    assert set(text) == {"ü"}
    assert log.chunks[-1] == ("warning", b"the result was cut at 1 MiB; the log has all of it")


def _fields(result: ProcessResult) -> dict[str, object]:
    return {name: getattr(result, name) for name in result.__slots__}


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_terminal_is_what_the_child_sees() -> None:
    """With `pty` all three streams are a terminal of 80 × 24; its input is at its end, output arrives as it is."""
    result = run(sh("test -t 0 && test -t 1 && test -t 2 && stty size; cat; echo out; echo err >&2", pty=True))

    assert (0, b"24 80\nout\nerr\n") == (result.exit_code, result.stdout)


def test_terminal_with_input() -> None:
    """Given input comes through a pipe, whole and not echoed; the output is a terminal all the same."""
    result = run(sh("test -t 1 && wc -c", pty=True, stdin=b"x" * 10_000))

    assert (0, b"10000") == (result.exit_code, result.stdout.strip())


def test_all_output_of_a_terminal_arrives() -> None:
    """What was written last is not lost with the terminal."""
    log = Log()
    result = run(sh("seq 1 20000", pty=True), log)

    assert 0 == result.exit_code
    assert b"".join(data for _, data in log.chunks) == b"".join(b"%d\n" % number for number in range(1, 20_001))


def test_command_with_a_terminal_is_ended() -> None:
    """A timeout ends what sits at a terminal."""
    result = run(sh("trap '' HUP; sleep 300", pty=True, timeout_s=0.2))

    assert result.timed_out


@pytest.mark.parametrize(
    ("text", "result_format", "value"),
    [
        ("a\nb", "text", "a\nb"),
        ("a\r\n\nb", "lines", ["a", "", "b"]),
        ("", "lines", []),
        ('{"a": [1, null]}', "json", {"a": [1, None]}),
    ],
)
def test_result_formats(text: str, result_format: ResultFormat, value: object) -> None:
    """Stdout is read as text, as lines without their ends, or as JSON."""
    assert value == read_as(text, result_format, truncated=False)


@pytest.mark.parametrize(
    ("text", "truncated", "message"),
    [
        ("", False, "stdout is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[" * 100_000, False, "stdout is no JSON: it is nested too deep"),
        ("1", True, "stdout is no JSON: it is longer than 1 MiB"),
    ],
)
def test_text_that_is_no_json_fails(text: str, truncated: bool, message: str) -> None:
    """The task fails and says where the text stops being JSON."""
    with pytest.raises(TaskFailure) as failure:
        read_as(text, "json", truncated=truncated)

    assert ("E-RESULT", message) == (failure.value.info.code, failure.value.info.message)


def test_other_exit_codes_may_be_success() -> None:
    """0 and the codes named succeed, all others fail."""
    log = Log()

    assert "a" == text_or_failure(run(sh("echo a; exit 3")), log, (1, 3))
    assert "a" == text_or_failure(run(sh("echo a")), log, (1, 3))
    with pytest.raises(TaskFailure):
        text_or_failure(run(sh("exit 2")), log, (1, 3))


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        (("zsh",), ("zsh", "-c", "x")),
        (("python3", "-c"), ("python3", "-c", "x")),
        (("env", "-i", "sh", "-ec"), ("env", "-i", "sh", "-ec", "x")),
    ],
)
def test_shell_is_the_words_before_the_script(shell: tuple[str, ...], argv: tuple[str, ...]) -> None:
    """A shell that is named is used as it is; one word alone gets `-c`."""
    assert argv == shell_argv("x", None, shell)
