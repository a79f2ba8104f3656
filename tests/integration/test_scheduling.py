"""Many loops on few slots, and no task waits for one it does not depend on; judged by the journal, not by the clock."""

from __future__ import annotations

import json
from typing import Any, Final

from .cli import Cli

_MODULE: Final = '''
import os
import threading
import time

_lock = threading.Lock()
_running = 0


def work(item):
    """Give the number of calls that run at this moment."""
    global _running
    with _lock:
        _running += 1
        seen = _running
    time.sleep(0.002)
    with _lock:
        _running -= 1
    return seen


def wait_for_file(name, limit_s):
    """Return once the file is there; give up after the limit."""
    end = time.monotonic() + limit_s
    while not os.path.exists(name):
        if time.monotonic() > end:
            raise TimeoutError(f"nobody made {name}")
        time.sleep(0.005)


def make_file(name):
    """Make an empty file."""
    open(name, "x").close()
'''


def _run(cli: Cli, tasks: dict[str, Any], **workflow: Any) -> list[dict[str, Any]]:
    """Run headless to success; give the journal."""
    cli.write("functions.py", _MODULE)
    result = cli(cli.write("flow.yaml", json.dumps({**workflow, "tasks": tasks})), "--json", timeout_s=110)
    assert 0 == result.code, result.out[-2000:] + result.err
    return [json.loads(line) for line in result.out.splitlines()]


def test_twenty_loops_share_two_slots(cli: Cli) -> None:
    """Twenty foreach at once under `max_parallel: 2` finish, and never do more than two calls run."""
    body = {"task_id": "work", "function": "./functions.py:work", "args": ["{{ item }}"], "result_key": "seen"}
    loops = {
        f"loop{number}": {
            "items": [1, 2, 3],
            "dependencies": [],
            "loop_body": [{**body, "result_key": f"seen{number}"}],
        }
        for number in range(20)
    }

    journal = _run(cli, loops, max_parallel=2)

    running = most = 0
    calls = {f"loop{number}[{index}]/work" for number in range(20) for index in range(3)}
    for event in journal:
        if event["task"] in calls:
            running += {"TaskStarted": 1, "TaskSucceeded": -1}.get(event["type"], 0)
            most = max(most, running)
    succeeded = [event["task"] for event in journal if event["type"] == "TaskSucceeded"]
    assert calls == {address for address in succeeded if "/" in address}
    assert 80 == len(succeeded)
    assert 2 == most
    results = cli.show()["results"]
    assert {1, 2} >= {seen for number in range(20) for seen in results[f"seen{number}"]}


def test_loops_in_loops_in_loops_on_one_slot(cli: Cli) -> None:
    """A foreach in a foreach in a while finishes on one slot: what waits for its children holds none."""
    call = {"task_id": "call", "function": "./functions.py:work", "args": ["{{ loop.parent.item }}{{ item }}"]}
    inner = {"task_id": "inner", "items": ["x", "y"], "loop_body": [call]}
    middle = {"task_id": "middle", "items": ["a", "b", "c"], "loop_body": [inner]}
    count = {"task_id": "count", "function": "memory.increment", "args": ["round"]}
    outer = {"condition": "memory.round | default(0) < 2", "loop_body": [count, middle]}

    journal = _run(cli, {"outer": outer}, max_parallel=1)

    called = [
        event["task"] for event in journal if event["type"] == "TaskSucceeded" and event["task"].endswith("/call")
    ]
    expected = [f"outer[{i}]/middle[{j}]/inner[{k}]/call" for i in range(2) for j in range(3) for k in range(2)]
    assert expected == sorted(called)
    assert [0] * 6 + [1] * 6 == [int(address[6]) for address in called], "a round begins when the one before is over"
    assert {"iterations": 2}.items() <= cli.show("@latest/outer")["tasks"][0]["result"].items()


def test_a_slow_task_delays_nobody(cli: Cli) -> None:
    """A chain beside a slow task runs to its end while the slow one still works: it even waits for the chain."""
    tasks = {
        "start": {"function": "memory.set", "args": ["begun", True]},
        "slow": {"function": "./functions.py:wait_for_file", "args": ["done", 60], "dependencies": ["start"]},
        "a": {"run": "true", "dependencies": ["start"]},
        "b": {"function": "./functions.py:work", "args": [1], "dependencies": ["a"]},
        "c": {"function": "./functions.py:make_file", "args": ["done"], "dependencies": ["b"]},
        "end": {"function": "log.info", "args": ["over"], "dependencies": ["slow", "c"]},
    }

    journal = _run(cli, tasks)

    place = {(event["type"], event["task"]): event["seq"] for event in journal}
    assert place["TaskStarted", "slow"] < place["TaskSucceeded", "c"] < place["TaskSucceeded", "slow"]
