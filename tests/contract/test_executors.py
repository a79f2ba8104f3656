"""What every executor promises of its outcomes and its processes. The bench's table says what applies to which call."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from engine.core.calls import Outcome
from engine.keys import ROOT, TaskId, TaskKey
from engine.processes.runner import STDERR_CAP, STDOUT_CAP

from .executor_bench import Bench, every_kind, having, run

# --- what all promise ------------------------------------------------------------------------------------------------


@every_kind
def test_outcome_names_its_attempt(kind: str) -> None:
    """The outcome carries the key, attempt and generation of its call, and the value."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind))

        value = None if kind == "inline" else "hello"
        expected = Outcome(
            key=TaskKey(ROOT, TaskId("task")), attempt=2, generation=3, status="succeeded", value=value, error=None
        )
        assert expected == outcome

    run(test)


@every_kind
def test_close_may_come_twice(kind: str) -> None:
    """An executor that was used can be closed more than once."""

    async def test(tools: Bench) -> None:
        await tools.run(tools.call(kind))
        for executor in tools.executors.values():
            await executor.close()

    run(test)


# --- processes -------------------------------------------------------------------------------------------------------


@having("process")
def test_exit_code_fails_with_the_end_of_stderr(kind: str) -> None:
    """A non-zero exit fails; the error has the code and what stderr ended with, without escapes."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, r"printf '\033[31mno\033]52;c;x\007 luck\n' >&2; exit 7"))

        assert outcome.error is not None
        assert ("failed", "E-EXIT", 7) == (outcome.status, outcome.error.code, outcome.error.exit_code)
        assert outcome.error.message == "exit code 7: no luck"

    run(test)


@having("script")
def test_script_stops_at_its_first_failure(kind: str) -> None:
    """Scripts run under -e and -u."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, "false; echo not reached"))
        unset = await tools.run(tools.call(kind, "echo $NOT_SET_ANYWHERE"))

        assert ("failed", "failed") == (outcome.status, unset.status)
        assert tools.log.text("stdout") == ""

    run(test)


@having("process")
def test_signal_fails_by_name(kind: str) -> None:
    """A process that a signal ended says which."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, "kill -KILL $$"))

        assert outcome.error is not None
        assert ("E-SIGNAL", "ended by SIGKILL") == (outcome.error.code, outcome.error.message)
        assert outcome.error.exit_code is None

    run(test)


@having("process")
def test_result_is_stdout_without_trailing_newlines(kind: str) -> None:
    """The value is stdout; inner newlines and leading blanks stay, stderr is not in it."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, r"printf '  a\n\nb\n\n'; echo c >&2"))

        assert outcome.value == "  a\n\nb"
        assert tools.log.text("stdout") == "  a\n\nb\n\n"
        assert tools.log.text("stderr") == "c\n"

    run(test)


@having("process")
def test_output_is_in_the_log_while_the_call_runs(kind: str) -> None:
    """Output is not held back until the end."""

    async def test(tools: Bench) -> None:
        call = asyncio.create_task(tools.run(tools.call(kind, "printf ready; sleep 300")))
        await tools.log.shows("ready")

        assert not call.done()
        call.cancel()
        assert (await call).status == "cancelled"

    run(test)


@having("process")
def test_process_is_announced_once(kind: str) -> None:
    """`spawned` gets the pid and the start time that the system tells."""

    async def test(tools: Bench) -> None:
        before = time.time()
        outcome = await tools.run(tools.call(kind, "echo $$"))

        assert len(tools.spawned) == 1
        pid, started = tools.spawned[0]
        assert outcome.value == str(pid)
        assert before - 2 <= started <= time.time() + 2

    run(test)


