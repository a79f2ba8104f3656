"""The run screen over a synthetic engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import RunId, StoreCorrupt

from .conftest import ETL, Opener
from .fake_engine import EPOCH, FakeEngine, batch, failed, name, run_record, skipped, task

SIZES = [(80, 24), (120, 40), (160, 45), (200, 60)]


@pytest.mark.asyncio
async def test_opening_a_valid_file_runs_it(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """`highway-tui FLOW.yaml` starts the file as soon as it is found valid, once."""
    async with opened(etl) as stage:
        assert 1 == len(fake.handles)
        assert "etl.yaml › run 7f3a" in stage.text()
        assert "RUNNING" in stage.text()


@pytest.mark.asyncio
async def test_no_start_only_opens(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """With --no-start nothing runs until a person presses r."""
    async with opened(etl, start=False) as stage:
        assert [] == fake.handles
        assert "not started" in stage.text()

        await stage.press("r")

        assert 1 == len(fake.handles)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_state_is_glyph_and_counter_in_list_and_header(opened: Opener, etl: Path, size: tuple[int, int]) -> None:
    """A failed task is seen as a glyph in the list, a count in the header and a sentence with its cause."""
    async with opened(etl, size=size) as stage:
        run = stage.fake.reader.known[RunId("7f3a")]
        stage.fake.publish(batch(run, task("fetch", "succeeded"), failed("load"), skipped("note", "was false")))
        stage.fake.finish("failed")
        await stage.settle()
        shown = stage.text()

        assert "✗ FAILED 00:00:12  3/6  ✗1 ✓1 ⊘1" in shown
        assert "✗ load" in shown
        assert "failed after 1.0s and 3 attempts: HTTP 503 [E-EXIT]" in shown


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_line_fills_the_terminal_exactly(opened: Opener, etl: Path, size: tuple[int, int]) -> None:
    """No pane paints outside of itself, whatever is in it."""
    async with opened(etl, size=size) as stage:
        stage.fake.publish(batch(run_record(), failed("fetch", "長い" * 200), task("load")))
        await stage.settle()
        widths = {sum(segment.cell_length for segment in line) for line in stage.app.screen._compositor.render_strips()}

        assert {size[0]} == widths


@pytest.mark.asyncio
async def test_iterations_stand_under_their_loop(opened: Opener, etl: Path) -> None:
    """A loop's tasks are listed under it with the number of their iteration."""
    async with opened(etl) as stage:
        loop = task("each", operator="foreach", children_total=3, children_done=1)
        stage.fake.publish(batch(run_record(), loop, task("each[0]/one", "succeeded"), task("each[1]/one")))
        await stage.settle()
        shown = stage.text()

        assert "∀ 1/3" in shown
        assert "✓ [0] one" in shown
        assert "[1] one" in shown


@pytest.mark.asyncio
async def test_the_selected_task_is_followed_until_a_person_moves(opened: Opener, etl: Path) -> None:
    """The selection goes to what runs; after a move by hand it stays."""
    async with opened(etl) as stage:
        screen = stage.app.run_screen
        stage.fake.publish(batch(run_record(), task("fetch")))
        await stage.settle()
        followed = screen.selected

        await stage.press("j")
        stage.fake.publish(batch(run_record(), task("fetch", "succeeded"), task("load")))
        await stage.settle()

        assert followed is not None
        assert "fetch" == followed.task
        assert screen.selected is not None
        assert "is_new" == screen.selected.task


@pytest.mark.asyncio
async def test_arrows_move_along_the_edges_of_the_graph(opened: Opener, etl: Path) -> None:
    """In the graph down goes to a child and up back to its parent; the list moves along."""
    async with opened(etl) as stage:
        await stage.press("tab", "g", "down")
        assert stage.app.run_screen.selected is not None
        assert "is_new" == stage.app.run_screen.selected.task

        await stage.press("k")
        assert "fetch" == stage.app.run_screen.selected.task


