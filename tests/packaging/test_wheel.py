"""What people install: the wheel, built and used from a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ("sample_workflows", "themes")


def _do(*command: str, **environment: str) -> str:
    """Run `command` outside of the checkout; return its stdout."""
    ended = subprocess.run(
        command,
        cwd=Path(sys.prefix),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    _do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    _do(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def _files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_two_packages(wheel: Path) -> None:
    """`engine` and `highway_tui` are the only names it brings; `engine` is generic enough."""
    names = {name.partition("/")[0] for name in _files(wheel)}

    assert {"engine", "highway_tui"} == {name for name in names if not name.endswith(".dist-info")}


def test_wheel_holds_the_data(wheel: Path) -> None:
    """Every theme and sample is inside, and nothing that Python left beside them."""
    expected = {
        f"highway_tui/_data/{path.relative_to(ROOT).as_posix()}"
        for folder in DATA
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert expected == {name for name in _files(wheel) if name.startswith("highway_tui/_data/")}
    assert expected


def test_wheel_holds_everything_the_packages_hold(wheel: Path) -> None:
    """Each file beside the modules is inside: styles, migrations, the marks of typed packages."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in ("engine", "highway_tui")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert set() == expected - _files(wheel)
    assert {"engine/py.typed", "highway_tui/py.typed"} <= expected


def test_installed_program_knows_its_version(installed: Path) -> None:
    """`highway-tui --version` works from the installed wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    said = _do(sys.executable, str(installed / "bin" / "highway-tui"), "--version", PYTHONPATH=str(installed))

    assert f"highway-tui {project['version']}\n" == said


def test_installed_program_finds_its_data(installed: Path) -> None:
    """Themes and samples come from the installed package, not from a checkout."""
    code = "from highway_tui.resources import samples_dir, themes_dir; print(samples_dir(), themes_dir(), sep='\\n')"

    said = _do(sys.executable, "-c", code, PYTHONPATH=str(installed))

    assert [str(installed / "highway_tui" / "_data" / name) for name in DATA] == said.splitlines()
    assert all(any((installed / "highway_tui" / "_data" / name).iterdir()) for name in DATA)
