"""What the actions do: opens files and runs, starts, resumes, cancels, and carries what comes back to the session.

UI thread only.
Errors of the engine end here as one line for the person; nothing is swallowed.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import EngineError, JsonValue, RunId, RunReader, RunRecord, TaskKey

from .bulkheads import has_circuits
from .feeds import JournalFeed, Snapshot, read_snapshot
from .messages import Ended, FileChecked, JournalRead
from .options import UiOptions
from .session import Session
from .threads import in_thread
from .watcher import saves

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine import Loaded, RunHandle

    from .app import HighwayApp
    from .bridge import Bridge


class Controller:
    """Acts for the app; its coroutines run as the app's workers."""

    def __init__(self, app: HighwayApp, bridge: Bridge, session: Session, options: UiOptions) -> None:
        """Nothing is opened yet."""
        self._app = app
        self._bridge = bridge
        self._session = session
        self._options = options
        self.start_when_checked = False
        """Start the file as soon as it is found valid and the store is open."""

    async def open_store(self) -> None:
        """Open the engine, then begin with what the command line asked for. A store that cannot be opened is said."""
        app, wanted = self._app, self._options.resume
        try:
            await self._bridge.open()
        except EngineError as error:
            self._session.notice = f"{error.message} [{error.code}]; nothing can run, --db names another database"
            app.show_session()
        else:
            gc.collect()
            gc.freeze()
            sys.setswitchinterval(0.001)
            self.start_if_ready()
            if wanted is not None:
                app.work("start", self.resume, wanted)
        await app.reading.list_runs()

    # --- the file ----------------------------------------------------------------------------------------------

    async def watch(self, path: Path) -> None:
        """Check the file now and after every save."""
        await self.check(path)
        with suppress(FileNotFoundError):
            async for _ in saves(path):
                await self.check(path)

    async def check(self, path: Path) -> None:
        """Validate the file off the UI's loop and post what came out."""
        loaded = await in_thread(lambda: checked_workflow(path))
        self._app.post_message(FileChecked(loaded))

    def take_check(self, loaded: Loaded) -> None:
        """Show a check, and start the file where that was waiting for it."""
        if self._session.path is None or Path(loaded.path) != self._session.path:
            return
        self._session.check(loaded)
        self.start_if_ready()

    def start_if_ready(self) -> None:
        """Start the file once, when it is valid and the store is open."""
        if not self.start_when_checked or self._session.loaded is None or self._bridge.reader is None:
            return
        self.start_when_checked = False
        if not self._session.cannot_run:
            self._app.work("start", self.start)

    # --- runs --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the open file."""
        session = self._session
        if self._bridge.starting or session.run_id in self._bridge.live:
            self._app.tell("this run is still going; C cancels it", "warning")
            return
        if session.cannot_run or session.loaded is None:
            self._app.tell(f"cannot run: {session.cannot_run}", "warning")
            return
        loaded, options = session.loaded, self._options
        handle = await self._ask(lambda: self._bridge.start(loaded, options))
        if handle is not None:
            self._options = replace(self._options, run_id=None)
            self._show_handle(handle)

    async def resume(self, run_id: RunId) -> None:
        """Go on with a run, and show it."""
        if self._bridge.starting:
            return
        given = self._options.params if run_id == self._options.resume else {}
        handle = await self._ask(lambda: self._bridge.resume(run_id, given))
        if handle is None:
            await self.open(run_id)
            return
        same = self._session.run_id == run_id
        self._show_handle(handle)
        if not same:
            await self._find_file(run_id)
        await self._read_once(run_id)

    def _show_handle(self, handle: RunHandle) -> None:
        self._session.show_run(handle.run_id, handle.plan, self._session.path)
        self._app.show_other_run()

    async def open(self, run_id: RunId) -> None:
        """Show a run of the store: its own definition, its records, and again while another process works on it."""
        reader = self._bridge.reader
        if reader is None:
            return
        if run_id == self._session.run_id and run_id in self._bridge.live:
            self._app.action_show_run()
            return
        try:
            loaded = await in_thread(lambda: stored_workflow(reader, run_id))
            run = await in_thread(lambda: reader.run(run_id))
        except EngineError as error:
            self._app.tell(str(error), "error")
            return
        path = _file_of(run)
        self._session.show_run(run_id, loaded.plan, path)
        self._app.show_other_run()
        try:
            circuits = has_circuits(self._session.view)
            await JournalFeed(reader, run_id, circuits=circuits).follow(self._publish)
        except EngineError as error:
            self._app.tell(str(error), "error")

    async def _find_file(self, run_id: RunId) -> None:
        reader = self._bridge.reader
        if reader is None:
            return
        run = await in_thread(lambda: reader.run(run_id))
        path = _file_of(run)
        if self._session.run_id == run_id:
            self._session.open_file(path)
            self._app.watch_file()

    async def _read_once(self, run_id: RunId) -> None:
        """Fetch what happened before this process owned the run; turns of the engine only add to it."""
        reader = self._bridge.reader
        if reader is None:
            return
        try:
            snapshot = await in_thread(lambda: read_snapshot(reader, run_id))
        except EngineError as error:
            self._app.tell(str(error), "error")
            return
        self._session.fill(snapshot)
        self._app.show_session()

    def take_end(self, event: Ended) -> None:
        """A run of this process is over: read its last words from the store if it ended without writing them."""
        if event.given_up:
            self._app.tell(event.given_up, "error")
        if event.run_id == self._session.run_id and self._session.view.live:
            self._app.work("journal", self.open, event.run_id)

    # --- what a person wants -----------------------------------------------------------------------------------

    def carry_out(self, what: str) -> None:
        """Do an action of the run screen, after asking where something would be lost."""
        session, app = self._session, self._app
        key = app.run_screen.selected
        if what == "run":
            app.work("start", self.start)
        elif what == "resume" and (session.cannot_resume or session.run_id is None):
            app.tell(f"cannot resume: {session.cannot_resume}", "warning")
        elif what == "resume" and session.run_id is not None:
            app.work("start", self.resume, session.run_id)
        elif what == "details" and key is not None:
            app.work("details", app.reading.details, key)
        elif what == "pause":
            self._pause()
        elif what == "answer":
            app.answering.ask()
        elif what == "cancel_run":
            self._confirm_cancel(None)
        elif what == "cancel_task" and key is not None:
            self._confirm_cancel(key)

    def _confirm_cancel(self, key: TaskKey | None) -> None:
        run_id = self._session.run_id
        if run_id is None or (run_id not in self._bridge.live and self._session.owner_pid is None):
            self._app.tell("nothing runs here that could be cancelled", "warning")
            return
        if key is not None and (record := self._session.view.record(key)) is not None and record.status.terminal:
            self._app.tell(f"{key.address} is over already", "warning")
            return
        from .modals.confirm import Answer, ConfirmModal

        question = "Cancel the run?" if key is None else f"Cancel {key.address}?"
        detail = (
            "Running tasks are ended; what is finished stays."
            if key is None
            else "What depends on it is cancelled too."
        )
        answers = [Answer("n", "", "No, go on"), Answer("y", "yes", "Yes, cancel")]

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._cancel(run_id, key)

        self._app.push_screen(ConfirmModal(question, detail, answers), answered)

    def _cancel(self, run_id: RunId, key: TaskKey | None) -> None:
        done = self._bridge.cancel(run_id) if key is None else self._bridge.cancel_task(run_id, key)
        if not done and self._session.owner_pid is not None:
            task: dict[str, JsonValue] = {} if key is None else {"task": key.address}
            self._app.work("owner", self.tell_owner, run_id, {"verb": "cancel", **task}, "is being cancelled")
        elif not done:
            self._app.tell("the run has ended already", "warning")

    def _pause(self) -> None:
        """Start nothing new of the shown run, or go on with it, whoever runs it."""
        session, app = self._session, self._app
        run, run_id = session.view.run, session.run_id
        handle = None if run_id is None else self._bridge.handle(run_id)
        if run is None or run_id is None or not session.view.live or (handle is None and session.owner_pid is None):
            app.tell("nothing runs here that could be paused", "warning")
        elif handle is None:
            verb, done = ("unpause", "goes on") if run.status.value == "paused" else ("pause", "is paused")
            app.work("owner", self.tell_owner, run_id, {"verb": verb}, done)
        elif run.status.value == "paused":
            handle.unpause()
        elif run.status.value in {"running", "waiting"}:
            handle.pause()
            app.tell("nothing new starts; space goes on")
        else:
            app.tell(f"the run is {run.status.value} and cannot be paused", "warning")

    async def tell_owner(self, run_id: RunId, request: dict[str, JsonValue], done: str) -> None:
        """Ask the process that runs a run, or write into one that was left waiting, and say what came of it."""
        from engine import control

        try:
            lives = await in_thread(lambda: control(self._options.url, run_id, request))
        except EngineError as error:
            self._app.tell(str(error), "error")
            return
        if not lives:
            await self.open(run_id)
        self._app.tell(f"run {run_id} {done}{'' if lives else '; R goes on with it'}")

    def _publish(self, snapshot: Snapshot) -> None:
        self._app.post_message(JournalRead(snapshot))

    async def _ask(self, call: Callable[[], Awaitable[RunHandle]]) -> RunHandle | None:
        try:
            handle = await call()
        except EngineError as error:
            self._app.tell(str(error), "error")
            return None
        return handle


def _file_of(run: RunRecord) -> Path | None:
    """Find the file that a run was started from; None where it is gone."""
    return Path(run.path) if run.path and Path(run.path).is_file() else None


def checked_workflow(path: Path) -> Loaded:
    """Read and compile a file."""
    from engine import load_workflow

    return load_workflow(str(path))


def stored_workflow(reader: RunReader, run_id: RunId) -> Loaded:
    """Build the plan of a run again, from the bytes that are stored with it."""
    from engine import load_text

    definition = reader.definition(run_id)
    return load_text(definition.text, definition.path, sources=definition.sources)
