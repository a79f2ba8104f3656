"""What the tests through real processes share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .cli import Cli
from .standin import StandIn, stand_in


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line in a folder of its own."""
    return Cli(tmp_path, {})


@pytest.fixture
def api(tmp_path: Path) -> Iterator[StandIn]:
    """The stand-in for the public API."""
    with stand_in(tmp_path) as running:
        yield running


@pytest.fixture
def online(tmp_path: Path, api: StandIn) -> Cli:
    """The command line where HTTPS reaches the stand-in and nothing else."""
    return Cli(tmp_path, api.environment)
