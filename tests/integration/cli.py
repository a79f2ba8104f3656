"""The command line as its users have it: a process of its own, with a store and a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine import open_reader

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = ROOT / "sample_workflows"
_DROPPED: Final = (
    "ALL_PROXY", "CI", "HIGHWAY_DB", "HTTPS_PROXY", "HTTP_PROXY", "LC_ALL", "LC_CTYPE", "NO_COLOR", "NO_PROXY",
    "SSL_CERT_DIR", "SSL_CERT_FILE", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What a developer's machine may have set and a test must not see."""


@dataclass(frozen=True, slots=True)
class Result:
    """A process that has ended."""

    code: int
    """Exit code; minus the signal where one ended it."""
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Cli:
    """highway-tui in a folder."""

    folder: Path
    """Holds the store, the state and what the test writes; the working directory of every process."""
    extra: Mapping[str, str]

    def write(self, name: str, text: str) -> str:
        """Write a file; return its name, as a person would type it."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return name

    def environment(self, **more: str) -> dict[str, str]:
        """What the processes see."""
        kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        own = {
            "HIGHWAY_DB": f"sqlite:///{self.folder / 'runs.db'}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        return {**kept, **own, **self.extra, **more}

    def command(self, *arguments: str) -> list[str]:
        """What a person would type."""
        return [sys.executable, "-m", "highway_tui", *arguments]

    def __call__(self, *arguments: str, timeout_s: float = 60, **more: str) -> Result:
        """Run to the end; `more` adds to the environment."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Start and let the test decide; a process that is left is killed."""
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    @property
    def url(self) -> str:
        """Of the store that the processes use."""
        return self.environment()["HIGHWAY_DB"]

    def stored(self) -> list[str]:
        """Ids of the runs in the store, newest first."""
        reader = open_reader(self.url)
        try:
            return [run.id for run in reader.runs()]
        finally:
            reader.close()

    def show(self, reference: str = "@latest") -> Any:
        """`show --json`."""
        result = self("show", reference, "--json")
        assert result.code == 0, result.err
        return result.data

    def statuses(self, reference: str = "@latest") -> dict[str, str]:
        """Status of every instance by its address."""
        return {task["path"]: task["status"] for task in self.show(reference)["tasks"]}
