"""The project's own files, as the architecture tests look at them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("engine", "highway_tui")


def modules() -> list[Path]:
    """Every module of the two packages, in order."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def tracked_files() -> list[Path]:
    """Every file that git knows and that exists, in order."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def shown(path: Path) -> str:
    """The file as messages name it: relative to the root, with `/`."""
    return path.relative_to(ROOT).as_posix()
