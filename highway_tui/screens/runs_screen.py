"""The run list: every run of the store, newest first; enter opens one, R resumes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from engine import RunId, RunRecord

from .. import cells
from ..keymap import Place, bindings_of
from ..states import RUN_LOOKS
from ..texts import runs_hints
from ..widgets.bar import Bar, DetailBar, HintBar, NoticeBar
from ..widgets.line_list import LineList
from ..widgets.run_list import RunList

_READ_S: Final = 2.0
"""How often the list is read while it is in sight."""


class RunsScreen(Screen[None]):
    """Shows run records; the app reads them."""

    CSS_PATH = "runs_screen.tcss"
    PLACES: ClassVar[tuple[Place, ...]] = ("runs",)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runs")
    AUTO_FOCUS = "#runs"

    class Wanted(Message):
        """A person wants a run opened or resumed, or the list read again."""

        def __init__(self, what: str, run_id: RunId | None) -> None:
            """`what` is an action's name."""
            self.what = what
            self.run_id = run_id
            super().__init__()

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.ready = False
        """True once the parts exist."""

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield Bar(id="header")
        yield NoticeBar(id="notice")
        yield RunList(id="runs")
        yield DetailBar(id="detail")
        yield HintBar(id="hints")

    def on_mount(self) -> None:
        """Give the list its frame."""
        runs = self.query_one(RunList)
        runs.border_title = "Runs"
        runs.set_length(1)
        self.ready = True
        self._hint()
        self._clock = self.set_interval(_READ_S, lambda: self.post_message(self.Wanted("refresh", None)))

    def on_screen_resume(self) -> None:
        """Read the list whenever it comes into sight, and from time to time while it is: others run things too."""
        self.post_message(self.Wanted("refresh", None))
        if self.ready:
            self._clock.resume()

    def on_screen_suspend(self) -> None:
        """Nobody looks."""
        self._clock.pause()

    def show(self, runs: Sequence[RunRecord], now: float, store: str, empty: str) -> None:
        """Show what was read; `store` says from where."""
        if not self.ready:
            return
        pane = self.query_one(RunList)
        pane.empty = empty
        pane.show(runs, now)
        pane.border_subtitle = Content(f"{len(runs)} runs" if runs else "")
        bar = self.query_one("#header", Bar)
        bar.set(
            [
                Segment(" highway-tui", bar.ink("foreground", bold=True)),
                Segment(" › runs", bar.ink("hw-dim")),
            ],
            [Segment(f"{cells.clean(store)} ", bar.ink("hw-dim"))],
        )
        self._say()

    def show_notice(self, text: str) -> None:
        """Say what is wrong with the surroundings; nothing with an empty text."""
        if self.ready:
            self.query_one(NoticeBar).say(text)

    def repaint(self) -> None:
        """Take the colours of another theme."""
        self.query_one(RunList).refresh()
        self._hint()
        self._say()

    def _say(self) -> None:
        run, detail = self.query_one(RunList).selected, self.query_one(DetailBar)
        if run is None:
            detail.say("")
            return
        word = RUN_LOOKS[run.status.value].word
        error = f": {run.error.message} [{run.error.code}]" if run.error is not None else ""
        detail.set(
            [
                Segment(f" {detail.glyphs.run(run.status.value)} ", detail.run_ink(run.status.value)),
                Segment(run.id, detail.ink("foreground", bold=True)),
                Segment(f"  {word}{cells.clean(error)}", detail.ink("foreground")),
                Segment(f"  {cells.clean(run.path)}", detail.ink("hw-dim")),
            ]
        )

    def _hint(self) -> None:
        self.query_one(HintBar).show(*runs_hints())

    def on_line_list_moved(self, event: LineList.Moved) -> None:
        """Another run is under the cursor."""
        event.stop()
        self._say()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """A person clicked a run twice."""
        event.stop()
        self.action_open()

    def _want(self, what: str) -> None:
        run = self.query_one(RunList).selected
        self.post_message(self.Wanted(what, None if run is None else run.id))

    def action_open(self) -> None:
        self._want("open")

    def action_resume(self) -> None:
        self._want("resume")

    def action_refresh(self) -> None:
        self._want("refresh")
