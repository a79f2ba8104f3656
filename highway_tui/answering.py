"""What only a person can say of a task: approve or reject it, or settle a call that was interrupted. UI thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import RunId, TaskKey, TaskRecord

from . import sentences

if TYPE_CHECKING:
    from engine import RunHandle

    from .app import HighwayApp


class Answering:
    """Asks for the app, and tells the run."""

    def __init__(self, app: HighwayApp) -> None:
        """Nothing is asked yet."""
        self._app = app

    def ask(self) -> None:
        """Ask about the selected task, or about the first one that waits for a person."""
        app, view = self._app, self._app.session.view
        selected = app.run_screen.selected
        key = selected if selected in view.asking else next(iter(view.asking), None)
        if key is None:
            app.tell("no task waits for an answer", "warning")
            return
        run_id = app.session.run_id
        handle = None if run_id is None else app.bridge.handle(run_id)
        record = view.record(key)
        if run_id is None or record is None:
            return
        if handle is None and record.status.value == "needs_attention":
            app.tell(f"{key.address} waits for an answer of the process that runs it; R resumes the run", "warning")
            return
        app.run_screen.go_to(key)
        self._put(run_id, handle, record)

    def _put(self, run_id: RunId, handle: RunHandle | None, record: TaskRecord) -> None:
        from .modals.confirm import Answer, ConfirmModal

        key = record.key
        if record.status.value == "needs_attention":
            question = f"{key.address} was interrupted. What became of it?"
            answers = [
                Answer("r", "rerun", "Run it again"),
                Answer("s", "succeed", "It succeeded, without a result"),
                Answer("f", "fail", "It failed"),
            ]
        else:
            question = f"Approve {key.address}?"
            answers = [Answer("n", "reject", "No, reject it"), Answer("y", "approve", "Yes, approve it")]
        answers.insert(0, Answer("l", "", "Decide later"))
        detail = sentences.why(record)
        self._app.push_screen(
            ConfirmModal(question, detail, answers), lambda answer: self._answer(run_id, handle, key, answer)
        )

    def _answer(self, run_id: RunId, handle: RunHandle | None, key: TaskKey, answer: str | None) -> None:
        if handle is None:
            if answer:
                request = {"verb": answer, "task": key.address}
                said = "approved" if answer == "approve" else "rejected"
                self._app.work(
                    "owner", self._app.control.tell_owner, run_id, request, f"has it: {key.address} is {said}"
                )
            return
        acts: dict[str | None, Callable[[], None]] = {
            "approve": lambda: handle.approve(key),
            "reject": lambda: handle.reject(key),
            "rerun": lambda: handle.answer(key, "rerun"),
            "succeed": lambda: handle.answer(key, "succeed"),
            "fail": lambda: handle.answer(key, "fail"),
        }
        if handle.done:
            self._app.tell("the run has ended already", "warning")
        elif (act := acts.get(answer)) is not None:
            act()
