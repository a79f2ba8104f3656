"""The process that forks the engines of the crash tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

KILLED: Final = -9


@dataclass(frozen=True, slots=True)
class Zygote:
    """Forks engines; see zygote.py."""

    process: subprocess.Popen[str]

    def order(
        self,
        folder: Path,
        failpoints: str,
        *,
        resume: bool,
        kill_after_s: float | None = None,
    ) -> int:
        """Run one engine on the folder's `flow.json` to its end and return its exit code; -9 where it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {
            "db": str(folder / "runs.db"),
            "flow": str(folder / "flow.json"),
            "run": "run",
            "failpoints": failpoints,
            "resume": resume,
            "kill_after_s": kill_after_s,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """One forking process for a whole module."""
    argv = [sys.executable, "-m", "tests.integration.crash.zygote"]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        yield Zygote(process)
        process.stdin.close()
        process.wait(10)
