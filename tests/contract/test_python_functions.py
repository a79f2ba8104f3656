"""What the executor of Python functions promises besides: arguments, results, exceptions, prints, threads."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from engine.runtime.executors.prints import prints_into_logs

from .executor_bench import Bench, run


def test_function_gets_its_arguments() -> None:
    """Arguments arrive as they were given."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", "echo", args=(1, None, ["x"]), kwargs={"key": {"a": True}}))

        assert outcome.value == [[1, None, ["x"]], {"key": {"a": True}}]

    run(test)


def test_wrong_arguments_are_the_authors() -> None:
    """A call that does not fit its function fails with the sentence Python has for it, and is not tried again."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", "hello", args=(1,)))

        assert outcome.error is not None
        assert ("E-ARGUMENTS", False) == (outcome.error.code, outcome.error.retryable)
        assert outcome.error.message == "hello() takes 0 positional arguments but 1 was given"

    run(test)


def test_exception_fails_and_its_traceback_is_in_the_log() -> None:
    """The error is one line; the way to it, from the author's first frame on, is in the log."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", "fail"))

        assert outcome.error is not None
        assert ("failed", "E-RAISED") == (outcome.status, outcome.error.code)
        assert outcome.error.message == "ValueError: no such thing"
        logged = tools.log.text("error")
        assert "executor_functions.py" in logged
        assert "local_python.py" not in logged

    run(test)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("leave", "SystemExit: 3"),
        ("stop", "StopIteration"),
        ("fail_unprintably", "UnprintableError: (its text cannot be shown)"),
    ],
)
def test_nothing_a_function_raises_harms_the_engine(name: str, message: str) -> None:
    """`sys.exit`, StopIteration and exceptions without a text fail their task like any other."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", name))

        assert outcome.error is not None
        assert ("failed", message) == (outcome.status, outcome.error.message)
        assert (await tools.run(tools.call("function"))).value == "hello"

    run(test)


def test_tuples_become_lists() -> None:
    """What JSON says with lists is converted."""

    async def test(tools: Bench) -> None:
        assert (await tools.run(tools.call("function", "tuples"))).value == [1, ["two", {"three": [3]}]]

    run(test)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a_set", "result.a[0] holds a value of type set"),
        ("a_date", "type datetime.date"),
        ("not_a_number", "holds nan"),
        ("number_keys", "the key 1 of type int"),
        ("huge_integer", "more than 4,000 digits"),
        ("endless_list", "more than 100 levels"),
        ("generator", "type generator"),
    ],
)
def test_result_must_be_json(name: str, words: str) -> None:
    """What the journal cannot keep fails the task, and the error says where it is and what."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("function", name))

        assert outcome.error is not None
        assert outcome.error.code == "E-RESULT"
        assert words in outcome.error.message

    run(test)


def test_lone_surrogates_are_replaced() -> None:
    """Text that no database takes is mended, not fatal."""

    async def test(tools: Bench) -> None:
        value = (await tools.run(tools.call("function", "lone_surrogate"))).value
        assert isinstance(value, str)
        assert value == "a\ufffdb"

    run(test)


def test_prints_go_into_the_tasks_log(capfd: pytest.CaptureFixture[str]) -> None:
    """What a function prints is in its log, by stream, and not on the terminal."""

    async def test(tools: Bench) -> None:
        await tools.run(tools.call("function", "print_lines"))
        await tools.run(tools.call("coroutine"))

        assert tools.log.text("stdout") == "out ü\nraw \\xff\nfrom a coroutine\n"
        assert tools.log.text("stderr") == "err\n"

    run(test)
    assert capfd.readouterr() == ("", "")


def test_prints_outside_of_calls_are_untouched(capsys: pytest.CaptureFixture[str]) -> None:
    """The proxy lets everything else through, and is gone afterwards."""
    before = sys.stdout
    with prints_into_logs():
        print("through")  # noqa: T201 - the claim is about print
        assert sys.stdout.encoding == before.encoding

    assert sys.stdout is before
    assert capsys.readouterr().out == "through\n"


