"""A container from beginning to end: through the executor, and by the SDK alone. Prints one JSON object.

The daemon is the one the tests start; where none can be started the object is empty.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from uuid import uuid4

from engine.core.calls import ContainerSpec, TaskCall
from engine.keys import ROOT, RunId, TaskId, TaskKey
from engine.runtime.executors.docker import DockerExecutor
from tests.contract.executor_bench import RecordingLog
from tests.integration.docker.engine import Docker, running, why_not

_PAIRS = 20
_COMMAND = ("echo", "hello")


def _call() -> TaskCall:
    return TaskCall(
        run_id=RunId("bench"),
        key=TaskKey(ROOT, TaskId("task")),
        attempt=1,
        runtime="docker",
        container=ContainerSpec(image="alpine", command=_COMMAND),
        idempotency_key=uuid4().hex,
    )


async def _engine_ms(executor: DockerExecutor) -> float:
    began = time.perf_counter()
    outcome = await executor.run(_call(), RecordingLog(), lambda *_: None)
    assert outcome.status == "succeeded", outcome
    return (time.perf_counter() - began) * 1000


def _sdk_ms(docker: Docker) -> float:
    began = time.perf_counter()
    output = docker.client.containers.run("alpine", list(_COMMAND), remove=True)
    assert output == b"hello\n"
    return (time.perf_counter() - began) * 1000


async def _pairs(docker: Docker) -> list[tuple[float, float]]:
    executor = DockerExecutor(4, {"DOCKER_HOST": docker.host})
    try:
        await _engine_ms(executor)
        return [(await _engine_ms(executor), await asyncio.to_thread(_sdk_ms, docker)) for _ in range(_PAIRS)]
    finally:
        await executor.close()


def _measure() -> dict[str, float]:
    if why_not() is not None:
        return {}
    with running() as docker:
        pairs = asyncio.run(_pairs(docker))
    return {
        "engine": statistics.median(pair[0] for pair in pairs),
        "sdk": statistics.median(pair[1] for pair in pairs),
    }


if __name__ == "__main__":
    print(json.dumps(_measure()))
