"""Runs without a UI: progress on stdout, signals to a graceful end, and the exit code of the run's row."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from engine import (
    Batch,
    Engine,
    JsonValue,
    Loaded,
    RunHandle,
    RunId,
    RunReader,
    RunRecord,
    RunStatus,
    UsageError,
    load_workflow,
)

from .assignments import split_assignments
from .diagnostics import print_problems
from .exits import SIGNALS, Exit, exit_of_run, exit_of_task
from .output import Output, complain
from .progress import JsonLines, Progress, ProgressLines
from .settings import RunSettings, StartWishes

_POLL_S: Final = 0.2
"""How often the logs of running tasks are looked at."""


def run_file(settings: RunSettings, file: str, wanted: StartWishes) -> int:
    """Run a workflow file, or go on with the run of that id."""
    loaded = load_workflow(file)
    _print_findings(settings, loaded)
    if loaded.plan is None:
        return Exit.USAGE
    params, variables = split_assignments(loaded.plan, wanted.assignments)
    with Engine(settings.url) as engine:
        if wanted.run_id is not None and (known := _known(engine.reader, wanted.run_id)) is not None:
            stored = engine.reader.definition(known.id)
            secret = {name: params.pop(name) for name in loaded.plan.secret_params if name in params}
            if stored.sha256 != loaded.sha256:
                complain(f"run {known.id} goes by the definition it was started with; {file} differs from it")
            if not (params.items() <= stored.params.items() and variables.items() <= stored.variables.items()):
                complain(f"run {known.id} keeps the params and variables it was started with")
            return _resume(settings, engine, known.id, secret)
        return _follow(
            settings,
            engine,
            lambda: engine.start(
                loaded,
                params=params,
                variables=variables,
                run_id=wanted.run_id,
                keep_going=wanted.keep_going,
            ),
        )


def _print_findings(settings: RunSettings, loaded: Loaded) -> None:
    """Write errors and warnings to stderr; only errors where little is to be said."""
    words = {"error"} if settings.verbosity < 0 or settings.as_json else {"error", "warning"}
    worth = [problem for problem in loaded.problems if problem.severity in words]
    print_problems(Output(sys.stderr, ascii_only=settings.ascii_only), worth, loaded)


def resume_run(settings: RunSettings, run_id: RunId, secret_params: Mapping[str, JsonValue]) -> int:
    """Go on with a run of the store."""
    with Engine(settings.url) as engine:
        return _resume(settings, engine, run_id, secret_params)


def _resume(settings: RunSettings, engine: Engine, run_id: RunId, secret_params: Mapping[str, JsonValue]) -> int:
    record = engine.reader.run(run_id)
    if record.status is RunStatus.SUCCEEDED:
        _progress(settings, engine).finish(record)
        return Exit.OK
    return _follow(settings, engine, lambda: engine.resume(run_id, secret_params=secret_params))


def _known(reader: RunReader, run_id: str) -> RunRecord | None:
    try:
        return reader.run(RunId(run_id))
    except UsageError:
        return None


def _progress(settings: RunSettings, engine: Engine) -> Progress:
    out = Output(ascii_only=settings.ascii_only)
    return JsonLines(out) if settings.as_json else ProgressLines(out, engine.reader, settings.verbosity)


class _Ending:
    """Turns signals into one graceful cancel; the second Ctrl-C ends the process. Lives on the main thread."""

    def __init__(self, engine: Engine) -> None:
        self.signum: int | None = None
        self._engine = engine
        self._handle: RunHandle | None = None

    def watch(self, handle: RunHandle) -> None:
        """Take the run that signals end; one that came while it was being started counts."""
        self._handle = handle
        if self.signum is not None:
            handle.cancel()

    def on_signal(self, signum: int, _frame: FrameType | None) -> None:
        """Cancel; a second SIGINT leaves at once, its children ended as far as half a second allows."""
        if self.signum is not None:
            if signum == signal.SIGINT:
                # A thread, because what was interrupted here may hold a lock that closing needs.
                closing = threading.Thread(target=self._engine.close, kwargs={"timeout_s": 0.5}, daemon=True)
                closing.start()
                closing.join(0.6)
                os._exit(128 + signum)
            return
        self.signum = signum
        if self._handle is not None:
            self._handle.cancel()
        with suppress(OSError):  # not sys.stderr: a handler must not enter a stream that is being written
            os.write(2, b"highway-tui: cancelling; Ctrl-C again ends at once\n")


@contextmanager
def _signals(ending: _Ending) -> Iterator[None]:
    # What whoever started us ignores (`nohup`, a job in the background of a script) stays ignored.
    heard = [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]
    before = {signum: signal.signal(signum, ending.on_signal) for signum in heard}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _follow(settings: RunSettings, engine: Engine, begin: Callable[[], RunHandle]) -> int:
    """Start or resume, show every saved turn, and wait for the end."""
    turns: queue.SimpleQueue[Batch] = queue.SimpleQueue()
    ending = _Ending(engine)
    progress = _progress(settings, engine)
    with _signals(ending):
        leave = engine.subscribe(turns.put)
        try:
            handle = begin()
            handle.park()
            ending.watch(handle)
            progress.begin(handle.run_id)
            _show_turns(turns, handle, progress)
        finally:
            leave()
        record = handle.wait()
        progress.finish(record if record is not None else engine.reader.run(handle.run_id))
        if settings.pass_code and record is not None and record.status is RunStatus.FAILED:
            return exit_of_task(engine.reader.tasks(record.id))
    return exit_of_run(record, ending.signum)


def _show_turns(turns: queue.SimpleQueue[Batch], handle: RunHandle, progress: Progress) -> None:
    next_tick = time.monotonic() + _POLL_S
    while True:
        is_done = handle.done  # read before the queue: what was published before the end is there now
        batch = None
        with suppress(queue.Empty):
            batch = turns.get(timeout=0 if is_done else max(0.0, next_tick - time.monotonic()))
        if batch is not None:
            progress.show(batch)
        is_over = is_done if batch is None else batch.run.status.terminal and turns.empty()
        if is_over or time.monotonic() >= next_tick:
            progress.tick()
            next_tick = time.monotonic() + _POLL_S
        if is_over:
            return
