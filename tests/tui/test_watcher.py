"""Saves are seen however the editor makes them, and their problems are soon on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest

from highway_tui.watcher import saves

from .conftest import ETL, Opener


def rename_over(path: Path, text: str) -> None:
    """As vim and most editors do."""
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.rename(path)


def write_in_place(path: Path, text: str) -> None:
    """As nano and shells do."""
    path.write_text(text, encoding="utf-8")


def remove_first(path: Path, text: str) -> None:
    """As git does."""
    path.unlink()
    path.write_text(text, encoding="utf-8")


@pytest.mark.asyncio
@pytest.mark.parametrize("save", [rename_over, write_in_place, remove_first])
async def test_every_way_of_saving_is_seen(tmp_path: Path, save: Callable[[Path, str], None]) -> None:
    """Editors rename a new file over the old one, write into it, or remove it first."""
    path = tmp_path / "flow.yaml"
    path.write_text("a", encoding="utf-8")
    seen = saves(path)
    waiting = asyncio.ensure_future(anext(seen))
    watched = asyncio.get_running_loop().time() + 5
    while not waiting.done() and asyncio.get_running_loop().time() < watched:
        save(path, "b")  # again and again: nobody tells when the watch has begun
        await asyncio.wait([waiting], timeout=0.2)

    assert waiting.done()
    await waiting
    await seen.aclose()  # type: ignore[attr-defined]  # an async generator behind the iterator's type


@pytest.mark.asyncio
async def test_a_save_is_on_the_screen_in_time(opened: Opener, tmp_path: Path) -> None:
    """A 500-line file: 0.3 s from the save to its problem on an idle machine; a second bounds it on a busy one."""
    path = tmp_path / "long.yaml"
    tasks = "".join(f"  t{number}: {{function: log.info, args: [x]}}\n" for number in range(494))
    path.write_text(ETL + tasks, encoding="utf-8")
    async with opened(path, start=False) as stage:
        spent = []
        for round_ in range(5):
            broken = ETL.replace("[fetch]", f"[nope{round_}]") + tasks
            began = perf_counter()
            rename_over(path, broken)
            while f"nope{round_}" not in stage.text() and perf_counter() - began < 5:
                await stage.pilot.pause(0.01)
            spent.append(perf_counter() - began)

        assert min(spent[1:]) < 1.0
        assert f"nope{round_}" in stage.text()
