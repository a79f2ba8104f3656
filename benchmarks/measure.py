"""Best of five, candidate and floor interleaved, so that a machine that slows down slows both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `ratio` is to the floor; a bar holds for `value`, or for `ratio` where it says ×."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    bar: float | None = None
    bar_is_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        """How many floors the candidate costs; None without a floor."""
        return self.value / self.floor if self.floor else None

    @property
    def holds(self) -> bool | None:
        """Whether the bar is kept; None where there is none."""
        if self.bar is None:
            return None
        measured = self.ratio if self.bar_is_ratio else self.value
        return measured is not None and measured <= self.bar


def interleaved(
    candidate: Callable[[], float], floor: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Measure both in turn and return the best of each."""
    pairs = [(candidate(), floor()) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def child_cpu_s(argv: Sequence[str]) -> float:
    """CPU seconds (user and system) of a child process; it must exit with 0."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = process.stderr.read().decode() if process.stderr else ""
        raise RuntimeError(f"{argv} ended with {process.returncode}: {message}")
    if process.stderr is not None:
        process.stderr.close()
    return usage.ru_utime + usage.ru_stime


def child_json(module: str, *arguments: object) -> dict[str, float]:
    """Run a benchmark module in a process of its own and return the JSON object it prints."""
    argv = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment())
    if done.returncode != 0:
        raise RuntimeError(f"{argv} ended with {done.returncode}: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(rows: Sequence[Row]) -> None:
    """Print rows as a table."""
    for row in rows:
        floor = f"{row.floor:10.3f}" if row.floor is not None else f"{'':10}"
        ratio = f"{row.ratio:6.2f}x" if row.ratio is not None else f"{'':7}"
        bar = "" if row.bar is None else f"{row.bar:g}{'x' if row.bar_is_ratio else ' ' + row.unit}"
        verdict = {True: "ok", False: "OVER", None: ""}[row.holds]
        print(f"{row.name:44} {row.value:10.3f} {row.unit:8} {floor} {ratio} {bar:>12} {verdict}")


def environment() -> dict[str, str]:
    """Return that of every measured child. Bytecode is cached, as it is on people's machines."""
    variables = {**os.environ, "PYTHONHASHSEED": "0", "NO_COLOR": "1"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables
