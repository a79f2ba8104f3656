"""Cold starts of the command, in CPU time, beside a bare interpreter that imports the same libraries.

The same libraries: every module that the command turns out to have imported, in its order, but our own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .measure import Row, child_cpu_s, environment, interleaved

_OURS = ("engine", "highway_tui", "__main__")
_ASK = """
import sys
from highway_tui.__main__ import main
code = main()
print("\\n@@", *[name for name, module in sys.modules.items() if module is not None])
sys.exit(code)
"""
_IMPORT = "import sys; from importlib import import_module; [import_module(name) for name in sys.argv[1:]]"


def rows() -> list[Row]:
    """Measure `--help`, `validate` and a run of one task."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = folder / "large.json"
        tasks = {f"t{n}": _task(n) for n in range(1000)}
        large.write_text(json.dumps({"name": "large", "tasks": tasks}))
        one = folder / "one.yaml"
        one.write_text("name: one\ntasks:\n  only: {function: memory.set, args: [key, 1]}\n")
        helped = _measured("--help")
        validated = _measured("validate", str(large))
        ran = _measured(str(one), "--no-ui", "--db", str(folder / "cold.db"))
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


def _measured(*arguments: str) -> tuple[float, float]:
    """Return CPU seconds of the command and of importing its libraries."""
    command = [sys.executable, "-m", "highway_tui", *arguments]
    floor = [sys.executable, "-c", _IMPORT, *_libraries(arguments)]
    return interleaved(lambda: child_cpu_s(command), lambda: child_cpu_s(floor))


def _libraries(arguments: tuple[str, ...]) -> list[str]:
    """Run the command once and return what it has imported that is not ours."""
    argv = [sys.executable, "-c", _ASK, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment())
    names = done.stdout.rpartition("@@")[2].split()
    return [name for name in names if name.partition(".")[0] not in _OURS]


def _task(number: int) -> dict[str, object]:
    upstream = [f"t{number - 1}"] if number else []
    return {
        "function": "log.info",
        "args": [f"task {number} of {{{{ workflow.name }}}}"],
        "dependencies": upstream,
        "result_key": f"r{number}",
    }
