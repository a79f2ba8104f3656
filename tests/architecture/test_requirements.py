"""The locks: every file has its hash, no index is named, and they agree with each other and with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .sources import ROOT

LOCKS = [ROOT / "requirements" / name for name in ("runtime.txt", "dev.txt")]
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)( ;[^\\]+)?( --hash=sha256:[0-9a-f]{64})+")


def _lines(path: Path) -> list[str]:
    """Logical lines without comments."""
    text = re.sub(r"\s*\\\n\s*", " ", path.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _pins(path: Path) -> dict[str, str]:
    return {found["name"]: found["version"] for line in _lines(path) if (found := _PIN.fullmatch(line))}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_is_a_pin_with_hashes(lock: Path) -> None:
    """A lock holds exact versions with hashes and nothing else: no option, no address, no path."""
    assert [] == [line for line in _lines(lock) if not _PIN.fullmatch(line)]
    assert len(_pins(lock)) > 20


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_comments_name_no_place(lock: Path) -> None:
    """Not even a comment of a lock says from where the files came."""
    comments = [line for line in lock.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("#")]

    assert [] == [line for line in comments if re.search(r"://|(^|[\s=])/|index-url|find-links|trusted-host", line)]


def test_the_locks_agree() -> None:
    """What stands in both lists has one version."""
    runtime, dev = map(_pins, LOCKS)

    assert {} == {name: (runtime[name], dev[name]) for name in runtime.keys() & dev if runtime[name] != dev[name]}


def test_the_lock_holds_what_the_project_asks_for() -> None:
    """Each dependency is locked to a version within its bounds, and so are the tools that build the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = {**_pins(LOCKS[0]), **_pins(LOCKS[1])}
    asked = [Requirement(text) for text in project["project"]["dependencies"] + project["build-system"]["requires"]]

    missing = [
        str(requirement)
        for requirement in asked
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]

    assert [] == missing
    assert "editables" in locked


def test_the_lock_holds_what_the_checks_ask_for() -> None:
    """Each line of dev.in is locked."""
    lines = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]

    assert [] == [str(r) for r in asked if not r.specifier.contains(_pins(LOCKS[1]).get(canonicalize_name(r.name), ""))]
