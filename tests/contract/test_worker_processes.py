"""Functions with `isolate: process`, and the `ctx` that functions may ask for, in a thread and in a process alike."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest

from engine.core.calls import TaskCall

from .executor_bench import Bench, run

Isolation = Literal["thread", "process"]
both = pytest.mark.parametrize("isolate", ["thread", "process"])


def process_call(tools: Bench, name: str, **more: Any) -> TaskCall:
    """Call a function of executor_functions.py in a process."""
    return tools.call("function", name, isolate="process", **more)


def lives(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_process_is_used_again() -> None:
    """The second call runs in the process of the first; it is not the engine's."""

    async def test(tools: Bench) -> None:
        first = await tools.run(process_call(tools, "pid"))
        second = await tools.run(process_call(tools, "pid"))

        assert first.value == second.value != os.getpid()
        assert [pid for pid, _ in tools.spawned] == [first.value, second.value]

    run(test)


def test_calls_at_once_have_a_process_each() -> None:
    """A process runs one call at a time."""

    async def test(tools: Bench) -> None:
        outcomes = await asyncio.gather(*(tools.run(process_call(tools, "pid")) for _ in range(3)))

        assert len({outcome.value for outcome in outcomes}) == 3

    run(test)


def test_process_has_the_environment_folder_and_input_of_its_call(tmp_path: Path) -> None:
    """`env`, `cwd` and `stdin` hold for the call alone; the process leads a session of its own."""

    async def test(tools: Bench) -> None:
        call = process_call(tools, "process_facts", env={"EXTRA": "1"}, cwd=str(tmp_path), stdin="grüße\n")
        first = await tools.run(call)
        second = await tools.run(process_call(tools, "process_facts"))

        assert isinstance(first.value, list)
        assert isinstance(second.value, list)
        assert [str(tmp_path), "1", "grüße\n", True] == first.value[1:]
        assert [None, "", True] == second.value[2:]

    run(test)


def test_everything_it_writes_is_in_the_log() -> None:
    """Prints, writes to the descriptor and the output of children arrive, in order and before the call ends."""

    async def test(tools: Bench) -> None:
        await tools.run(process_call(tools, "print_from_below"))

        assert "from Python\nfrom below\nfrom a child\n" == tools.log.text("stdout")
        assert "err\n" == tools.log.text("stderr")

    run(test)


@pytest.mark.parametrize("name", ["fail", "leave", "a_set", "not_a_number", "endless_list"])
def test_failures_are_those_of_a_thread(name: str) -> None:
    """What is raised or cannot be a result fails with the same words as in a thread."""

    async def test(tools: Bench) -> None:
        in_thread = await tools.run(tools.call("function", name))
        in_process = await tools.run(process_call(tools, name))

        assert in_thread == in_process

    run(test)


@pytest.mark.parametrize("function", ["./executor_functions.py:gone", "no_such_package.module:f", "os.path:basename"])
def test_functions_are_found_as_in_a_thread(function: str) -> None:
    """A name means the same wherever it runs."""

    async def test(tools: Bench) -> None:
        args = ("/a/b",) if function.startswith("os") else ()
        in_thread = await tools.run(tools.call("function", function=function, args=args))
        in_process = await tools.run(tools.call("function", function=function, args=args, isolate="process"))

        assert in_thread == in_process

    run(test)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("crash", "E-SIGNAL", "the function's process was ended by SIGSEGV"),
        ("leave_at_once", "E-EXIT", "the function ended its process with exit code 7"),
    ],
)
def test_crash_fails_its_task_alone(name: str, code: str, message: str) -> None:
    """A process that dies fails the call it ran, with the way it died; its output is kept and the next call runs."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(process_call(tools, name))
        after = await tools.run(process_call(tools, "hello"))

        assert outcome.error is not None
        assert ("failed", code, message) == (outcome.status, outcome.error.code, outcome.error.message)
        assert name != "crash" or "before the end\n" == tools.log.text("stdout")
        assert "hello" == after.value

    run(test)


def test_cancel_lets_a_function_tidy_up(tmp_path: Path) -> None:
    """TERM unwinds it: `finally` runs and its output is kept; the process is gone when the call is over."""

    async def test(tools: Bench) -> None:
        marker = tmp_path / "marker"
        call = asyncio.create_task(tools.run(process_call(tools, "tidy_up", args=(str(marker),))))
        await tools.log.shows("ready\n")
        call.cancel()
        outcome = await call

        assert ("cancelled", "tidied") == (outcome.status, marker.read_text())
        assert "ready\ntidying\n" == tools.log.text("stdout")
        assert not lives(tools.spawned[0][0])

    run(test)


def test_cancel_reaches_a_coroutine(tmp_path: Path) -> None:
    """A coroutine function is cancelled where it awaits."""

    async def test(tools: Bench) -> None:
        marker = tmp_path / "marker"
        call = asyncio.create_task(tools.run(process_call(tools, "print_and_hang_async", args=(str(marker),))))
        await tools.log.shows("ready\n")
        call.cancel()

        assert ("cancelled", "cancelled") == ((await call).status, marker.read_text())

    run(test)


def test_timeout_ends_one_that_ignores_term() -> None:
    """After the grace comes KILL, and the call is over when the process is gone."""

    async def test(tools: Bench) -> None:
        await tools.run(process_call(tools, "hello"))
        outcome = await tools.run(process_call(tools, "ignore_term", timeout_s=1.0, grace_s=0.2))

        assert "timed_out" == outcome.status
        assert not lives(tools.spawned[0][0])

    run(test)


def test_what_a_function_leaves_behind_is_ended(tmp_path: Path) -> None:
    """A child that ignores TERM does not outlive the call, in a session of its own or not."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(process_call(tools, "leave_a_child", args=(str(tmp_path / "pid"),)))

        assert isinstance(outcome.value, int)
        assert not lives(outcome.value)

    run(test)


