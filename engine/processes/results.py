"""What a finished process means for its task: its text, or why it failed."""

from __future__ import annotations

import codecs
import json
import signal
from collections.abc import Collection
from typing import Final, Literal, TypeAlias

from ..core.ports import LogSink
from ..errors import ErrorInfo, TaskFailure
from ..keys import JsonValue
from ..utils.sanitize import sanitize
from .runner import ProcessResult

MESSAGE_CAP: Final = 600
"""Characters of stderr that an error message quotes."""


ResultFormat: TypeAlias = Literal["text", "json", "lines"]


def text_or_failure(result: ProcessResult, log: LogSink, exit_codes_ok: Collection[int] = ()) -> str:
    """Return stdout without trailing newlines.

    TaskFailure `E-EXIT` or `E-SIGNAL` unless the process ended with 0 or one of `exit_codes_ok`. Not for processes that
    were cancelled or timed out. A result that was cut is marked in the log.
    """
    if result.signal is not None:
        raise TaskFailure(ErrorInfo(code="E-SIGNAL", message=_with_stderr(f"ended by {_name(result.signal)}", result)))
    if result.exit_code is None:
        raise TaskFailure(
            ErrorInfo(code="E-SIGNAL", message="the process could not be ended; it is stuck in the kernel")
        )
    if result.exit_code != 0 and result.exit_code not in exit_codes_ok:
        message = _with_stderr(f"exit code {result.exit_code}", result)
        raise TaskFailure(ErrorInfo(code="E-EXIT", message=message, exit_code=result.exit_code))
    if result.truncated:
        log.line("warning", "the result was cut at 1 MiB; the log has all of it")
    # Not `final`: a character that the cap cut in two is left out, not shown as broken.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(result.stdout, final=not result.truncated)
    return text.rstrip("\r\n")


def read_as(text: str, result_format: ResultFormat, *, truncated: bool) -> JsonValue:
    """Return the value that `text_or_failure`'s text stands for; TaskFailure `E-RESULT` where it is no JSON.

    Lines are without their ends; of no text there are none.
    """
    if result_format == "text":
        return text
    if result_format == "lines":
        return [line.removesuffix("\r") for line in text.split("\n")] if text else []
    if truncated:
        raise _no_json("it is longer than 1 MiB")
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        raise _no_json("it is nested too deep") from None
    except ValueError as error:
        raise _no_json(str(error)) from error
    return value


def _no_json(why: str) -> TaskFailure:
    return TaskFailure(ErrorInfo(code="E-RESULT", message=f"stdout is no JSON: {why}"))


def _name(number: int) -> str:
    """Return `SIGKILL` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _with_stderr(what: str, result: ProcessResult) -> str:
    """Add the end of stderr, whole lines where they fit."""
    text = sanitize(result.stderr_tail.decode("utf-8", "replace"), keep_sgr=False).strip()
    if len(text) > MESSAGE_CAP:
        text = "…" + text[-MESSAGE_CAP:]
    return f"{what}: {text}" if text else what
