"""Functions as a workflow's author writes them. The executors load this file by its path."""

# ruff: noqa: D103, T201 - authors print, and their names say what they do

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from engine import TaskContext

RELEASE = threading.Event()
"""Set when a test is over; until then, what waits for it hangs."""


def hello() -> str:
    return "hello"


def echo(*args: object, **kwargs: object) -> list[object]:
    return [list(args), kwargs]


def tuples() -> tuple[object, ...]:
    return (1, ("two", {"three": (3,)}))


async def hello_async() -> str:
    await asyncio.sleep(0)
    print("from a coroutine")
    return "hello"


def print_lines() -> None:
    print("out ü")
    print("err", file=sys.stderr)
    sys.stdout.buffer.write(b"raw \xff\n")


def print_and_hang() -> None:
    print("ready", flush=True)
    RELEASE.wait()


async def print_and_hang_async(marker: str) -> None:
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        Path(marker).write_text("cancelled")


def fail() -> None:
    raise ValueError("no such thing")


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def fail_unprintably() -> None:
    raise UnprintableError


def leave() -> None:
    sys.exit(3)


def stop() -> None:
    raise StopIteration


def generator() -> Iterator[int]:
    yield 1


def a_set() -> object:
    return {"a": [{1, 2}]}


def a_date() -> object:
    return dt.date(2024, 1, 2)


def not_a_number() -> float:
    return float("nan")


def number_keys() -> object:
    return {1: "one"}


def huge_integer() -> int:
    return 10**5000


def endless_list() -> object:
    endless: list[object] = []
    endless.append(endless)
    return endless


def lone_surrogate() -> str:
    return "a\ud800b"


def thread_name() -> str:
    return threading.current_thread().name


def who_am_i(prefix: str, ctx: TaskContext, suffix: str) -> str:
    ctx.log("info", "logged with ctx")
    return f"{prefix} {ctx.run_id} {ctx.task} {ctx.attempt} {ctx.idempotency_key} {suffix}"


async def who_am_i_async(*, ctx: TaskContext) -> int:
    await asyncio.sleep(0)
    return ctx.attempt


def own_ctx(ctx: object) -> object:
    return ctx


def watch(marker: str, ctx: TaskContext) -> str:
    while not ctx.cancelled:
        print("ready", flush=True)
        time.sleep(0.01)
    Path(marker).write_text("told")
    return "too late"


def tidy_up(marker: str) -> None:
    try:
        print("ready", flush=True)
        time.sleep(300)
    finally:
        print("tidying", flush=True)
        Path(marker).write_text("tidied")


def process_facts() -> object:
    return [os.getpid(), str(Path.cwd()), os.environ.get("EXTRA"), sys.stdin.read(), os.getsid(0) == os.getpid()]


def print_from_below() -> None:
    print("from Python")
    os.write(1, b"from below\n")
    subprocess.run(["sh", "-c", "echo from a child; echo err >&2"], check=True)


def crash() -> None:
    print("before the end")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSEGV)


def leave_at_once() -> None:
    os._exit(7)


def ignore_term() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    time.sleep(300)


def leave_a_child(marker: str) -> int:
    child = subprocess.Popen(["sh", "-c", f"trap '' TERM; echo $$ > {marker}; sleep 300"], start_new_session=True)
    while not Path(marker).exists() or not Path(marker).read_text():
        time.sleep(0.001)
    return child.pid


def leave_a_thread() -> int:
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
    return os.getpid()


def pid() -> int:
    return os.getpid()


def big(size: int) -> str:
    return "x" * size
