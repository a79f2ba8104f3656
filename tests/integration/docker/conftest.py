"""One Docker Engine for all tests here. Where none can be started they skip, with the reason; CI must have one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from . import engine
from .bench import Bench

_CI = os.environ.get("CI", "") not in ("", "0", "false")
"""Read before the tests' own environment takes it away."""


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[engine.Docker]:
    """A daemon of this test run."""
    reason = engine.why_not()
    if reason is not None:
        if _CI:
            pytest.fail(f"CI must have a Docker Engine: {reason}")
        pytest.skip(f"no Docker Engine: {reason}")
    with engine.running() as docker:
        yield docker


@pytest.fixture
def bench(docker_engine: engine.Docker) -> Iterator[Bench]:
    """Calls of a run of their own; afterwards no container of it is left."""
    tools = Bench(docker_engine)
    yield tools
    left = docker_engine.containers(f"highway-tui.run={tools.run_id}")
    for container in left:
        docker_engine.client.api.remove_container(container, force=True)
    assert [] == left
