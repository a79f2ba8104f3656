"""What a person does to bulkheads and circuits, and the reading of how they are. UI thread only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from engine import EngineError

if TYPE_CHECKING:
    from engine import Engine

    from .app import HighwayApp
    from .bulkheads import BulkheadRow


class Operating:
    """Acts for the app; its coroutines run as the app's workers."""

    def __init__(self, app: HighwayApp) -> None:
        """Nothing is read yet."""
        self._app = app
        self._busy = False
        self._again = False

    # --- how they are ------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Read the bulkheads once more where the shown run lives here and someone could wait."""
        session = self._app.session
        if session.run_id is not None and session.run_id in self._app.bridge.live and self._wanted():
            self.read()

    def read(self) -> None:
        """Read the bulkheads now; once more after a read that is going on."""
        self._again = self._busy
        if not self._busy:
            self._busy = True
            self._app.work("bulkheads", self._read)

    def _wanted(self) -> bool:
        view = self._app.session.view
        named = view.plan is not None and bool(view.plan.bulkheads)
        return named or bool(view.queued) or self._app.run_screen.shows_resources

    async def _read(self) -> None:
        app, run_id = self._app, self._app.session.run_id
        try:
            with suppress(EngineError):
                known = await app.bridge.bulkheads()
                if run_id == app.session.run_id:
                    app.session.take_bulkheads(known)
        finally:
            self._busy = False
        app.run_screen.show_bulkheads(app.now())
        if self._again:
            self.read()

    # --- what a person wants -----------------------------------------------------------------------------------

    def carry_out(self, what: str, row: BulkheadRow) -> None:
        """Change a bulkhead, after asking."""
        if row.place is None:
            self._app.tell(f"{row.name}: only named bulkheads of a run of this process can be changed", "warning")
        elif not row.place[0]:
            self._app.tell(f"the limit of the runtime {row.name} stands", "warning")
        elif what == "set_limit":
            self._ask_limit(row, row.place)
        elif not row.circuit:
            self._app.tell(f"{row.name} has no circuit breaker", "warning")
        else:
            self._confirm(what, row, row.place)

    def _confirm(self, what: str, row: BulkheadRow, place: tuple[str, str]) -> None:
        from .modals.confirm import Answer, ConfirmModal

        if what == "force_open":
            question, yes = f"Open the circuit of {row.name}?", "Yes, open it"
            detail = "No call of it starts until its time is over; calls under way go on."
        else:
            question, yes = f"Close the circuit of {row.name}?", "Yes, close it"
            detail = "Calls start again at once, and the failures so far are forgotten."

        def answered(answer: str | None) -> None:
            if answer != "yes":
                return
            if what == "force_open":
                self._operate(lambda engine: engine.force_open(*place))
            else:
                self._operate(lambda engine: engine.reset_breaker(*place))

        answers = [Answer("n", "", "No, leave it"), Answer("y", "yes", yes)]
        self._app.push_screen(ConfirmModal(question, detail, answers), answered)

    def _ask_limit(self, row: BulkheadRow, place: tuple[str, str]) -> None:
        from .modals.number import NumberModal

        def answered(limit: int | None) -> None:
            if limit is not None:
                self._operate(lambda engine: engine.set_limit(*place, limit))

        detail = "Until this program ends. Calls under way stay; enter sets it, escape leaves it."
        modal = NumberModal(f"How many calls of {row.name} may run at once?", detail, row.limit or 1)
        self._app.push_screen(modal, answered)

    def _operate(self, work: Callable[[Engine], None]) -> None:
        self._app.work("operate", self._do, work)

    async def _do(self, work: Callable[[Engine], None]) -> None:
        try:
            await self._app.bridge.operate(work)
        except EngineError as error:
            self._app.tell(str(error), "error")
            return
        self.read()
