"""The pane of the bulkheads: what it says, and what its keys do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import BulkheadChanged, JournalEntry, Reason, RunId, TaskKey, key_of
from highway_tui.bulkheads import BulkheadRow, bulkhead_rows, listed, load_bar, queue_sentence
from highway_tui.circuits import Circuit, circuit_word, circuits_of
from highway_tui.states import Glyphs
from highway_tui.view_models import RunView
from highway_tui.widgets.resources_pane import ResourcesPane

from .conftest import Opener, Stage
from .fake_engine import EPOCH, RUN, batch, plan_of, run_record, task

FLOW = """\
name: shop
max_parallel: 7
bulkheads:
  bank: {max_concurrent_calls: 2, circuit_breaker: {failure_threshold: 3}}
  post: {max_concurrent_calls: 5}
tasks:
  pay: {items: [1, 2, 3, 4], loop_body: [{task_id: one, run: "true", bulkhead: bank}]}
  send: {run: "true", bulkhead: post}
"""


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker as the engine shows it."""

    state: str
    until: float | None = None


@dataclass(frozen=True)
class Bulkhead:
    """A bulkhead as the engine shows it."""

    limit: int
    holding: tuple[tuple[RunId, TaskKey], ...] = ()
    waiting: tuple[tuple[RunId, TaskKey], ...] = ()
    rejected: int = 0
    breaker: Breaker | None = None


def calls(*addresses: str, run: str = RUN) -> tuple[tuple[RunId, TaskKey], ...]:
    """Holders or waiters of a run."""
    return tuple((RunId(run), key_of(address)) for address in addresses)


def view_of(*statuses: str) -> RunView:
    """A run of FLOW whose payments are in these states."""
    view = RunView(plan_of(FLOW))
    tasks = [task(f"pay[{number}]/one", status) for number, status in enumerate(statuses)]
    view.apply(batch(run_record(), task("pay", operator="foreach"), *tasks))
    return view


def by_name(rows: Sequence[BulkheadRow]) -> dict[str, BulkheadRow]:
    """Rows by what they are called."""
    return {row.name: row for row in rows}


BANK = Bulkhead(
    2,
    holding=calls("pay[0]/one", "pay[1]/one"),
    waiting=(*calls("pay[2]/one"), *calls("pay[0]/one", run="other"), *calls("pay[3]/one")),
    rejected=4,
    breaker=Breaker("open", EPOCH + 20.2),
)


def test_a_run_of_this_process_shows_what_the_engine_says() -> None:
    """Load, queue by name, rejected calls and the circuit's countdown come from the engine."""
    view = view_of("running", "running", "queued", "queued")
    known = {("shop", "bank"): BANK, ("", "shell"): Bulkhead(256), ("", "docker"): Bulkhead(32)}
    rows = by_name(bulkhead_rows(view, RUN, known, {"shell"}, EPOCH))

    assert ["bank", "post", "shell", "this run"] == list(rows)
    assert "▮▮    2/2 +3q" == rows["bank"].load
    assert ("pay[2]/one", "pay[0]/one (run other)", "pay[3]/one") == rows["bank"].waiting
    assert (4, "OPEN 21s") == (rows["bank"].rejected, rows["bank"].circuit)
    assert ("▮▮▯▯▯ 2/7", 0) == (rows["this run"].load, rows["this run"].queued)


def test_a_run_of_another_process_is_counted_from_its_records() -> None:
    """Without an engine, records give loads at any depth and the journal gives the circuit; rejected is unknown."""
    view = view_of("running", "queued")
    event = BulkheadChanged("bank", "open", EPOCH + 9, "too many failures")
    view.note([JournalEntry(seq=1, at=EPOCH, event=event)])
    bank = by_name(bulkhead_rows(view, RUN, {}, set(), EPOCH))["bank"]

    assert ("▮▯    1/2 +1q", ("pay[1]/one",), None) == (bank.load, bank.waiting, bank.rejected)
    assert ("OPEN 9s", "too many failures") == (bank.circuit, bank.note)


@pytest.mark.parametrize(
    ("circuit", "live", "word"),
    [
        (Circuit("closed"), True, "closed"),
        (Circuit("half_open"), True, "half-open"),
        (Circuit("open", EPOCH + 0.1), True, "OPEN 1s"),
        (Circuit("open", EPOCH), True, "half-open"),
        (Circuit("open", EPOCH + 20), False, "OPEN"),
    ],
)
def test_circuits_have_words(circuit: Circuit, word: str, *, live: bool) -> None:
    """An open circuit counts down to its probes; one of a run that is over does not."""
    assert word == circuit_word(circuit, EPOCH, live=live)


def test_the_newest_change_counts() -> None:
    """Of several changes of a circuit the last one stands."""
    events = [BulkheadChanged("bank", state, None, state) for state in ("open", "half_open", "closed")]
    entries = [JournalEntry(seq=number, at=EPOCH, event=event) for number, event in enumerate(events, 1)]

    assert {"bank": Circuit("closed", None, "closed")} == circuits_of(entries)


