"""What a command does not need it does not import: help is instant, checks need no database, headless needs no UI."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .cli import Cli

_PROBE = """
import sys
sys.argv = ["highway-tui", *sys.argv[1:]]
from highway_tui.__main__ main
code = main()
print("\\n@@", code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
""".replace("__main__ main", "__main__ import main")

_HEAVY = {"alembic", "docker", "httpx", "jinja2", "pydantic", "rich", "sqlalchemy", "textual", "watchfiles", "yaml"}


def _imported(cli: Cli, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments],
        cwd=cli.folder,
        env=cli.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    code, *modules = done.stderr.rpartition("@@")[2].split()
    assert "0" == code, done.stderr
    return set(modules)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_nothing_heavy(cli: Cli, option: str) -> None:
    """`--help` and `--version` pay for click only."""
    assert set() == _imported(cli, option) & _HEAVY


def test_validate_imports_no_store_and_no_ui(cli: Cli) -> None:
    """Checking a file needs neither the database layer nor the UI nor HTTP; without expressions not Jinja2 either."""
    cli.write("ok.yaml", "tasks: {a: {function: fetch.get, args: [http://127.0.0.1]}}\n")

    assert set() == _imported(cli, "validate", "ok.yaml") & (_HEAVY - {"pydantic", "rich", "yaml"})


def test_a_headless_run_imports_no_ui(cli: Cli) -> None:
    """`--no-ui` never imports Textual, and no HTTP client where nothing is fetched."""
    cli.write("ok.yaml", "tasks: {a: {function: log.info, args: [hello]}}\n")

    assert set() == _imported(cli, "ok.yaml", "--no-ui") & {"alembic", "docker", "httpx", "textual", "watchfiles"}


@pytest.mark.parametrize("arguments", [("runs",), ("show", "@latest"), ("logs", "@latest")], ids=lambda words: words[0])
def test_readers_import_no_ui(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Reading the store needs no Textual."""
    cli(cli.write("ok.yaml", "tasks: {a: {function: log.info, args: [hello]}}\n"), "--no-ui")

    assert set() == _imported(cli, *arguments) & {"alembic", "docker", "httpx", "textual", "watchfiles"}
