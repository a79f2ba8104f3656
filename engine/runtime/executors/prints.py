"""Keeps functions off the terminal: what they print goes into their task's log.

Replacing `sys.stdout` by one file cannot tell tasks apart, so a proxy asks at each write which call this code runs
for. Lines are written whole, so that a `print` is one write. What is written outside of a call goes where it would
have gone. Not caught: a thread that a function starts itself, and what writes to file descriptor 1 directly.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO, cast

from ...core.ports import LogSink
from ...tools.context import CURRENT

_UNFINISHED: Final = 8 * 1024
"""Characters of a line that are kept back for its end."""


@contextmanager
def prints_into_logs() -> Iterator[None]:
    """Route `print` of running calls into their logs, while the engine runs."""
    stdout, stderr = _Routed(sys.stdout, "stdout"), _Routed(sys.stderr, "stderr")
    sys.stdout, sys.stderr = cast("TextIO", stdout), cast("TextIO", stderr)
    try:
        yield
    finally:
        # Somebody may have put a proxy of their own over ours (a UI does); theirs is not ours to take away.
        if sys.stdout is cast("TextIO", stdout):
            sys.stdout = stdout.beneath
        if sys.stderr is cast("TextIO", stderr):
            sys.stderr = stderr.beneath


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer` inside a call."""

    def __init__(self, log: LogSink, stream: str) -> None:
        self._log = log
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        raw = bytes(memoryview(data))  # type: ignore[arg-type]  # whatever has a buffer, as files take it
        self._log.write(raw, self._stream)
        return len(raw)


class _Routed:
    """Stands for `sys.stdout` or `sys.stderr`; everything but writing is the stream's beneath."""

    def __init__(self, beneath: TextIO, stream: str) -> None:
        self.beneath = beneath
        self._stream = stream

    def write(self, text: str) -> int:
        context = CURRENT.get()
        if context is None:
            return self.beneath.write(text)
        whole, end, rest = (context.unfinished.pop(self._stream, "") + text).rpartition("\n")
        if len(rest) > _UNFINISHED:
            whole, end, rest = whole + end + rest, "", ""
        if rest:
            context.unfinished[self._stream] = rest
        if whole or end:
            context.log.write((whole + end).encode("utf-8", "replace"), self._stream)
        return len(text)

    def flush(self) -> None:
        context = CURRENT.get()
        if context is None:
            self.beneath.flush()
        else:
            context.flush()

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> object:
        context = CURRENT.get()
        if context is not None:
            context.flush()
        return self.beneath.buffer if context is None else _Bytes(context.log, self._stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self.beneath, name)