@pytest.mark.asyncio
async def test_small_terminals_swap_panes_with_tab(opened: Opener, etl: Path) -> None:
    """At 80x24 one pane is shown, the log strip stays, and tab goes on to the next pane."""
    async with opened(etl, size=(80, 24)) as stage:
        assert stage.app.run_screen.query_one("#tasks").display
        assert not stage.app.run_screen.query_one("#graph").display

        await stage.press("tab")

        assert not stage.app.run_screen.query_one("#tasks").display
        assert stage.app.run_screen.query_one("#graph").display
        assert stage.app.run_screen.query_one("#log").display


@pytest.mark.asyncio
async def test_a_terminal_that_is_too_small_says_so(opened: Opener, etl: Path) -> None:
    """Below 40x10 there is a message and nothing else."""
    async with opened(etl, size=(36, 9)) as stage:
        assert "too small" in stage.text()


@pytest.mark.asyncio
async def test_variables_and_memory_are_shown_with_who_set_them(opened: Opener, etl: Path) -> None:
    """The variables pane shows values as they change."""
    async with opened(etl) as stage:
        names = [name("memory", "count", 3, set_by="load"), name("variable", "region", "eu")]
        stage.fake.publish(batch(run_record(), names=names))
        await stage.settle()
        assert "count" in stage.text()
        assert "by load" in stage.text()

        stage.fake.publish(batch(run_record(), names=[name("memory", "count", 4711, set_by="load")]))
        await stage.settle()

        assert "4711" in stage.text()


@pytest.mark.asyncio
async def test_markup_and_escapes_in_data_are_text(opened: Opener, etl: Path) -> None:
    """Nothing from a run is parsed as markup, and no control byte reaches the screen."""
    async with opened(etl) as stage:
        stage.fake.publish(batch(run_record(), failed("fetch", "[red]no[/red] \x1b]0;title\x07 [link=x]")))
        await stage.settle()
        shown = stage.text()

        assert "[red]no[/red]" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


