"""The whole UI under 10,000 changes a second from a synthetic engine. Prints one JSON object.

A thread publishes turns at a steady pace; the loop of the UI is asked every 5 ms how late it is. At the end what the UI
believes must be what was published.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from highway_tui.app import HighwayApp
from highway_tui.options import UiOptions
from tests.tui.fake_engine import RUN, FakeEngine, batch, run_record, task

if TYPE_CHECKING:
    from engine import Engine

_TASKS = 1000
_RATE = 10_000
_SECONDS = 5
_TURN = 20
"""Changes a turn."""
_STATES = ("queued", "running", "succeeded")
_PROBE_S = 0.005


def _publish(fake: FakeEngine) -> None:
    """Publish `_SECONDS` of changes at `_RATE`."""
    began, sent = time.perf_counter(), 0
    while sent < _RATE * _SECONDS:
        numbers = range(sent, sent + _TURN)
        records = [task(f"t{number % _TASKS}", _STATES[number // _TASKS % len(_STATES)]) for number in numbers]
        fake.publish(batch(run_record(done=sent % _TASKS, total=_TASKS), *records))
        sent += _TURN
        time.sleep(max(0.0, began + sent / _RATE - time.perf_counter()))


async def _lags(publisher: threading.Thread) -> list[float]:
    lags = []
    while publisher.is_alive():
        began = time.perf_counter()
        await asyncio.sleep(_PROBE_S)
        lags.append(time.perf_counter() - began - _PROBE_S)
    return sorted(lags)


async def _measure(folder: Path) -> dict[str, float]:
    flow = folder / "flow.yaml"
    tasks = {f"t{number}": {"function": "log.info", "args": ["x"]} for number in range(_TASKS)}
    flow.write_text(json.dumps({"name": "flow", "tasks": tasks}))
    fake = FakeEngine(folder)
    app = HighwayApp(UiOptions(url="sqlite:///:memory:", workflow=flow), make_engine=lambda: cast("Engine", fake))
    async with app.run_test(size=(120, 40)) as pilot:
        while not fake.handles:
            await pilot.pause(0.05)
        publisher = threading.Thread(target=_publish, args=(fake,))
        publisher.start()
        lags = await _lags(publisher)
        publisher.join()
        await pilot.pause(0.5)
        view = app.session.view
        published = {record.key: record for record in fake.reader.tasks(RUN)}
        assert published == {key: view.record(key) for key in published}
        fake.finish("succeeded")
    return {"p99_ms": lags[int(len(lags) * 0.99)] * 1000, "longest_ms": lags[-1] * 1000}


def main() -> None:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(_measure(Path(folder)))))


if __name__ == "__main__":
    main()
