"""Functions as a workflow's author writes them. The executors load this file by its path."""

# ruff: noqa: D103, T201 - authors print, and their names say what they do

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

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
