"""What a finished process means for its task: its text, or why it failed."""

from __future__ import annotations

import codecs
import signal
from typing import Final

from ..core.ports import LogSink
from ..errors import ErrorInfo, TaskFailure
from ..utils.sanitize import sanitize
from .runner import ProcessResult

MESSAGE_CAP: Final = 600
"""Characters of stderr that an error message quotes."""


def text_or_failure(result: ProcessResult, log: LogSink) -> str:
    """Return stdout without trailing newlines; TaskFailure `E-EXIT` or `E-SIGNAL` unless the process ended with 0.

    Not for processes that were cancelled or timed out. A result that was cut is marked in the log.
    """
    if result.signal is not None:
        raise TaskFailure(ErrorInfo(code="E-SIGNAL", message=_with_stderr(f"ended by {_name(result.signal)}", result)))
    if result.exit_code is None:
        raise TaskFailure(
            ErrorInfo(code="E-SIGNAL", message="the process could not be ended; it is stuck in the kernel")
        )
    if result.exit_code != 0:
        message = _with_stderr(f"exit code {result.exit_code}", result)
        raise TaskFailure(ErrorInfo(code="E-EXIT", message=message, exit_code=result.exit_code))
    if result.truncated:
        log.line("warning", "the result was cut at 1 MiB; the log has all of it")
    # Not `final`: a character that the cap cut in two is left out, not shown as broken.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(result.stdout, final=not result.truncated)
    return text.rstrip("\r\n")


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
