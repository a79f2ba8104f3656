"""What a start pays for, and what an import may do: nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .sources import ROOT, modules, shown

_RUN = """
import sys
from highway_tui.__main__ import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
heavy = {name.partition(".")[0] for name in sys.modules} & {"alembic", "docker", "httpx", "sqlalchemy", "textual"}
print("\\nimported:", *sorted(heavy), file=sys.stderr)
sys.exit(code)
"""

_IMPORT = """
import logging, os, sys, threading
from importlib import import_module

root, *names = sys.argv[1:]
ours = (os.path.join(root, "engine", ""), os.path.join(root, "highway_tui", ""))
done = []
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def watch(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & writing:
        done.append(f"opens {args[0]} for writing")
    elif event in {"os.mkdir", "os.remove", "os.rename", "os.fork", "os.posix_spawn", "signal.signal", "socket.bind",
                   "socket.connect", "sqlite3.connect", "subprocess.Popen"}:
        done.append(f"{event} {args}")

read = type(os.environ).__getitem__

def note(self, key):
    frame = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith("<frozen "):
        frame = frame.f_back
    if frame and frame.f_code.co_filename.startswith(ours):
        done.append(f"{frame.f_code.co_filename} reads ${key}")
    return read(self, key)

type(os.environ).__getitem__ = note
handlers, threads = list(logging.root.handlers), threading.active_count()
sys.addaudithook(watch)
for name in names:
    import_module(name)
if logging.root.handlers != handlers:
    done.append("sets up logging")
if threading.active_count() != threads:
    done.append("starts a thread")
print(*done, sep="\\n", end="")
"""

_HELLO = """\
name: hello
tasks:
  greet:
    function: tools.log.info
    args: ["hello"]
"""


def _python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", code, *args], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def _run(*args: str) -> tuple[int, set[str]]:
    """Run the program; return its exit code and the heavy packages it has imported."""
    ended = _python(_RUN, *args)
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("imported:"), ended.stderr
    return ended.returncode, set(last.split()[1:])


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A workflow of one task."""
    path = tmp_path / "hello.yaml"
    path.write_text(_HELLO, encoding="utf-8")
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate", "--help"]], ids=" ".join)
def test_light_verbs_import_nothing_heavy(arguments: list[str]) -> None:
    """Asking for help costs neither the database, nor the UI, nor a client library."""
    assert (0, set()) == _run(*arguments)


def test_validating_imports_nothing_heavy(hello: Path) -> None:
    """Checking a file costs neither the database, nor the UI, nor a client library."""
    assert (0, set()) == _run("validate", str(hello))


def test_headless_run_never_imports_the_ui(hello: Path) -> None:
    """A headless run has the database and not Textual."""
    code, heavy = _run(str(hello), "--no-ui")

    assert (0, True, False) == (code, "sqlalchemy" in heavy, "textual" in heavy)


def test_the_facade_alone_imports_nothing_heavy() -> None:
    """`import engine` is free; each name pays for itself when it is used."""
    ended = _python("import sys, engine; print(*{'sqlalchemy', 'jinja2', 'pydantic', 'yaml'} & set(sys.modules))")

    assert ("\n", "") == (ended.stdout, ended.stderr)


def test_importing_does_nothing() -> None:
    """No module reads the environment, writes, connects, starts a thread or sets up logging when it is imported."""
    names = [
        shown(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in modules()
        if "migrations" not in path.parts  # Alembic's scripts are run, not imported
    ]

    ended = _python(_IMPORT, str(ROOT), *names)

    assert ("", "") == (ended.stdout, ended.stderr)
