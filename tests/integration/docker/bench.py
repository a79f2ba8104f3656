"""What the tests of containers are made with: an executor, a log, and calls of one run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import uuid4

from engine.core.calls import ContainerSpec, Outcome, TaskCall
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.runtime.executors.docker import DockerExecutor
from tests.contract.executor_bench import RecordingLog

from .engine import Docker

_OPTIONS = frozenset(one.name for one in fields(ContainerSpec))


@dataclass
class Bench:
    """Calls whose containers are found by their run."""

    docker: Docker
    run_id: RunId = field(default_factory=lambda: RunId(uuid4().hex))
    log: RecordingLog = field(default_factory=RecordingLog)

    def call(self, script: str = "echo hello", **more: Any) -> TaskCall:
        """A script for `sh -c`; `more` are options of the container or of the call."""
        options = {name: more.pop(name) for name in list(more) if name in _OPTIONS}
        spec = ContainerSpec(**{"image": "alpine", "command": ("sh", "-c", script), **options})
        made: dict[str, Any] = {
            "run_id": self.run_id,
            "key": TaskKey(ROOT, TaskId("task")),
            "attempt": 2,
            "generation": 3,
            "runtime": "docker",
            "container": spec,
            "grace_s": 5.0,
            "env": {"HIGHWAY_RUN_ID": self.run_id},
            "idempotency_key": uuid4().hex,
        }
        return TaskCall(**{**made, "cwd": more.pop("folder", ""), **more})

    def run(self, test: Callable[[DockerExecutor], Coroutine[Any, Any, None]], host: str = "") -> None:
        """Run a test on a loop, with an executor."""

        async def main() -> None:
            executor = DockerExecutor(8, {"DOCKER_HOST": host or self.docker.host})
            try:
                await test(executor)
            finally:
                await executor.close()

        asyncio.run(main())

    def outcome(self, call: TaskCall, host: str = "") -> Outcome:
        """Run one call to its end."""
        ended: list[Outcome] = []

        async def test(executor: DockerExecutor) -> None:
            ended.append(await self.start(executor, call))

        self.run(test, host)
        return ended[0]

    def start(self, executor: DockerExecutor, call: TaskCall) -> asyncio.Task[Outcome]:
        """Begin a call."""
        return asyncio.create_task(executor.run(call, self.log, lambda *_: None))

    def left(self) -> list[str]:
        """Containers of the run, in any state."""
        return self.docker.containers(f"highway-tui.run={self.run_id}")
