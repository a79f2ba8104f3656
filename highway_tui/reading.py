"""What panes show that takes time: logs, drawings, the list of runs, details.
Read or computed on threads, shown on the UI's.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from engine import AttemptRecord, EngineError, RunId, RunReader, TaskKey, TaskRecord

from . import sentences
from .log_feed import LogFeed
from .threads import in_thread
from .yaml_source import source_of

if TYPE_CHECKING:
    from engine import Plan

    from .app import HighwayApp
    from .modals.details import Fact
    from .sizing import Picture

_RESULT_CAP: Final = 200_000
"""Bytes; a larger result is not shown."""
_LIST_LIMIT: Final = 200
DRAWN_NODES: Final = 2000
"""A larger graph is a wall of boxes that takes seconds to lay out; the task list shows it."""


class Reading:
    """Reads for the screens. Its coroutines run as the app's workers."""

    def __init__(self, app: HighwayApp) -> None:
        """Nothing is read yet."""
        self._app = app
        self._log: LogFeed | None = None
        self._log_busy = False
        self._log_again = False
        self._drawn: tuple[object, ...] = ()

    # --- the graph ---------------------------------------------------------------------------------------------

    async def draw(self, width: int, height: int) -> None:
        """Lay the session's graph out for a pane of this size and show it."""
        plan, screen = self._app.session.plan, self._app.run_screen
        folded = self._app.session.folded_now
        wanted = (plan, width, height, folded)
        if wanted == self._drawn or width < 4:
            return
        if plan is None or not 0 < len(plan.root.nodes) <= DRAWN_NODES:
            screen.show_drawing(None, broad=False)
        else:
            picture = await in_thread(lambda: _draw(plan, folded, width, height))
            if plan is not self._app.session.plan:
                return
            screen.show_drawing(picture.drawing, broad=picture.broad)
        self._drawn = wanted

    # --- logs --------------------------------------------------------------------------------------------------

    def show_log(self, key: TaskKey | None) -> None:
        """Show another task's log from now on."""
        session, pane = self._app.session, self._app.run_screen.log_pane
        run_id, reader = session.run_id, self._app.bridge.reader
        if self._log is not None:
            self._log.close()
            self._log = None
        record = None if key is None else session.view.record(key)
        pane.clear(self._why_no_log(key, record))
        if key is None or run_id is None or reader is None:
            return
        self._log = LogFeed(lambda: reader.run_folder(run_id), key)
        self._log_busy = False
        self.read_log()

    def read_log(self) -> None:
        """Read what the selected task wrote since the last time; once more after a read that is going on."""
        self._log_again = self._log_busy
        if self._log is not None and not self._log_busy:
            self._log_busy = True
            self._app.work("log", self._read_log, self._log)

    async def _read_log(self, feed: LogFeed) -> None:
        lines = []
        with suppress(OSError, EngineError):
            lines = await in_thread(feed.read)
        if feed is not self._log:
            return
        self._log_busy = False
        if self._log_again:
            self.read_log()
        record = self._app.session.view.record(feed.key)
        if lines:
            self._app.run_screen.log_pane.append(lines)
        else:
            self._app.run_screen.log_pane.say_empty(self._why_no_log(feed.key, record))

    def _why_no_log(self, key: TaskKey | None, record: TaskRecord | None) -> str:
        if key is None:
            return ""
        if record is None or record.status.value in {"pending", "queued"}:
            return "not started yet"
        if record.operator != "task":
            return f"{record.operator}: no log is written"
        return "nothing was written" if record.status.terminal else "nothing written yet"

    # --- runs --------------------------------------------------------------------------------------------------

    async def list_runs(self) -> None:
        """Read the newest runs and show them."""
        screen, reader, session = self._app.runs_screen, self._app.bridge.reader, self._app.session
        store = _without_scheme(self._app.options.url)
        if reader is None:
            waiting = "the database is not open" if session.notice else "opening the database …"
            screen.show((), self._app.now(), store, waiting)
            screen.show_notice(session.notice)
            return
        try:
            runs = await in_thread(lambda: reader.runs(limit=_LIST_LIMIT))
        except EngineError as error:
            screen.show_notice(str(error))
            return
        start = f"press 1, then r, to run {session.name}" if session.path else "start one with: highway-tui FLOW.yaml"
        screen.show(runs, self._app.now(), store, f"no runs yet; {start}")

    # --- details -----------------------------------------------------------------------------------------------

    async def details(self, key: TaskKey) -> None:
        """Open the page of one task."""
        from .modals.details import DetailsModal

        app, view = self._app, self._app.session.view
        record = view.record(key)
        modal = DetailsModal(key.address, view.status(key), self._facts(key, record))
        app.push_screen(modal)
        reader, run_id = app.bridge.reader, app.session.run_id
        if record is None or reader is None or run_id is None:
            return
        with suppress(EngineError):
            line = view.nodes.line_of(key)
            modal.add(await in_thread(lambda: _read_facts(reader, run_id, record, line)))

    def _facts(self, key: TaskKey, record: TaskRecord | None) -> list[Fact]:
        app, view = self._app, self._app.session.view
        facts: list[Fact] = [("state", app.session.sentence(key, app.now()))]
        if record is not None and record.error is not None:
            facts.append(("error", f"{record.error.code}: {record.error.message}"))
        facts.append(("operator", view.operator(key)))
        node = view.node(key)
        if node is not None and node.description:
            facts.append(("about", node.description))
        if node is not None and view.plan is not None and not key.scope:
            depends = dict.fromkeys(view.plan.root.nodes[edge.upstream].id for edge in node.dependencies)
            if depends:
                facts.append(("after", ", ".join(depends)))
        if node is not None and node.bulkhead:
            facts.append(("bulkhead", node.bulkhead))
        if record is not None and record.attempts:
            facts.append(("attempts", str(record.attempts)))
        if record is None:
            facts += _source_facts(app.session.source, view.nodes.line_of(key))
        return facts