@pytest.mark.parametrize(
    ("in_use", "limit", "bar"), [(0, 1, "▯    "), (3, 5, "▮▮▮▯▯"), (1, 256, "▮▯▯▯▯"), (9, 5, "▮▮▮▮▮")]
)
def test_load_bars(in_use: int, limit: int, bar: str) -> None:
    """A cell per permit where there are few; never empty while one is used, never longer than the bar."""
    assert bar == load_bar(in_use, limit)


def test_bars_have_ascii_twins() -> None:
    """A terminal without block characters gets `#` and `.`."""
    assert "###.. 3/5" == Glyphs(ascii=True).plain(f"{load_bar(3, 5)} 3/5")


def test_waiters_are_named_as_far_as_there_is_room() -> None:
    """The rest of a line is counted."""
    assert "a, b and 3 more" == listed(["a", "b", "c", "d"], 5, 15)
    assert "a, b" == listed(["a", "b"], 2, 15)
    assert "a and 4 more" == listed(["a"], 5, 3)


def test_a_queued_task_knows_its_place() -> None:
    """The sentence says what it waits for and which place it has now."""
    key = key_of("pay[3]/one")
    full = Bulkhead(2, calls("a", "b"), calls("x", "y", "pay[3]/one"))

    assert "queued: circuit bank is open, 21s left, 3rd in line" == queue_sentence(
        key, RUN, {("shop", "bank"): BANK}, EPOCH
    )
    assert "queued: bulkhead bank is full 2/2, 3rd in line" == queue_sentence(key, RUN, {("shop", "bank"): full}, 0.0)
    assert "" == queue_sentence(key, RUN, {}, EPOCH)


async def opened_shop(stage: Stage) -> ResourcesPane:
    """A run in which the bank's circuit is open; the pane has the focus."""
    stage.fake.known = {("shop", "bank"): BANK, ("shop", "post"): Bulkhead(5)}
    queued = task("pay[3]/one", "queued", reason=Reason("bulkhead", "queued: bulkhead bank is full 2/2, 9th in line"))
    stage.fake.publish(batch(run_record(), task("pay", operator="foreach"), task("pay[0]/one"), queued))
    await stage.settle()
    pane = stage.app.run_screen.query_one(ResourcesPane)
    pane.focus()
    await stage.settle()
    return pane


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The workflow as a file."""
    path = tmp_path / "shop.yaml"
    path.write_text(FLOW, encoding="utf-8")
    return path


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45), (200, 60)], ids=str)
async def test_the_pane_shows_load_queue_and_circuit(opened: Opener, shop: Path, size: tuple[int, int]) -> None:
    """At every size: bar, place of each waiter, rejected calls and the circuit's word."""
    async with opened(shop, size=size) as stage:
        await opened_shop(stage)
        text = stage.text()

        assert "▮▮    2/2 +3q" in text
        assert "OPEN 18s" in text
        assert "4 rejected" in text
        assert "waits pay[2]/one" in text


@pytest.mark.asyncio
async def test_the_detail_line_has_the_place_of_now(opened: Opener, shop: Path) -> None:
    """A queued task's sentence is that of the line as it is, not as it was when the task came."""
    async with opened(shop) as stage:
        await opened_shop(stage)
        stage.app.run_screen.query_one("#tasks").focus()
        await stage.press("G", "k")

        assert "queued: circuit bank is open, 18s left, 3rd in line" in stage.text()


@pytest.mark.asyncio
async def test_circuits_and_limits_are_changed_after_asking(opened: Opener, shop: Path) -> None:
    """`b` opens, `B` closes, `L` sets the limit of the bulkhead under the cursor; `n` leaves all as it is."""
    async with opened(shop) as stage:
        pane = await opened_shop(stage)
        await stage.press("b", "n")
        assert [] == stage.fake.operated

        await stage.press("b", "y")
        await stage.press("B", "y")
        await stage.press("L", "8", "enter")
        assert [
            ("force_open", "shop", "bank"),
            ("reset_breaker", "shop", "bank"),
            ("set_limit", "shop", "bank", 8),
        ] == stage.fake.operated

        await stage.press("j", "b")
        assert pane.selected is not None
        assert "post" == pane.selected.name
        assert 3 == len(stage.fake.operated)
        assert ["post has no circuit breaker"] == [note.message for note in stage.app._notifications]


@pytest.mark.asyncio
async def test_moving_in_the_pane_leaves_the_task_alone(opened: Opener, shop: Path) -> None:
    """The cursor goes from bulkhead to bulkhead, past the lines of waiters; the selected task stays."""
    async with opened(shop) as stage:
        pane = await opened_shop(stage)
        before = stage.app.run_screen.selected
        names = []
        for key in ("j", "j", "k", "G", "g"):
            await stage.press(key)
            names.append("" if pane.selected is None else pane.selected.name)

        assert ["post", "this run", "post", "this run", "bank"] == names
        assert before == stage.app.run_screen.selected
