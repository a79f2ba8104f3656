from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.errors import TaskFailure
from engine.tools.registry import Registry
from engine.tools.spec import spec_of, tool


def write(path: Path, text: str, *, mtime: int = 1_700_000_000) -> Path:
    """Write a module with a fixed time of change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (mtime, mtime))
    return path


def failure(reference: str, cwd: Path | str) -> TaskFailure:
    """Look a function up that must not be found."""
    with pytest.raises(TaskFailure) as raised:
        Registry().function(reference, str(cwd))
    assert not raised.value.info.retryable
    return raised.value


def test_file_is_relative_to_the_workflow(tmp_path: Path) -> None:
    """`./file.py:callable` is looked up in the given folder; attributes of objects work too."""
    write(tmp_path / "lib" / "jobs.py", "class Jobs:\n    @staticmethod\n    def one(): return 1\n")

    assert Registry().function("./lib/jobs.py:Jobs.one", str(tmp_path))() == 1
    assert Registry().function("../lib/jobs.py:Jobs.one", str(tmp_path / "lib"))() == 1


def test_loading_leaves_nothing_behind(tmp_path: Path) -> None:
    """No `__pycache__` beside the author's file, no entry on `sys.path`."""
    path = list(sys.path)
    write(tmp_path / "jobs.py", "def one(): return 1")
    Registry().function("./jobs.py:one", str(tmp_path))

    assert [tmp_path / "jobs.py"] == list(tmp_path.iterdir())
    assert path == sys.path


def test_unchanged_file_is_loaded_once(tmp_path: Path) -> None:
    """State of a module lives as long as its file stays as it is."""
    write(tmp_path / "jobs.py", "calls = []\ndef count():\n    calls.append(1)\n    return len(calls)\n")
    registry = Registry()

    assert [1, 2] == [registry.function("./jobs.py:count", str(tmp_path))() for _ in range(2)]


def test_changed_file_is_loaded_again(tmp_path: Path) -> None:
    """An edit counts from the next call on, also within the same second."""
    registry = Registry()
    write(tmp_path / "jobs.py", "def one(): return 1")
    before = registry.function("./jobs.py:one", str(tmp_path))
    (tmp_path / "jobs.py").write_text("def one(): return 22")

    assert (1, 22) == (before(), registry.function("./jobs.py:one", str(tmp_path))())


def test_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """Two workflows may each have a `jobs.py`, or one named like a library."""
    write(tmp_path / "a" / "json.py", "def who(): return 'a'")
    write(tmp_path / "b" / "json.py", "def who(): return 'b'")
    registry = Registry()

    assert ["a", "b"] == [registry.function("./json.py:who", str(tmp_path / name))() for name in "ab"]
    assert Registry().function("json:dumps", str(tmp_path / "a"))([]) == "[]"


def test_dataclasses_of_a_file_work(tmp_path: Path) -> None:
    """Its module can be found by name, which dataclasses and pickle need."""
    text = (
        "from __future__ import annotations\nimport dataclasses, pickle\n"
        "@dataclasses.dataclass\nclass D:\n    x: int = 3\n"
        "def round_trip(): return pickle.loads(pickle.dumps(D())).x\n"
    )
    write(tmp_path / "jobs.py", text)

    assert Registry().function("./jobs.py:round_trip", str(tmp_path))() == 3


def test_installed_callable_is_found() -> None:
    """`package.module:callable` is imported."""
    assert Registry().function("os.path:basename", "")("/a/b") == "b"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("x.y", "Function 'x.y' not found in registry"),
        ("tools.x.y", "Function 'tools.x.y' not found in registry"),
        ("memory.set", "Function 'memory.set' not found in registry"),
        ("./gone.py:f", "Function './gone.py:f' not found: there is no file "),
        ("no_such_module_here:f", "Function 'no_such_module_here:f' not found: there is no module no_such_module_here"),
        ("json.gone:f", "Function 'json.gone:f' not found: there is no module json.gone"),
        ("json:gone", "Function 'json:gone' not found: json has no gone"),
        ("json:decoder.NaN", "Function 'json:decoder.NaN' not found: decoder.NaN is no function"),
        (".relative:f", "Function '.relative:f' not found: a module is named from its top package on"),
        (":f", "Function ':f' not found: a module is named from its top package on"),
    ],
)
def test_missing_function_says_what_is_missing(reference: str, message: str, tmp_path: Path) -> None:
    """The sentence names the reference and the first part that is not there."""
    found = failure(reference, tmp_path)

    assert found.info.code == "E-FUNCTION"
    assert found.info.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("def broken(:", "SyntaxError: "),
        ("raise SystemExit('bye')", "SystemExit: bye"),
    ],
)
def test_module_that_raises_is_another_failure(text: str, reason: str, tmp_path: Path) -> None:
    """A file that is there and cannot be imported says why; its half-loaded module is forgotten."""
    write(tmp_path / "jobs.py", text)
    before = set(sys.modules)
    found = failure("./jobs.py:f", tmp_path)

    assert found.info.code == "E-IMPORT"
    assert found.info.message.startswith(f"Function './jobs.py:f' cannot be imported: {reason}")
    assert [] == [name for name in set(sys.modules) - before if name.startswith("highway_user_")]


def test_mark_names_the_tool_and_where_it_runs() -> None:
    """Coroutine functions and inline tools run on the loop, plain ones on a thread; users' functions have no mark."""

    @tool("tools.a.b")
    def plain() -> None: ...

    @tool("a.c", inline=True)
    def inline() -> None: ...

    @tool("a.d")
    async def coroutine() -> None: ...

    specs = [spec_of(function) for function in (plain, inline, coroutine)]
    assert [("a.b", False), ("a.c", True), ("a.d", True)] == [(s.name, s.on_loop) for s in specs if s is not None]
    assert spec_of(len) is None