def _draw(plan: Plan, folded: frozenset[str], width: int, height: int) -> Picture:
    """Lay a plan out; the layout core is imported with the first drawing."""
    from .flow import flow_of
    from .sizing import draw

    return draw(flow_of(plan, folded), width, height)


def _read_facts(reader: RunReader, run_id: RunId, record: TaskRecord, line: int | None) -> list[Fact]:
    facts: list[Fact] = []
    attempts = reader.attempts(run_id, record.key)
    arguments = next((attempt.arguments for attempt in reversed(attempts) if attempt.arguments is not None), None)
    if arguments is not None:
        facts.append(("inputs", json.dumps(arguments, indent=2, ensure_ascii=False)))
    if len(attempts) > 1 or any(attempt.error is not None for attempt in attempts):
        facts += [("tries" if number == 0 else "", _attempt(attempt)) for number, attempt in enumerate(attempts)]
    ref = record.result
    if ref is not None and ref.size > _RESULT_CAP:
        facts.append(("result", f"{ref.size} bytes; highway-tui show prints it"))
    elif ref is not None:
        value = reader.values(run_id, [ref]).get(ref.digest)
        facts.append(("result", json.dumps(value, indent=2, ensure_ascii=False)))
    return facts + _source_facts(reader.definition(run_id).text.decode("utf-8", "replace"), line)


def _source_facts(text: str, line: int | None) -> list[Fact]:
    source = "" if line is None else source_of(text, line)
    return [("line " + str(line), source)] if source else []


def _attempt(attempt: AttemptRecord) -> str:
    took = "" if attempt.finished_at is None else sentences.chip_time(attempt.finished_at - attempt.started_at)
    error = "" if attempt.error is None else f": {attempt.error.message} [{attempt.error.code}]"
    again = f"{attempt.generation}." if attempt.generation > 1 else ""
    return f"{again}{attempt.attempt}  {attempt.status.value.replace('_', ' ')} {took}{error}"


def _without_scheme(url: str) -> str:
    return url.removeprefix("sqlite:///")
