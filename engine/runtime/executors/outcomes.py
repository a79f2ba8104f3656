"""The four ends of a call, as outcomes."""

from __future__ import annotations

from ...core.calls import Outcome, TaskCall
from ...errors import ErrorInfo
from ...keys import JsonValue


def succeeded(call: TaskCall, value: JsonValue, *, truncated: bool = False) -> Outcome:
    """It worked; `truncated` where `value` is only its beginning."""
    return Outcome(
        key=call.key,
        attempt=call.attempt,
        generation=call.generation,
        status="succeeded",
        value=value,
        truncated=truncated,
    )


def failed(call: TaskCall, error: ErrorInfo) -> Outcome:
    """It did not."""
    return Outcome(key=call.key, attempt=call.attempt, generation=call.generation, status="failed", error=error)


def timed_out(call: TaskCall) -> Outcome:
    """`call.timeout_s` passed."""
    error = ErrorInfo(code="E-TIMEOUT", message=f"not done after {call.timeout_s:g} s")
    return Outcome(key=call.key, attempt=call.attempt, generation=call.generation, status="timed_out", error=error)


def cancelled(call: TaskCall) -> Outcome:
    """Somebody ended it."""
    error = ErrorInfo(code="E-CANCELLED", message="cancelled", retryable=False)
    return Outcome(key=call.key, attempt=call.attempt, generation=call.generation, status="cancelled", error=error)
