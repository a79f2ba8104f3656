"""The documentation names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from engine import RunStatus, TaskStatus, load_text
from engine.definition.catalogue import CATALOGUE
from engine.tools.registry import tool_names
from highway_tui.cli import VERBS
from highway_tui.exits import Exit

_ROOT: Final = Path(__file__).parents[3]


def _read(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def test_the_workflow_of_the_readme_is_valid() -> None:
    """Who copies the first example gets no problem."""
    block = _read("README.md").split("```yaml\n")[1].split("```")[0]

    assert () == load_text(block.encode()).problems


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_every_verb_and_exit_code_is_documented(page: str) -> None:
    """A verb or a code that is nowhere explained does not exist for a user."""
    text = _read(page)

    assert not [verb for verb in VERBS if verb not in text]
    assert not [code for code in Exit if code is not Exit.BUG and not re.search(rf"\| [\d, ]*\b{int(code)}\b", text)]


def test_every_status_is_documented() -> None:
    """The JSON schemas are an interface: all their words are on the page."""
    text = _read("docs/cli.md")

    assert not [status for status in (*RunStatus, *TaskStatus) if f"`{status.value}`" not in text]


def test_every_tool_is_documented() -> None:
    """The table of tools has them all; `fetch` lists its methods after the first."""
    text = _read("docs/dialect.md")

    missing = [name for name in tool_names() if f"`{name}" not in text and f"`{name.partition('.')[2]}`" not in text]
    assert [] == missing


def test_codes_in_the_documentation_exist() -> None:
    """A code that a page names can be met: in a file, or (a quoted code of the engine) when it runs."""
    named = set(re.findall(r"\b[EWI]-[A-Z][A-Z-]+\b", _read("docs/dialect.md") + _read("README.md")))
    sources = "".join(path.read_text(encoding="utf-8") for path in (_ROOT / "engine").rglob("*.py"))
    at_run_time = set(re.findall(r'"(E-[A-Z][A-Z-]+)"', sources))

    assert set() == named - set(CATALOGUE) - at_run_time