@pytest.mark.asyncio
async def test_cancelling_a_run_asks_first(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """C asks; only yes cancels."""
    async with opened(etl) as stage:
        await stage.press("C", "n")
        assert [] == fake.handles[0].cancelled

        await stage.press("C", "y")
        assert [""] == fake.handles[0].cancelled


@pytest.mark.asyncio
async def test_cancelling_a_task_names_it(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """The letter c cancels the selected task after a question."""
    async with opened(etl) as stage:
        fake.publish(batch(run_record(), task("fetch")))
        await stage.settle()
        await stage.press("c")
        assert "Cancel fetch?" in stage.text()

        await stage.press("y")
        assert ["fetch"] == fake.handles[0].cancelled


@pytest.mark.asyncio
async def test_run_again_shows_the_new_run(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """After the end r starts another run; while one lives it does not."""
    async with opened(etl) as stage:
        await stage.press("r")
        assert 1 == len(fake.handles)

        fake.finish("succeeded", task("fetch", "succeeded"))
        await stage.settle()
        await stage.press("r")

        assert 2 == len(fake.handles)
        assert "run run1" in stage.text()


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_ascii_terminals_get_ascii_only(opened: Opener, etl: Path, size: tuple[int, int]) -> None:
    """With --ascii no other character is sent: no border, scroll bar, glyph or name of a task."""
    async with opened(etl, size=size, ascii_only=True) as stage:
        loop = task("each", operator="foreach", children_total=90)
        stage.fake.publish(batch(run_record(), loop, *(task(f"each[{n}]/one") for n in range(90)), failed("load", "é")))
        await stage.settle()
        seen = [stage.text()]
        for _ in range(4):
            await stage.press("tab")
            seen.append(stage.text())
        await stage.press("question_mark")
        seen.append(stage.text())
        odd = {char for text in seen for char in text if not char.isascii()}

        assert set() == odd


@pytest.mark.asyncio
async def test_impatient_fingers_start_one_run(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """Pressing r again before the first run has shown anything starts nothing more."""
    async with opened(etl, start=False) as stage:
        await stage.press("r", "r", "r")

        assert 1 == len(fake.handles)


@pytest.mark.asyncio
async def test_resume_keeps_what_was_finished(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """R goes on with the shown run; tasks that are over stay over."""
    async with opened(etl) as stage:
        fake.publish(batch(run_record(), task("fetch", "succeeded")))
        fake.finish("failed", failed("load"))
        await stage.settle()
        await stage.press("R")

        assert RunId("7f3a") == fake.handles[1].run_id
        assert "RUNNING" in stage.text()
        assert "✓ fetch" in stage.text()


@pytest.mark.asyncio
async def test_next_failure_selects_it(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """F goes from failure to failure."""
    async with opened(etl) as stage:
        fake.publish(batch(run_record(), failed("load"), failed("note")))
        await stage.settle()
        await stage.press("F")
        first = stage.app.run_screen.selected
        await stage.press("F")

        assert first is not None
        assert stage.app.run_screen.selected is not None
        assert {"load", "note"} == {first.task, stage.app.run_screen.selected.task}


@pytest.mark.asyncio
async def test_details_show_the_whole_sentence(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """Enter opens a page with state, error, place in the file."""
    async with opened(etl) as stage:
        fake.publish(batch(run_record(), failed("fetch", "the server said no " * 20)))
        fake.finish("failed")
        await stage.settle()
        await stage.press("enter")

        assert "E-EXIT: the server said no" in stage.text()
        assert "line 4" in stage.text()


@pytest.mark.asyncio
async def test_a_broken_file_is_not_run_and_says_where(opened: Opener, tmp_path: Path, fake: FakeEngine) -> None:
    """An invalid file opens on its problems: code, line, caret; r says why it does nothing."""
    path = tmp_path / "bad.yaml"
    path.write_text(ETL.replace("[fetch]", "[fetsch]"), encoding="utf-8")
    async with opened(path) as stage:
        shown = stage.text()
        assert "E-UNKNOWN-ID" in shown
        assert "bad.yaml:5:" in shown
        assert "^^^^^^" in shown

        await stage.press("r")

        assert [] == fake.handles


@pytest.mark.asyncio
async def test_a_save_that_breaks_the_file_keeps_the_last_good_graph(opened: Opener, etl: Path) -> None:
    """While a person mends the file, the graph stays, dimmed, and its title counts the errors."""
    async with opened(etl, start=False) as stage:
        etl.write_text(ETL.replace("[fetch]", "[fetsch]"), encoding="utf-8")
        await stage.app.control.check(etl)
        await stage.settle()

        assert stage.app.run_screen._graph.dimmed
        assert "stale · 1 error" in stage.text()
        assert "is_new" in stage.text()


@pytest.mark.asyncio
async def test_a_live_run_keeps_its_definition(opened: Opener, etl: Path) -> None:
    """Another task in the saved file does not enter the run; the header says that the file changed."""
    async with opened(etl) as stage:
        etl.write_text(ETL + "  extra: {function: log.info, args: [x]}\n", encoding="utf-8")
        await stage.app.control.check(etl)
        await stage.settle()

        assert "file changed" in stage.text()
        assert "extra" not in stage.text()


@pytest.mark.asyncio
async def test_a_database_that_cannot_be_opened_leaves_the_ui_open(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """The file is checked and shown; one line says what is wrong with the database, and nothing runs."""

    def refuse() -> object:
        raise StoreCorrupt("E-STORE-CORRUPT", "/x/runs.db is no database")

    async with opened(etl, make_engine=refuse) as stage:
        assert "/x/runs.db is no database [E-STORE-CORRUPT]" in stage.text()
        assert "is_new" in stage.text()

        await stage.press("r")

        assert [] == fake.handles


@pytest.mark.asyncio
async def test_nothing_ticks_while_nothing_lives(opened: Opener, etl: Path, fake: FakeEngine) -> None:
    """The two clocks stand before a run and after it, and go while it lives."""
    async with opened(etl, start=False) as stage:
        timers = (stage.app._ticker, stage.app.bridge._timer)
        assert timers[1] is not None
        assert [False, False] == [timer._active.is_set() for timer in timers if timer]

        await stage.press("r")
        assert [True, True] == [timer._active.is_set() for timer in timers if timer]

        fake.finish("succeeded")
        await stage.settle()
        assert [False, False] == [timer._active.is_set() for timer in timers if timer]


@pytest.mark.asyncio
async def test_elapsed_is_counted_from_the_start(opened: Opener, etl: Path) -> None:
    """The clock of the header measures from the run's start to now."""
    async with opened(etl) as stage:
        assert stage.app.now() == EPOCH + 3
        assert "00:00:03" in stage.text()
