"""Exit codes come from the row of the run or the class of the error."""

from __future__ import annotations

import pytest

from engine import (
    EngineBug,
    EngineError,
    OwnedElsewhere,
    OwnershipLost,
    Problem,
    RunId,
    RunRecord,
    RunStatus,
    StoreBusy,
    StoreTooNew,
    UsageError,
    WorkflowInvalid,
)
from highway_tui.exits import exit_of_error, exit_of_run


def _run(status: RunStatus) -> RunRecord:
    return RunRecord(id=RunId("it"), name="flow", status=status, created_at=0.0)


@pytest.mark.parametrize(
    ("status", "signum", "code"),
    [
        (RunStatus.SUCCEEDED, None, 0),
        (RunStatus.FAILED, None, 1),
        (RunStatus.WAITING, None, 3),
        (RunStatus.PAUSED, None, 3),
        (RunStatus.RUNNING, None, 4),
        (RunStatus.INTERRUPTED, None, 4),
        (RunStatus.TIMED_OUT, None, 124),
        (RunStatus.CANCELLED, None, 130),
        (RunStatus.CANCELLED, 1, 129),
        (RunStatus.CANCELLED, 15, 143),
        (RunStatus.SUCCEEDED, 2, 0),
        (RunStatus.FAILED, 15, 1),
    ],
)
def test_a_run_has_the_code_of_its_row(status: RunStatus, signum: int | None, code: int) -> None:
    """A signal counts only where the run was really cancelled; an unfinished run is never 0."""
    assert code == exit_of_run(_run(status), signum)


def test_every_status_has_a_code() -> None:
    """Only a succeeded run exits 0."""
    assert [RunStatus.SUCCEEDED] == [status for status in RunStatus if exit_of_run(_run(status)) == 0]
    assert 4 == exit_of_run(None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("E-X", "no such run"), 2),
        (WorkflowInvalid((Problem(code="E-X", severity="error", message="no", file="f"),)), 2),
        (StoreBusy("E-X", "locked"), 4),
        (StoreTooNew("E-X", "newer"), 4),
        (OwnedElsewhere("it", 42), 5),
        (OwnershipLost("E-X", "lost"), 5),
        (EngineBug("E-X", "impossible"), 70),
        (ZeroDivisionError("surprise"), 70),
        (EngineError("E-X", "closed"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_has_the_code_of_its_kind(error: Exception, code: int) -> None:
    """Whose fault it is decides."""
    assert code == exit_of_error(error)