@having("process")
def test_environment_and_folder(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child has the engine's environment, the call's own on top, and starts in the call's folder."""
    monkeypatch.setenv("OUTSIDE", "outer")

    async def test(tools: Bench) -> None:
        call = tools.call(
            kind, 'echo "$OUTSIDE $HIGHWAY_RUN_ID $HIGHWAY_TASK $HIGHWAY_ATTEMPT"; pwd', cwd=str(tmp_path)
        )
        outcome = await tools.run(call)

        assert outcome.value == f"outer {tools.mark} task 2\n{tmp_path}"

    run(test)


@having("process")
def test_missing_folder_is_named(kind: str, tmp_path: Path) -> None:
    """A folder that is not there fails the task and is named."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, cwd=str(tmp_path / "gone")))

        assert outcome.error is not None
        assert outcome.error.code == "E-COMMAND"
        assert outcome.error.message == f"the folder {tmp_path / 'gone'} does not exist"

    run(test)


@having("process")
def test_stdin_is_empty(kind: str) -> None:
    """A child that reads its input meets the end of it, not the terminal."""

    async def test(tools: Bench) -> None:
        assert (await tools.run(tools.call(kind, "cat; echo done"))).value == "done"

    run(test)


@having("process")
def test_text_is_utf8_and_survives_what_is_not(kind: str) -> None:
    """UTF-8 arrives whole; invalid bytes become the replacement character in the value and stay raw in the log."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, r"printf 'gr\303\274\303\237e \360\237\230\200 \377\376 \303'"))

        assert outcome.value == "grüße 😀 \ufffd\ufffd \ufffd"
        assert tools.log.text("stdout").endswith(r"\xff\xfe \xc3")

    run(test)


@having("process")
def test_ten_megabytes_on_one_line_use_bounded_memory(kind: str) -> None:
    """The value is cut at its cap on a character's border and marked; the log gets every byte; memory stays small."""

    async def test(tools: Bench) -> None:
        await tools.run(tools.call(kind))
        tools.log.keep = False
        tools.log.size = 0
        tracemalloc.start()
        outcome = await tools.run(
            tools.call(kind, "head -c 10000000 /dev/zero | tr '\\0' x; head -c 100000 /dev/zero >&2")
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert outcome.value == "x" * STDOUT_CAP
        assert tools.log.size == 10_100_000 + len("the result was cut at 1 MiB; the log has all of it\n")
        assert peak < 5 * STDOUT_CAP + STDERR_CAP

    run(test)


@having("process")
@pytest.mark.parametrize("end", ["timeout", "cancel"])
def test_ending_a_call_ends_its_whole_family(kind: str, end: Literal["timeout", "cancel"]) -> None:
    """Timeout and cancel end the group, grandchildren, and what has left for a session of its own."""
    script = "sleep 300 & (sleep 300 & sleep 300) & setsid sleep 300 & sh -c 'sleep 300; true' & echo ready; wait"

    async def test(tools: Bench) -> None:
        started = time.monotonic()
        call = asyncio.create_task(tools.run(tools.call(kind, script, timeout_s=1.0 if end == "timeout" else None)))
        await tools.log.shows("ready")
        if end == "cancel":
            call.cancel()
        outcome = await call

        assert outcome.status == ("timed_out" if end == "timeout" else "cancelled")
        assert outcome.error is not None
        assert outcome.error.code == ("E-TIMEOUT" if end == "timeout" else "E-CANCELLED")
        assert [] == tools.survivors()
        assert time.monotonic() - started < 4

    run(test)


@having("process")
def test_grace_is_given(kind: str) -> None:
    """TERM comes first: a child that tidies up within the grace does so, with commands of its own."""

    async def test(tools: Bench) -> None:
        script = "trap 'sleep 0.3; echo tidy; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
        call = asyncio.create_task(tools.run(tools.call(kind, script, grace_s=30.0)))
        await tools.log.shows("ready")
        call.cancel()

        assert (await call).status == "cancelled"
        assert tools.log.text("stdout") == "ready\ntidy\n"

    run(test)


@having("process")
def test_who_ignores_term_is_killed_after_the_grace(kind: str) -> None:
    """The grace ends with KILL."""

    async def test(tools: Bench) -> None:
        call = asyncio.create_task(
            tools.run(tools.call(kind, "trap '' TERM; echo ready; while :; do sleep 0.02; done", grace_s=0.3))
        )
        await tools.log.shows("ready")
        asked = time.monotonic()
        call.cancel()
        outcome = await call

        assert outcome.status == "cancelled"
        assert 0.3 <= time.monotonic() - asked < 2.3

    run(test)


@having("process")
def test_second_cancel_kills_at_once(kind: str) -> None:
    """Whoever asks twice does not wait for the grace."""

    async def test(tools: Bench) -> None:
        script = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.02; done"
        call = asyncio.create_task(tools.run(tools.call(kind, script, grace_s=60.0)))
        await tools.log.shows("ready")
        call.cancel()
        await tools.log.shows("asked")
        call.cancel()

        assert (await asyncio.wait_for(call, 5)).status == "cancelled"

    run(test)


@having("process")
def test_background_child_that_holds_stdout_does_not_hang_the_call(kind: str) -> None:
    """The end of the command ends the call; what it left behind is ended and the log says so."""

    async def test(tools: Bench) -> None:
        started = time.monotonic()
        outcome = await tools.run(tools.call(kind, "sleep 300 & echo done"))

        assert ("succeeded", "done") == (outcome.status, outcome.value)
        assert time.monotonic() - started < 3
        assert "running in the background" in tools.log.text("warning")
        assert [] == tools.survivors()

    run(test)


@having("process")
def test_late_output_of_a_pipeline_is_kept(kind: str) -> None:
    """A group member that writes its last words just after the leader's end is heard."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call(kind, "(sleep 0.1; echo late) & echo early"))

        assert ("succeeded", "early\nlate") == (outcome.status, outcome.value)
        assert tools.log.text("warning") == ""

    run(test)


@having("process")
def test_cancel_before_the_process_is_there(kind: str) -> None:
    """A cancel that meets the call in its first steps leaves no child behind."""

    async def test(tools: Bench) -> None:
        for steps in range(6):
            call = asyncio.create_task(tools.run(tools.call(kind, "sleep 300")))
            for _ in range(steps + 1):
                await asyncio.sleep(0)
            call.cancel()
            assert (await call).status == "cancelled"
            assert [] == tools.survivors()

    run(test)


def test_missing_shell_is_named(tmp_path: Path) -> None:
    """Without bash and sh on the child's PATH a script fails with a sentence that says so."""

    async def test(tools: Bench) -> None:
        call = tools.call("shell")
        outcome = await tools.run(replace(call, env={**call.env, "PATH": str(tmp_path)}))

        assert outcome.error is not None
        assert ("E-COMMAND", "neither bash nor sh is on PATH") == (outcome.error.code, outcome.error.message)

    run(test)


def test_sh_stands_in_for_bash(tmp_path: Path) -> None:
    """Where there is no bash, sh runs the script."""
    (tmp_path / "sh").symlink_to("/bin/sh")

    async def test(tools: Bench) -> None:
        call = tools.call("shell", "echo ${BASH_VERSION:-plain sh}")
        outcome = await tools.run(replace(call, env={**call.env, "PATH": str(tmp_path)}))

        assert outcome.value == ("plain sh" if "bash" not in str(Path("/bin/sh").readlink()) else outcome.value)
        assert outcome.status == "succeeded"

    run(test)
