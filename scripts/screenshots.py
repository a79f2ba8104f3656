"""Draws the pictures of the documentation: `make screenshots`. Runs the real UI on the order sample, midway."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from highway_tui.app import HighwayApp
from highway_tui.options import UiOptions

ROOT = Path(__file__).resolve().parent.parent
FLOW = ROOT / "sample_workflows" / "order_processing.yaml"
PICTURES = ROOT / "docs" / "images"
PATIENCE_S = 60.0
MIDWAY = 14
"""Tasks of the sample that have succeeded when its picture is taken: its parallel part is at work then."""


async def main() -> None:
    """Draw every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        await picture(
            "run-screen",
            HighwayApp(UiOptions(url=str(Path(folder) / "runs.db"), workflow=FLOW, start=True)),
            size=(120, 40),
            when=lambda app: app.session.view.counts["succeeded"] >= MIDWAY,
        )


async def picture(name: str, app: HighwayApp, size: tuple[int, int], when: Callable[[HighwayApp], bool]) -> None:
    """Save what the screen shows at the first moment that `when` holds."""
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: when(app))
        path = PICTURES / f"{name}.svg"
        path.write_text(app.export_screenshot(title="highway-tui"), encoding="utf-8")
        print(path.relative_to(ROOT))
        app.exit()


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Wait for a moment of a real run."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await pilot.pause(0.05)
    await pilot.pause()


if __name__ == "__main__":
    asyncio.run(main())
