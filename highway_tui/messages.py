"""What travels on the UI's own message queue: one message per drain of the engine, per saved file, per read of the
journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from engine import Batch, RunId

from .feeds import Snapshot

if TYPE_CHECKING:
    from engine import Loaded  # the compiler is imported after the first paint


class Drained(Message):
    """All turns of the engine since the last drain, in order."""

    def __init__(self, batches: tuple[Batch, ...]) -> None:
        """`batches` is not empty."""
        self.batches = batches
        super().__init__()


class Ended(Message):
    """A run of this process is over, and its last turn has been drained."""

    def __init__(self, run_id: RunId, given_up: str = "") -> None:
        """`given_up` says why the engine could not finish it; empty where the run ended by itself."""
        self.run_id = run_id
        self.given_up = given_up
        super().__init__()


class JournalRead(Message):
    """A run was read from the journal."""

    def __init__(self, snapshot: Snapshot) -> None:
        """`snapshot` replaces what is shown of that run."""
        self.snapshot = snapshot
        super().__init__()


class FileChecked(Message):
    """The open file was read and validated."""

    def __init__(self, loaded: Loaded) -> None:
        """`loaded` holds problems, a plan, or both."""
        self.loaded = loaded
        super().__init__()
