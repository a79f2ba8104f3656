"""What a person may want of the shown run: actions that the screen only passes on, for the app to carry out."""

from __future__ import annotations

from textual.message import Message
from textual.screen import Screen


class RunWishes(Screen[None]):
    """Base of the run screen. One action a wish; each posts its own name."""

    class Wanted(Message):
        """A person wants something that only the app can do."""

        def __init__(self, what: str) -> None:
            """`what` is an action's name."""
            self.what = what
            super().__init__()

    def action_run(self) -> None:
        self.post_message(self.Wanted("run"))

    def action_resume(self) -> None:
        self.post_message(self.Wanted("resume"))

    def action_pause(self) -> None:
        self.post_message(self.Wanted("pause"))

    def action_cancel_task(self) -> None:
        self.post_message(self.Wanted("cancel_task"))

    def action_cancel_run(self) -> None:
        self.post_message(self.Wanted("cancel_run"))

    def action_answer(self) -> None:
        self.post_message(self.Wanted("answer"))

    def action_details(self) -> None:
        self.post_message(self.Wanted("details"))
