"""The same deeds as the scripts of the conformance suite, done by functions. The executors load this file by path."""


# ruff: noqa: D103, T201 - their names say what they do, and authors print

from __future__ import annotations

import os
import subprocess
import sys
import time

from engine import TaskContext


def script(text: str) -> None:
    """Do in children what a shell task does."""
    subprocess.run(["bash", "-euo", "pipefail", "-c", text], check=True)


def exit_with(code: int) -> None:
    os._exit(code)


def say_and_wait(ctx: TaskContext) -> None:
    while not ctx.cancelled:
        print("ready", flush=True)
        time.sleep(0.01)


def environment(name: str) -> str | None:
    return os.environ.get(name)


def folder() -> str:
    return os.getcwd()  # noqa: PTH109 - what a child would see


def write(pieces: list[str], times: int) -> None:
    """Write latin-1 texts as bytes, over and over."""
    data = "".join(pieces).encode("latin-1")
    for _ in range(times):
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


def print_lines(count: int) -> None:
    for number in range(count):
        print(number)


def print_until_told(ctx: TaskContext) -> None:
    while not ctx.cancelled:
        for _ in range(1000):
            print("y")
