"""What the contract of executors is tried with: executors, a log, and calls that can be found wherever they hide."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psutil
import pytest

from engine.core.calls import Outcome, TaskCall
from engine.core.ports import Executor
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.processes.child_watcher import install_child_watcher
from engine.runtime.executors import EXECUTORS
from engine.runtime.executors.prints import prints_into_logs
from engine.tools.registry import Registry

HERE: Final = Path(__file__).parent

_FEATURES: Final[Mapping[str, frozenset[str]]] = {
    # kind of call: what it can be asked for, besides what all can
    "shell": frozenset({"process", "script"}),
    "shell.run": frozenset({"process", "script"}),
    "command.run": frozenset({"process"}),
    "function": frozenset({"function"}),
    "coroutine": frozenset({"function"}),
    "inline": frozenset(),
}


def having(feature: str) -> pytest.MarkDecorator:
    """Parametrise over every kind of call with this feature."""
    return pytest.mark.parametrize("kind", [kind for kind, features in _FEATURES.items() if feature in features])


every_kind: Final = pytest.mark.parametrize("kind", list(_FEATURES))


class RecordingLog:
    """A LogSink that keeps what it gets and lets a test wait for it."""

    def __init__(self) -> None:
        self.chunks: list[tuple[str, bytes]] = []
        self.size = 0
        self.keep = True
        self._changed = threading.Condition()

    def write(self, data: bytes, stream: str = "stdout") -> None:
        with self._changed:
            self.size += len(data)
            if self.keep:
                self.chunks.append((stream, data))
            self._changed.notify_all()

    def line(self, level: str, text: str) -> None:
        self.write(text.encode() + b"\n", level)

    def close(self) -> None:
        """Nothing to give back."""

    def text(self, stream: str) -> str:
        with self._changed:
            return b"".join(data for name, data in self.chunks if name == stream).decode("utf-8", "backslashreplace")

    async def shows(self, text: str) -> None:
        """Wait until stdout holds `text`."""

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(
                    lambda: text.encode() in b"".join(data for name, data in self.chunks if name == "stdout"),
                    timeout=30,
                )

        assert await asyncio.to_thread(wait)


@dataclass
class Bench:
    """Executors, a log, and calls that carry a mark by which everything they start is found."""

    executors: dict[str, Executor]
    mark: RunId
    log: RecordingLog
    spawned: list[tuple[int, float]]

    def call(self, kind: str, what: str = "", **more: Any) -> TaskCall:
        """`what` is a script, or the name of a function in executor_functions.py."""
        call = TaskCall(
            run_id=self.mark,
            key=TaskKey(ROOT, TaskId("task")),
            attempt=2,
            generation=3,
            runtime="python",
            folder=str(HERE),
            cwd=str(HERE),
            grace_s=5.0,
            env={"HIGHWAY_RUN_ID": self.mark, "HIGHWAY_TASK": "task", "HIGHWAY_ATTEMPT": "2"},
        )
        match kind:
            case "shell":
                call = replace(call, runtime="shell", script=what or "echo hello")
            case "shell.run":
                call = replace(call, function="shell.run", args=(what or "echo hello",))
            case "command.run":
                call = replace(call, function="command.run", args=("sh", "-c", what or "echo hello"))
            case "inline":
                call = replace(call, function="log.info", args=("hello",))
            case _:
                name = what or ("hello" if kind == "function" else "hello_async")
                call = replace(call, function=f"./executor_functions.py:{name}")
        return replace(call, **more)

    async def run(self, call: TaskCall) -> Outcome:
        return await self.executors[call.runtime].run(call, self.log, lambda *process: self.spawned.append(process))

    def survivors(self) -> list[psutil.Process]:
        """Living processes that carry our mark, wherever they hang in the tree."""
        alive = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("HIGHWAY_RUN_ID") == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(process)
            except psutil.Error:
                continue
        return alive


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Everything a test needs; afterwards no process of it is left."""
    registry = Registry()
    made = {name: factory(registry, 4) for name, factory in EXECUTORS.items()}
    tools = Bench(made, RunId(uuid4().hex), RecordingLog(), [])
    try:
        with prints_into_logs():
            yield tools
    finally:
        for name, module in sys.modules.items():
            if name.startswith("highway_user_executor_functions"):
                module.RELEASE.set()
        for executor in made.values():
            await executor.close()
    assert [] == tools.survivors()


def run(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Run a test as the engine runs: on a loop in a thread that is not the main one."""

    async def main() -> None:
        async with bench() as tools:
            await test(tools)

    install_child_watcher()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    for error in raised:
        raise error
