"""From a Python return value to a result, and from an exception to an error: what the journal can keep."""

from __future__ import annotations

import math
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from ...errors import ErrorInfo, TaskFailure
from ...keys import JsonValue
from ...utils.sanitize import sanitize

DEPTH_CAP: Final = 100
MESSAGE_CAP: Final = 2_000
_INTEGER_BITS: Final = 14_000
"""Python writes no longer integers as text (4,300 digits)."""
_ENGINE: Final = str(Path(__file__).resolve().parents[2])


def to_json(value: object) -> JsonValue:
    """Return `value` as JSON can say it; tuples become lists.

    TaskFailure `E-RESULT` names the place and the type of anything else: sets, dates, objects, NaN, keys that are no
    text.
    """
    return _convert(value, "result", DEPTH_CAP)


def _convert(value: object, place: str, depth: int) -> JsonValue:
    if value is None or value is True or value is False:
        return value
    match value:
        case str():
            return _text(value)
        case int():
            if abs(value).bit_length() > _INTEGER_BITS:
                raise _unfit(place, "an integer of more than 4,000 digits")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise _unfit(place, f"{value}, which JSON cannot say")
            return float(value)
        case list() | tuple():
            if depth == 0:
                raise _unfit(place[:60] + "…", f"more than {DEPTH_CAP} levels, or itself")
            return [_convert(item, f"{place}[{index}]", depth - 1) for index, item in enumerate(value)]
        case dict():
            if depth == 0:
                raise _unfit(place[:60] + "…", f"more than {DEPTH_CAP} levels, or itself")
            return {_key(key, place): _convert(item, f"{place}.{key}", depth - 1) for key, item in value.items()}
        case _:
            kind = type(value)
            name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            raise _unfit(place, f"a value of type {name}; return text, numbers, booleans, lists or maps")


def _key(key: object, place: str) -> str:
    """Return a map's key, which must be text."""
    if not isinstance(key, str):
        raise _unfit(place, f"the key {key!r:.60} of type {type(key).__name__}; keys are text")
    return _text(key)


def _text(value: str) -> str:
    """Return a plain `str` without lone surrogates, which no database takes."""
    if value.isascii():
        return str(value)
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unfit(place: str, what: str) -> TaskFailure:
    return TaskFailure(ErrorInfo(code="E-RESULT", message=f"{place} holds {what}", retryable=False))


def error_of(exception: BaseException) -> ErrorInfo:
    """Describe what a function raised. A TaskFailure says itself what it is."""
    if isinstance(exception, TaskFailure):
        return exception.info
    trace = exception.__traceback__
    if isinstance(exception, TypeError) and (trace is None or trace.tb_next is None):
        # No frame of the function: the call itself did not fit.
        return ErrorInfo(code="E-ARGUMENTS", message=sanitize(str(exception), keep_sgr=False), retryable=False)
    return ErrorInfo(code="E-RAISED", message=_message(exception))


def user_traceback(exception: BaseException) -> str:
    """Return the traceback from the first frame outside the engine on; `""` where there is none."""
    if isinstance(exception, TaskFailure):
        return ""
    trace: TracebackType | None = exception.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_ENGINE):
        trace = trace.tb_next
    if trace is None:
        return ""
    try:
        return "".join(traceback.format_exception(type(exception), exception, trace)).rstrip("\n")
    except Exception:  # noqa: BLE001 - the author's `__str__` may raise
        return ""


def _message(exception: BaseException) -> str:
    """Return `ValueError: text` on one line for people."""
    try:
        text = str(exception)
    except Exception:  # noqa: BLE001 - the author's `__str__` may raise
        text = "(its text cannot be shown)"
    name = type(exception).__name__
    return sanitize(f"{name}: {text[:MESSAGE_CAP]}" if text else name, keep_sgr=False)
