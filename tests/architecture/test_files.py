"""What the repository's files may not say, and how long its map may be."""

from __future__ import annotations

import re
from typing import Final

from .sources import ROOT, shown, tracked_files

MAX_MAP_LINES: Final = 200

# Written in pieces, so that this file does not find itself.
_PLACES: Final = re.compile(
    "|".join(
        ("/" + "work/(main|shared)", "/" + "root/", "/" + "opt/(pypi|wheels)", "pypi" + r"\.org", "python" + "hosted")
    )
)
_BINARY: Final = frozenset({".db", ".gz", ".png"})


def test_no_file_names_a_machine_or_a_package_index() -> None:
    """What is tracked works on any machine: it names no folder of one, and no package index."""
    found = {
        f"{shown(path)}:{number}"
        for path in tracked_files()
        if path.suffix not in _BINARY
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if _PLACES.search(line)
    }

    assert set() == found


def test_the_map_is_short() -> None:
    """ARCHITECTURE.md is read in one sitting: at most 200 lines."""
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= MAX_MAP_LINES


def test_ci_can_be_started() -> None:
    """`.ci/run` is executable."""
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
