"""Pictures of the run screen in the middle of a run.

`pytest --snapshot-update` makes new ones; look at them before committing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from engine import Engine
from highway_tui.app import HighwayApp
from highway_tui.options import UiOptions
from tests.tui.conftest import Stage
from tests.tui.fake_engine import EPOCH, FakeEngine, batch, failed, name, run_record, skipped, task

ORDERS = """\
name: orders
tasks:
  receive: {function: log.info, args: [x]}
  check: {branches: {stock: [check_stock], price: [price_items, add_tax]}, dependencies: [receive]}
  check_stock: {function: log.info, args: [x], dependencies: [check]}
  price_items: {items: [1, 2, 3], dependencies: [check], loop_body: [{task_id: price, function: log.info, args: [x]}]}
  add_tax: {function: log.info, args: [x], dependencies: [price_items]}
  large: {condition: "{{ 1 < 2 }}", if_true: approve, if_false: refuse, dependencies: [check]}
  approve: {function: log.info, args: [x], retry: {max_attempts: 3}}
  refuse: {function: log.info, args: [x]}
  wait: {wait_for: 10, dependencies: [approve]}
  ship: {function: log.info, args: [x], dependencies: [wait]}
"""


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_run_screen(snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int]) -> None:
    """Every kind of state at once, with clock, ids and folder standing still."""
    path = tmp_path / "orders.yaml"
    path.write_text(ORDERS, encoding="utf-8")
    fake = FakeEngine(tmp_path / "store")
    app = HighwayApp(
        UiOptions(url="sqlite:///orders.db", workflow=path),
        make_engine=lambda: cast("Engine", fake),
        now=lambda: EPOCH + 3,
    )

    app.animation_level = "none"

    async def half_way(pilot: Pilot[int]) -> None:
        stage = Stage(app, pilot, fake)
        await stage.settle()
        fake.publish(
            batch(
                run_record(done=3, total=10, definition_sha256=app.session.loaded.sha256 if app.session.loaded else ""),
                task("receive", "succeeded"),
                task("check", operator="parallel", children_done=1, children_total=3),
                task("check_stock", "succeeded"),
                task("price_items", operator="foreach", children_done=2, children_total=3),
                task("price_items[0]/price", "succeeded"),
                task("price_items[1]/price", "succeeded"),
                task("price_items[2]/price"),
                task("large", "succeeded", operator="condition"),
                failed("approve", "the bank said no"),
                skipped("refuse", "large: `1 < 2` was true"),
                task("wait", "upstream_failed"),
                names=[name("memory", "total", 135.0, set_by="price_items"), name("variable", "customer", "Ada")],
            )
        )
        await stage.settle()

    assert snap_compare(app, terminal_size=size, run_before=half_way)
