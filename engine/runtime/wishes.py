"""What a person may ask of a live run, as methods. The wishes are decided by the scheduler in the run's next turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..core.events import Reason
from ..core.records import RunRecord
from ..core.scheduler import Scheduler
from ..core.status import RunStatus
from ..core.values import json_text
from ..core.wishes import Answer
from ..errors import UsageError
from ..keys import JsonValue, TaskKey


class Wishes(ABC):
    """Base of a handle on a run. Every method returns at once; what does not fit the run's state changes nothing."""

    @abstractmethod
    def _wish(self, act: Callable[[Scheduler], object]) -> None:
        """Let `act` happen in the run's next turn, on the engine's thread."""

    @abstractmethod
    def wait(self, timeout_s: float | None = None) -> RunRecord | None:
        """Return the last row of the run, or None when `timeout_s` passed first; raises what ended it early."""

    @property
    def parked(self) -> bool:
        """True once the engine has left the run in `waiting`; see `park`. Raises what ended the run early."""
        record = self.wait(0)
        return record is not None and record.status is RunStatus.WAITING

    def park(self) -> None:
        """Leave the run, in `waiting`, once only approvals, events from outside or answers can move it.

        `wait` returns its row then, and a resume goes on with it.
        """

        def allow(scheduler: Scheduler) -> None:
            scheduler.may_park = True

        self._wish(allow)

    def pause(self, why: str = "paused by the user") -> None:
        """Start nothing new until `unpause`; what runs may end. A resume of the run goes on."""
        self._wish(lambda scheduler: scheduler.pause(Reason("pause", why)))

    def unpause(self) -> None:
        """Go on with a paused run."""
        self._wish(lambda scheduler: scheduler.unpause())

    def signal(self, name: str, payload: JsonValue = None) -> None:
        """Tell the run that an event happened; it is kept for waits that begin later. UsageError: no JSON value."""
        _check_json(payload)
        self._wish(lambda scheduler: scheduler.signal(name, payload))

    def approve(self, key: TaskKey, values: dict[str, JsonValue] | None = None, message: str = "") -> None:
        """Approve what a task waits for; its result is `{approved, values, message}`. UsageError: no JSON values."""
        _check_json(values)
        self._wish(lambda scheduler: scheduler.approve(key, values or {}, message))

    def reject(self, key: TaskKey, message: str = "") -> None:
        """Reject what a task waits for approval of: it fails with `E-REJECTED`."""
        self._wish(lambda scheduler: scheduler.disapprove(key, message))

    def answer(self, key: TaskKey, decision: Answer) -> None:
        """Settle a task that needs attention: `rerun`, `fail` or `succeed`."""
        self._wish(lambda scheduler: scheduler.answer(key, decision))


def _check_json(value: JsonValue) -> None:
    try:
        json_text(value)
    except (ValueError, TypeError) as error:
        raise UsageError("E-PAYLOAD", f"this is no JSON value: {error}") from error
