"""The terminal UI. Wires screens, session, controller and bridge; what the actions do stands in the controller."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .answering import Answering
from .bridge import Bridge
from .controller import Controller
from .keyed_app import KeyedApp
from .leaving import Leaving
from .messages import Drained, Ended, FileChecked, JournalRead
from .operating import Operating
from .output import speaks_utf8
from .reading import Reading
from .screens.run_screen import RunScreen
from .screens.runs_screen import RunsScreen
from .session import Session
from .widgets.resources_pane import ResourcesPane

if TYPE_CHECKING:
    from engine import Engine

    from .options import UiOptions

TICK_S = 0.25
"""One clock for all spinners and running times; it stands while nothing lives."""


class HighwayApp(KeyedApp):
    """Shows one run and the list of runs. `run()` gives the exit code of the last run."""

    TITLE = "highway-tui"
    CSS_PATH = "app.tcss"

    def __init__(
        self,
        options: UiOptions,
        *,
        make_engine: Callable[[], Engine] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`make_engine` opens the store, on a thread; None opens that of `options.url`. `now` gives Unix seconds."""
        super().__init__()
        self.options = options
        self.now = now
        self._use_glyphs(ascii_only=options.ascii_only)
        self.session = Session(options.workflow)
        self.bridge = Bridge(self, make_engine or self._open_engine)
        self.control = Controller(self, self.bridge, self.session, options)
        self.reading = Reading(self)
        self.operating = Operating(self)
        self.answering = Answering(self)
        self.leaving = Leaving(self)
        self.run_screen = RunScreen(self.session)
        self.runs_screen = RunsScreen()
        self._home = "run" if options.workflow or options.resume else "runs"
        self._frame = 0

    # --- beginning ---------------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Show the first screen; everything slow comes after it is painted."""
        bad = self.use_themes(self.options.theme)
        self.theme_changed_signal.subscribe(self, lambda _: self._repaint())
        self._ticker = self.set_interval(TICK_S, self._tick, pause=True)
        self.install_screen(self.run_screen, "run")
        self.install_screen(self.runs_screen, "runs")
        self.leaving.listen()
        await self.push_screen(self._home)
        for sentence in bad:
            self.tell(sentence, "error")
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if self.session.path is not None:
            self.control.start_when_checked = self.options.start
            self.watch_file()
        self.work("store", self.control.open_store)

    def _open_engine(self) -> Engine:
        from engine import Engine

        return Engine(self.options.url)

    def watch_file(self) -> None:
        """Check the session's file now and after each save; another file is no longer watched."""
        if self.session.path is not None:
            self.work("watch", self.control.watch, self.session.path)

    # --- what comes in -----------------------------------------------------------------------------------------

    def on_drained(self, message: Drained) -> None:
        """Fold the turns of the engine and show the result once."""
        for batch in message.batches:
            if batch.run_id == self.session.run_id:
                self.session.view.apply(batch)
            self.leaving.last = batch.run
        if self.screen is self.runs_screen:
            self.work("runs", self.reading.list_runs)
        self.show_session()
        self.operating.look()

    def on_ended(self, message: Ended) -> None:
        """A run of this process is over."""
        self.control.take_end(message)
        if message.run_id == self.session.run_id:
            self.operating.read()
        self.leaving.run_ended()

    def on_journal_read(self, message: JournalRead) -> None:
        """A run was read from the store."""
        self.session.take(message.snapshot)
        self.show_session()

    def on_file_checked(self, message: FileChecked) -> None:
        """The file was checked."""
        before = self.session.plan
        self.control.take_check(message.loaded)
        self.show_session(redraw=self.session.plan is not before)

    def show_session(self, *, redraw: bool = False) -> None:
        """Show the session as it is now, and let the clock run while something lives."""
        if self.session.view.live:
            self._ticker.resume()
        else:
            self._ticker.pause()
            self.reading.read_log()
        if not self.run_screen.ready:
            return
        self.run_screen.show(self.now(), self._spin)
        if redraw:
            self.run_screen.ask_for_drawing()

    def show_other_run(self) -> None:
        """The session shows another run: go to it."""
        self.run_screen.forget()
        self.watch_file()
        self.action_show_run()
        self.show_session(redraw=True)

    @property
    def _spin(self) -> int | None:
        """Frame of the spinners; None where they stand still."""
        return self._frame if self.session.view.live and self.animation_level != "none" else None

    def _tick(self) -> None:
        self._frame += 1
        if self.screen_stack and self.screen is self.run_screen and self.run_screen.ready:  # none is left at the end
            self.run_screen.tick(self.now(), self._spin)
            self.reading.read_log()
            self.operating.look()

    def _repaint(self) -> None:
        for screen in (self.run_screen, self.runs_screen):
            if screen.ready:
                screen.repaint()

    # --- what a screen asks for --------------------------------------------------------------------------------

    def on_run_screen_ready(self) -> None:
        """The run screen was made."""
        self.show_session(redraw=True)

    def on_run_screen_selected(self, event: RunScreen.Selected) -> None:
        """Another task's log is wanted."""
        self.reading.show_log(event.key)

    def on_run_screen_graph_room(self, event: RunScreen.GraphRoom) -> None:
        """A drawing is wanted."""
        self.work("draw", self.reading.draw, event.width, event.height)

    def on_run_wishes_wanted(self, event: RunScreen.Wanted) -> None:
        """Something is wanted for the shown run."""
        self.control.carry_out(event.what)

    def on_resources_pane_wanted(self, event: ResourcesPane.Wanted) -> None:
        """Something is wanted of a bulkhead."""
        self.operating.carry_out(event.what, event.row)

    def on_runs_screen_wanted(self, event: RunsScreen.Wanted) -> None:
        """Something is wanted for a run of the list, or the list itself."""
        if event.what == "refresh":
            self.work("runs", self.reading.list_runs)
        elif event.run_id is not None:
            work = self.control.open if event.what == "open" else self.control.resume
            self.work("journal", work, event.run_id)

    # --- actions -----------------------------------------------------------------------------------------------

    def action_show_run(self) -> None:
        self._show_screen("run")

    def action_show_runs(self) -> None:
        self._show_screen("runs")

    def action_step_back(self) -> None:
        """Go to the first screen, and from there out."""
        if self.screen is self.get_screen(self._home):
            self.leaving.ask()
        else:
            self._show_screen(self._home)

    def action_leave(self) -> None:
        self.leaving.ask()

    def action_interrupt(self) -> None:
        """What Ctrl-C means: copy what is selected with the mouse, else end the run and leave."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.tell("copied")
        else:
            self.leaving.interrupt()

    def _show_screen(self, name: str) -> None:
        if self.screen is not self.get_screen(name) and self.screen in {self.run_screen, self.runs_screen}:
            self.switch_screen(name)

    def run(self, **options: Any) -> int:  # noqa: ANN401 - passed on to Textual as they are
        """Take the terminal and give it back whatever happens, close the engine, and give the exit code."""
        if not speaks_utf8(sys.stdout) or os.environ.get("TERM") in {"linux", "dumb"}:
            self._use_glyphs(ascii_only=True)
        try:
            return super().run(**options) or self.return_code or 0
        finally:
            self.bridge.close(self.leaving.patience_s)

    def on_unmount(self) -> None:
        """Give signals back; the engine is closed by `run`, when the terminal is ours no more."""
        self.leaving.deafen()
