"""Bulkheads and circuit breakers through the whole engine, judged by those who were called and not by the engine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Lock, Thread
from typing import Any, Final

import pytest

from .cli import Cli

_ISOLATION_S: Final = 0.3
_CALLS: Final = 12
_RACE: Final = '''
import threading
import time

_lock = threading.Lock()
_running = 0


def work():
    """Give the number of calls that run at this moment."""
    global _running
    with _lock:
        _running += 1
        seen = _running
    time.sleep(0.0005)
    with _lock:
        _running -= 1
    return seen
'''


def test_a_thousand_tasks_race_for_three_slots(cli: Cli) -> None:
    """The calls count themselves: three at once, never four."""
    cli.write("race.py", _RACE)
    tasks = {f"t{number}": {"function": "./race.py:work", "bulkhead": "slots"} for number in range(1000)}
    flow = {"max_parallel": 64, "bulkheads": {"slots": {"max_concurrent_calls": 3}}, "tasks": tasks}

    result = cli(cli.write("flow.yaml", json.dumps(flow)), "--no-ui")
    seen = [task["result"] for task in cli.show()["tasks"]]

    assert 0 == result.code, result.err
    assert (1000, 3) == (len(seen), max(seen))


@dataclass
class _Log:
    """What the server saw, in order of arrival. Times are of one monotonic clock, in seconds."""

    began: list[float] = field(default_factory=list)
    ended: dict[int, float] = field(default_factory=dict)
    running: int = 0
    peak: int = 0


class _Handler(BaseHTTPRequestHandler):
    """Fails its first four requests. The first three, and three when it is well again, wait for each other."""

    protocol_version = "HTTP/1.1"
    server: _Flaky

    def do_GET(self) -> None:
        log, lock = self.server.log, self.server.lock
        with lock:
            number = len(log.began)
            log.began.append(time.monotonic())
            log.running += 1
            log.peak = max(log.peak, log.running)
        if number in self.server.together:
            self.server.barrier.wait(30)
        with lock:
            log.running -= 1
            log.ended[number] = time.monotonic()
        self.send_response(500 if number < 4 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The log is kept above."""


class _Flaky(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, limit: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.log, self.lock, self.barrier = _Log(), Lock(), Barrier(limit)
        self.together = {0, 1, 2, 6, 7, 8}
        self.url = f"http://127.0.0.1:{self.server_port}/"


@contextmanager
def _serving(limit: int) -> Iterator[_Flaky]:
    server = _Flaky(limit)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("limit", "threshold"), [(3, 1), (1, 3)])
def test_a_flaky_server_sees_limit_silence_and_probes(cli: Cli, limit: int, threshold: int) -> None:
    """Twelve calls wait to be made: three fail, one probe fails, two probes succeed, the rest goes through.

    With three at once the first failure opens the breaker while two more are on their way; with one at a time three
    failures in a row do. Silence lasts for the isolation time, after a failed probe for twice that.
    """
    breaker = {
        "failure_threshold": threshold,
        "isolation_duration": _ISOLATION_S,
        "half_open_max_calls": 1,
        "success_threshold": 2,
    }
    bulkhead = {"max_concurrent_calls": limit, "circuit_breaker": breaker}
    with _serving(limit) as server:
        tasks = {f"t{number}": {"url": server.url, "bulkhead": "api"} for number in range(_CALLS)}
        flow = cli.write("flow.yaml", json.dumps({"bulkheads": {"api": bulkhead}, "tasks": tasks}))
        result = Cli(cli.folder, {"NO_PROXY": "127.0.0.1"})(flow, "--json", "--keep-going")
    log, events = server.log, [json.loads(line) for line in result.out.splitlines()]

    assert 1 == result.code, result.err
    assert (_CALLS, limit) == (len(log.began), log.peak)
    assert log.began[3] - min(log.ended[number] for number in range(3)) >= _ISOLATION_S, "silence, then one probe"
    assert log.began[4] - log.ended[3] >= 2 * _ISOLATION_S, "it failed: twice the silence"
    assert log.ended[4] <= log.began[5], "one probe at a time"
    assert log.ended[5] <= log.began[6], "and nobody else until both have succeeded"
    assert ["open", "half_open", "open", "half_open", "closed"] == [
        event["state"] for event in events if event["type"] == "BulkheadChanged"
    ]
    assert 4 == sum(event["type"] == "TaskFailed" for event in events)