def test_proxy_of_somebody_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a UI put over ours meanwhile is not taken away."""
    theirs = sys.stderr
    with prints_into_logs():
        monkeypatch.setattr(sys, "stdout", theirs)

    assert sys.stdout is theirs


@pytest.mark.parametrize("end", ["timeout", "cancel"])
def test_hanging_function_is_left_behind_and_its_thread_replaced(end: Literal["timeout", "cancel"]) -> None:
    """The outcome comes at the deadline, and as many calls as before can run at once."""

    async def test(tools: Bench) -> None:
        timeout_s = 0.2 if end == "timeout" else None
        calls = [
            asyncio.create_task(tools.run(tools.call("function", "print_and_hang", timeout_s=timeout_s)))
            for _ in "1234"
        ]
        await tools.log.shows("ready\nready\nready\nready")
        if end == "cancel":
            for call in calls:
                call.cancel()
        outcomes = {(await call).status for call in calls}

        assert outcomes == {"timed_out" if end == "timeout" else "cancelled"}
        # All four threads hang; the next call has one all the same.
        assert (await tools.run(tools.call("function"))).value == "hello"

    run(test)


@pytest.mark.parametrize("end", ["timeout", "cancel"])
def test_coroutine_function_is_cancelled(end: Literal["timeout", "cancel"], tmp_path: Path) -> None:
    """A coroutine can be ended, and is: its own clean-up runs."""
    marker = tmp_path / "marker"

    async def test(tools: Bench) -> None:
        timeout_s = 0.3 if end == "timeout" else None
        name, args = "print_and_hang_async", (str(marker),)
        call = asyncio.create_task(tools.run(tools.call("coroutine", name, args=args, timeout_s=timeout_s)))
        await tools.log.shows("ready")
        if end == "cancel":
            call.cancel()

        assert (await call).status == ("timed_out" if end == "timeout" else "cancelled")

    run(test)
    deadline = time.monotonic() + 10
    while not marker.exists() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert marker.read_text() == "cancelled"


def test_calls_wait_for_a_thread_and_lose_nothing() -> None:
    """Two hundred calls on four threads all end, each with its own value, on at most four threads."""

    async def test(tools: Bench) -> None:
        calls = [tools.run(tools.call("function", "echo", args=(number,))) for number in range(200)]
        names = [tools.run(tools.call("function", "thread_name")) for _ in range(50)]
        outcomes = await asyncio.gather(*calls)
        threads = {outcome.value for outcome in await asyncio.gather(*names) if isinstance(outcome.value, str)}

        assert [[[number], {}] for number in range(200)] == [outcome.value for outcome in outcomes]
        assert len(threads) <= 4

    run(test)


def test_call_given_up_in_the_queue_never_runs(tmp_path: Path) -> None:
    """A call that was cancelled before a thread took it does not happen."""

    async def test(tools: Bench) -> None:
        hanging = [asyncio.create_task(tools.run(tools.call("function", "print_and_hang"))) for _ in "1234"]
        await tools.log.shows("ready\nready\nready\nready")
        queued = asyncio.create_task(
            tools.run(replace(tools.call("function"), function="pathlib:Path.touch", args=(str(tmp_path / "ran"),)))
        )
        await asyncio.sleep(0)
        queued.cancel()
        assert (await queued).status == "cancelled"
        for call in hanging:
            call.cancel()
        await asyncio.gather(*hanging)
        assert (await tools.run(tools.call("function"))).value == "hello"

        assert not (tmp_path / "ran").exists()

    run(test)


def test_idle_threads_end_with_the_executor() -> None:
    """Closing leaves no worker thread behind."""
    before = set(threading.enumerate())

    async def test(tools: Bench) -> None:
        name = (await tools.run(tools.call("function", "thread_name"))).value
        assert name in {thread.name for thread in set(threading.enumerate()) - before}

    run(test)
    assert set() == set(threading.enumerate()) - before


def test_blocking_function_does_not_hold_up_the_loop() -> None:
    """While functions block, coroutines go on."""

    async def test(tools: Bench) -> None:
        hanging = asyncio.create_task(tools.run(tools.call("function", "print_and_hang")))
        await tools.log.shows("ready")

        assert (await tools.run(tools.call("inline"))).status == "succeeded"
        hanging.cancel()
        await hanging

    run(test)
