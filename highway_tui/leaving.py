"""Leaving the UI: never silently away from a live run. The exit code is that of the last run this window worked on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .exits import Exit, exit_of_run

if TYPE_CHECKING:
    from engine import RunRecord

    from .app import HighwayApp

_GRACEFUL: Final = (signal.SIGTERM, signal.SIGHUP)
"""Each cancels what lives and then leaves; a second one leaves at once. Ctrl-C is a key here."""


class Leaving:
    """Decides when the app may end. Owned by the UI's thread."""

    def __init__(self, app: HighwayApp) -> None:
        """Nothing is asked yet."""
        self._app = app
        self._going = False
        self._signal: int | None = None
        self.patience_s = 15.0
        """How long what runs may take to end after the terminal was given back; the watchdog ends what is left."""
        self.last: RunRecord | None = None
        """Newest record of the last run that this process worked on."""

    def listen(self) -> None:
        """Answer signals; does nothing where the loop cannot, such as on another thread."""
        loop = asyncio.get_running_loop()
        for number in _GRACEFUL:
            with suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._signalled, number)

    def deafen(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in _GRACEFUL:
            with suppress(ValueError, NotImplementedError, RuntimeError):
                loop.remove_signal_handler(number)

    def ask(self) -> None:
        """Leave, after asking where a run of this window lives."""
        if not self._app.bridge.live:
            self._leave()
            return
        if self._going:
            self._leave()
            return
        from .modals.confirm import Answer, ConfirmModal

        answers = [Answer("s", "stay", "Stay"), Answer("c", "cancel", "Cancel the run and leave when it has ended")]
        question = ConfirmModal("A run is still going", "It ends when this window goes.", answers)
        self._app.push_screen(question, self._answered)

    def cancel_and_leave(self) -> None:
        """Cancel everything gracefully and leave when it has ended; a second call leaves now."""
        if self._going or not self._app.bridge.live:
            self._leave()
            return
        self._going = True
        for run_id in self._app.bridge.live:
            self._app.bridge.cancel(run_id)
        self._app.tell("cancelling, then leaving; ^c leaves at once", "warning")

    def interrupt(self) -> None:
        """Do what Ctrl-C does: the first one cancels gracefully and leaves, the second one leaves at once."""
        if self._going:
            self.patience_s = 0.5
        self._signal = signal.SIGINT
        self.cancel_and_leave()

    def run_ended(self) -> None:
        """Go on with leaving once nothing lives."""
        if self._going and not self._app.bridge.live:
            self._leave()

    def _answered(self, answer: str | None) -> None:
        if answer == "cancel":
            self.cancel_and_leave()

    def _signalled(self, number: int) -> None:
        self._signal = number
        self.cancel_and_leave()

    def _leave(self) -> None:
        if self._app.bridge.live:
            code = 128 + (self._signal or signal.SIGINT)
        else:
            code = int(Exit.OK if self.last is None else exit_of_run(self.last, self._signal))
        self._app.exit(code)
