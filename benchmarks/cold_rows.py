"""Cold starts of the command, in CPU time, beside a bare interpreter that imports the same libraries."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from .measure import Row, child_cpu_s, interleaved

_RUN_IMPORTS = "import asyncio, click, json, logging, platformdirs, psutil, pydantic, sqlalchemy, sqlite3, yaml"
_VALIDATE_IMPORTS = "import click, json, pydantic, yaml, jinja2"


def rows() -> list[Row]:
    """Measure `--help`, `validate` and a run of one task."""
    command = [sys.executable, "-m", "highway_tui"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = folder / "large.json"
        tasks = {f"t{n}": _task(n) for n in range(1000)}
        large.write_text(json.dumps({"name": "large", "tasks": tasks}))
        one = folder / "one.yaml"
        one.write_text("name: one\ntasks:\n  only: {function: memory.set, args: [key, 1]}\n")
        helped = _against(["import click"], [*command, "--help"])
        validated = _against([_VALIDATE_IMPORTS], [*command, "validate", str(large)])
        ran = _against([_RUN_IMPORTS], [*command, str(one), "--no-ui", "--db", str(folder / "cold.db")])
    return [
        Row(name="--help", value=helped[0] * 1000, unit="ms CPU", floor=helped[1] * 1000, bar=120),
        Row(name="validate, 1,000 tasks", value=validated[0], unit="s CPU", floor=validated[1], bar=0.6),
        Row(
            name="one task, --no-ui",
            value=ran[0] * 1000,
            unit="ms CPU",
            floor=ran[1] * 1000,
            bar=1.25,
            bar_is_ratio=True,
        ),
    ]


def _against(imports: list[str], argv: list[str]) -> tuple[float, float]:
    bare = [sys.executable, "-c", "; ".join(imports)]
    return interleaved(lambda: child_cpu_s(argv), lambda: child_cpu_s(bare))


def _task(number: int) -> dict[str, object]:
    upstream = [f"t{number - 1}"] if number else []
    return {
        "function": "log.info",
        "args": [f"task {number} of {{{{ workflow.name }}}}"],
        "dependencies": upstream,
        "result_key": f"r{number}",
    }