def test_process_with_a_leftover_thread_is_not_used_again() -> None:
    """The next call gets a clean process."""

    async def test(tools: Bench) -> None:
        first = await tools.run(process_call(tools, "leave_a_thread"))
        second = await tools.run(process_call(tools, "pid"))

        assert first.value != second.value

    run(test)


def test_process_that_died_meanwhile_is_replaced() -> None:
    """An idle process that somebody killed does not fail the next call."""

    async def test(tools: Bench) -> None:
        first = await tools.run(process_call(tools, "pid"))
        process = psutil.Process(tools.spawned[0][0])
        process.kill()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        second = await tools.run(process_call(tools, "pid"))

        assert "succeeded" == second.status
        assert first.value != second.value

    run(test)


def test_large_arguments_and_results() -> None:
    """Megabytes go both ways whole."""

    async def test(tools: Bench) -> None:
        big = await tools.run(process_call(tools, "big", args=(5_000_000,)))
        echoed = await tools.run(process_call(tools, "echo", args=(big.value,)))

        assert "x" * 5_000_000 == big.value
        assert [[big.value], {}] == echoed.value

    run(test)


# --- ctx, in a thread and in a process -------------------------------------------------------------------------------


@both
def test_context_knows_its_call(isolate: Isolation) -> None:
    """`ctx` has its place among the parameters, and knows run, address, attempt and idempotency key."""

    async def test(tools: Bench) -> None:
        call = tools.call("function", "who_am_i", args=("a", "z"), isolate=isolate, idempotency_key="key")
        outcome = await tools.run(call)
        asynchronous = await tools.run(tools.call("function", "who_am_i_async", isolate=isolate))

        assert f"a {tools.mark} task 2 key z" == outcome.value
        assert 2 == asynchronous.value
        assert "logged with ctx\n" == tools.log.text("info")

    run(test)


@both
def test_argument_named_ctx_is_the_authors(isolate: Isolation) -> None:
    """What the workflow gives under that name is not replaced."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", "own_ctx", kwargs={"ctx": "mine"}, isolate=isolate))

        assert "mine" == outcome.value

    run(test)


@both
@pytest.mark.parametrize("end", ["cancel", "timeout"])
def test_function_that_watches_is_told_to_end(isolate: Isolation, end: str, tmp_path: Path) -> None:
    """`ctx.cancelled` becomes true, the function ends by itself within its grace, and the log says "stopping"."""

    async def test(tools: Bench) -> None:
        marker = tmp_path / "marker"
        timeout_s = 1.0 if end == "timeout" else None
        call = tools.call("function", "watch", args=(str(marker),), isolate=isolate, timeout_s=timeout_s, grace_s=20.0)
        await tools.run(
            tools.call("function", "hello", isolate=isolate)
        )  # the process is there: its start takes no time
        running = asyncio.create_task(tools.run(call))
        await tools.log.shows("ready\n")
        began = time.monotonic()
        if end == "cancel":
            running.cancel()
        outcome = await running

        assert ("timed_out" if end == "timeout" else "cancelled", "told") == (outcome.status, marker.read_text())
        assert time.monotonic() - began < 10
        assert "stopping: " in tools.log.text("warning")

    run(test)
