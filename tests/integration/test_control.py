"""Control of a run from another process: who may ask, what comes of it, and what a refusal says."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, RunId, control, load_text, open_reader

from .cli import Cli

_TWO = """
tasks:
  first: {run: "echo begun; sleep 60"}
  second: {run: "while [ ! -e go ]; do sleep 0.05; done"}
"""
_ASKS = """
fail_fast: false
tasks:
  busy: {run: "while [ ! -e go ]; do sleep 0.05; done"}
  event: {operator_type: wait_for_event, event_name: paid}
  accept: {operator_type: approval, prompt: "Go on?"}
  refuse: {operator_type: approval, prompt: "Go on?"}
"""
_LOOP = """
tasks:
  each:
    operator_type: foreach
    items: [1, 2]
    loop_body: [{task_id: inner, run: "sleep 60"}]
"""


def _await_events(process: subprocess.Popen[str], event: str, times: int = 1) -> None:
    """Read the journal on stdout until `times` events of that type."""
    assert process.stdout is not None
    for line in process.stdout:
        times -= json.loads(line)["type"] == event
        if times == 0:
            return
    pytest.fail(f"no {event}: {process.stderr.read() if process.stderr else ''}")


def _address(cli: Cli, run_id: str) -> str:
    reader = open_reader(cli.url)
    try:
        address = reader.owner_address(RunId(run_id))
    finally:
        reader.close()
    assert address
    return address


def _send(address: str, data: bytes) -> Any:
    """Say `data` to a control socket and give its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(address)
        connection.sendall(data)
        return json.loads(connection.makefile("rb").readline())


def test_a_run_is_cancelled_from_another_process(cli: Cli) -> None:
    """`cancel RUN` returns when it is agreed; the owner ends gracefully with 130 and leaves no socket."""
    with cli.started(cli.write("two.yaml", _TWO), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned", 2)
        address = _address(cli, "it")

        asked = cli("cancel", "i")
        _, err = process.communicate(timeout=30)

    assert (0, "run it is being cancelled\n") == (asked.code, asked.out), asked.err
    assert (130, "") == (process.returncode, err)
    shown = cli.show("it")
    assert "cancelled" == shown["run"]["status"]
    assert "cancelled from another process" in shown["run"]["error"]["message"]
    assert not Path(address).exists()


def test_one_task_is_cancelled_from_another_process(cli: Cli) -> None:
    """`--task` ends that task and no other; a task that is unknown or has ended is refused and nothing happens."""
    with cli.started(cli.write("two.yaml", _TWO), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned", 2)

        unknown = cli("cancel", "it", "--task", "frist")
        asked = cli("cancel", "it", "--task", "first")
        _await_events(process, "TaskCancelled")
        again = cli("cancel", "it", "--task", "first")
        running = cli.statuses("it")
        cli.write("go", "")
        process.communicate(timeout=30)

    assert (2, 0, 2) == (unknown.code, asked.code, again.code), asked.err
    assert "E-TASK-UNKNOWN" in unknown.err
    assert "first has ended: cancelled" in again.err
    assert {"first": "cancelled", "second": "running"} == running
    assert {"first": "cancelled", "second": "succeeded"} == cli.statuses("it")


def test_a_task_inside_a_loop_is_named_by_its_address(cli: Cli) -> None:
    """What is inside an iteration can be ended from outside, too."""
    with cli.started(cli.write("loop.yaml", _LOOP), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned", 2)
        asked = cli("cancel", "it", "--task", "each[1]/inner")
        _await_events(process, "TaskCancelled")
        statuses = cli.statuses("it")

    assert 0 == asked.code, asked.err
    assert ("running", "cancelled") == (statuses["each[0]/inner"], statuses["each[1]/inner"])


def test_a_run_is_answered_from_another_process(cli: Cli) -> None:
    """`signal` and `approve` carry their values to what waits; `reject` fails it; what waits for nothing is refused."""
    with cli.started(cli.write("asks.yaml", _ASKS), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned")
        refused = cli("approve", "it", "busy")
        bad = cli("signal", "it", "paid", "-p", "{")
        answers = [
            cli("signal", "it", "paid", "-p", '{"sum": 7}'),
            cli("approve", "it", "accept", "-i", "count=3", "-m", "fine"),
            cli("reject", "it", "refuse", "-m", "too late"),
        ]
        cli.write("go", "")
        process.communicate(timeout=30)

    assert [0, 0, 0] == [answer.code for answer in answers], [answer.err for answer in answers]
    assert (2, 2) == (refused.code, bad.code)
    assert "E-NO-APPROVAL" in refused.err
    shown = cli.show("it")
    tasks = {task["path"]: task for task in shown["tasks"]}
    assert {"sum": 7} == tasks["event"]["result"]
    assert {"approved": True, "values": {"count": 3}, "message": "fine"} == tasks["accept"]["result"]
    assert ("failed", "rejected: too late") == (tasks["refuse"]["status"], tasks["refuse"]["error"]["message"])


def test_a_run_is_paused_and_goes_on(cli: Cli) -> None:
    """What runs when `pause` comes ends, nothing new starts until `unpause`; neither fits twice."""
    flow = cli.write(
        "flow.yaml",
        """
tasks:
  busy: {run: "while [ ! -e go ]; do sleep 0.05; done"}
  next: {run: "true", depends_on: [busy]}
""",
    )
    with cli.started(flow, "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned")
        early, asked, again = cli("unpause", "it"), cli("pause", "it"), cli("pause", "it")
        cli.write("go", "")
        _await_events(process, "TaskSucceeded")
        paused = cli.show("it")
        resumed = cli("unpause", "it")
        process.communicate(timeout=30)

    assert (2, 0, 2, 0) == (early.code, asked.code, again.code, resumed.code), asked.err + resumed.err
    assert "E-RUN-STATE" in early.err
    assert ("paused", {"busy": "succeeded", "next": "pending"}) == (
        paused["run"]["status"],
        {task["path"]: task["status"] for task in paused["tasks"]},
    )
    assert 0 == process.returncode
    assert {"busy": "succeeded", "next": "succeeded"} == cli.statuses("it")


_PARKS = """
tasks:
  first: {run: "true"}
  accept: {operator_type: approval, prompt: "Go on?", depends_on: [first], result_key: said}
  event: {operator_type: wait_for_event, event_name: paid, depends_on: [first], result_key: paid}
  last:
    run: echo {{ results.said.message | quote }} {{ results.paid.sum | quote }}
    depends_on: [accept, event]
"""


def test_a_run_that_only_people_can_move_is_left_waiting_and_answered_there(cli: Cli) -> None:
    """Exit code 3; answers and events are written into it; a resume goes on with them, and nothing was interrupted."""
    left = cli(cli.write("flow.yaml", _PARKS), "--no-ui", "--run-id", "it")
    waiting = cli.statuses("it")
    answers = [cli("approve", "it", "accept", "-m", "fine"), cli("signal", "it", "paid", "-p", '{"sum": 7}')]
    between = cli.show("it")
    resumed = cli("resume", "it", "--no-ui", "--json")

    assert (3, "") == (left.code, left.err)
    assert "highway-tui resume it" in left.out.splitlines()[-1]
    assert ("waiting", "waiting") == (waiting["accept"], waiting["event"])
    assert [0, 0] == [answer.code for answer in answers], [answer.err for answer in answers]
    assert "`highway-tui resume it` goes on" in answers[0].out
    assert "waiting" == between["run"]["status"]
    assert 0 == resumed.code, resumed.err
    journal = [json.loads(line)["type"] for line in resumed.out.splitlines()]
    assert "RunInterrupted" not in journal
    tasks = {task["path"]: task for task in cli.show("it")["tasks"]}
    assert "fine 7" == tasks["last"]["result"]


def test_an_answer_that_does_not_fit_a_run_left_waiting_changes_nothing(cli: Cli) -> None:
    """It is refused as a live run would, what takes an owner names `resume`, and the run still waits."""
    cli(cli.write("flow.yaml", _PARKS), "--no-ui", "--run-id", "it")
    before = cli.show("it")

    refused = [
        cli("approve", "it", "first"),
        cli("reject", "it", "nothing"),
        cli("cancel", "it"),
        cli("pause", "it"),
    ]

    assert [2, 2, 2, 2] == [answer.code for answer in refused]
    assert ["E-NO-APPROVAL", "E-TASK-UNKNOWN", "E-NOT-LIVE", "E-NOT-LIVE"] == [
        answer.err.rpartition("[")[2].rstrip("]\n") for answer in refused
    ]
    assert before == cli.show("it")


def test_a_rejected_approval_of_a_run_left_waiting_fails_at_its_resume(cli: Cli) -> None:
    """The answer stands in the journal; what follows is decided by who goes on."""
    cli(cli.write("flow.yaml", _PARKS), "--no-ui", "--run-id", "it")

    said = cli("reject", "it", "accept", "-m", "too late")
    resumed = cli("resume", "it", "--no-ui")

    assert (0, 1) == (said.code, resumed.code), said.err
    assert {"first": "succeeded", "accept": "failed", "event": "cancelled", "last": "upstream_failed"} == cli.statuses(
        "it"
    )


def test_the_socket_is_private(cli: Cli) -> None:
    """0600 in a folder of 0700; its path is in the store while the owner lives and nowhere else."""
    with cli.started(cli.write("two.yaml", _TWO), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned")
        address = Path(_address(cli, "it"))
        assert 0o600 == stat.S_IMODE(address.stat().st_mode)
        assert 0o700 == stat.S_IMODE(address.parent.stat().st_mode)
        assert os.environ["XDG_RUNTIME_DIR"] == str(address.parents[1])

        process.kill()
        process.wait()

    reader = open_reader(cli.url)
    assert reader.owner_address(RunId("it")) is None
    reader.close()


def test_a_folder_without_room_for_a_path_is_not_used(cli: Cli) -> None:
    """Socket paths end at 107 bytes: where the user's own folder is too deep, another private one takes over."""
    deep = cli.folder / ("d" * 120)
    deep.mkdir(mode=0o700)
    with cli.started(
        cli.write("two.yaml", _TWO), "--no-ui", "--json", "--run-id", "it", XDG_RUNTIME_DIR=str(deep)
    ) as process:
        _await_events(process, "TaskSpawned")
        assert not _address(cli, "it").startswith(str(deep))
        assert 0 == cli("cancel", "it").code
        process.communicate(timeout=30)

    assert 130 == process.returncode


@pytest.mark.parametrize(
    ("ended", "sentence"), [(True, "has ended: succeeded"), (False, "nobody runs it; `highway-tui resume it`")]
)
def test_a_run_that_nobody_runs_is_refused(cli: Cli, ended: bool, sentence: str) -> None:
    """2, with the way on; the socket that a killed owner left behind stands in nobody's way."""
    cli.write("go", "")
    cli.write("two.yaml", "tasks: {only: {run: 'while [ ! -e %s ]; do sleep 0.05; done'}}" % ("go" if ended else "no"))
    with cli.started("two.yaml", "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned")
        if not ended:
            process.kill()
        process.communicate(timeout=30)

    refused = cli("cancel", "it")

    assert 2 == refused.code
    assert sentence in refused.err
    assert "[E-NOT-LIVE]" in refused.err
    cli.write("no", "")
    assert 0 == cli("resume", "it", "--no-ui").code


def test_a_stopped_owner_is_named_and_not_waited_for_long(cli: Cli) -> None:
    """An owner that answers nothing ends the request after ten seconds, with its process id."""
    with cli.started(cli.write("two.yaml", _TWO), "--no-ui", "--json", "--run-id", "it") as process:
        _await_events(process, "TaskSpawned")
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        asked = cli("cancel", "it")
        took = time.monotonic() - began
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)

    assert 1 == asked.code
    assert f"process {process.pid}" in asked.err
    assert "[E-CONTROL]" in asked.err
    assert took < 20
    assert 130 == process.returncode, "it was asked all the same"


@pytest.mark.parametrize(
    ("request_line", "sentence"),
    [
        (b"\n", "one line with a JSON object"),
        (b"[" * 60_000 + b"\n", "one line with a JSON object"),
        (b"x" * 70_000 + b"\n", "at most 65536 bytes"),
        (b'{"verb": "cancel"}\n', "lives here"),
        (b'{"verb": "cancel", "run": "other"}\n', "lives here"),
        (b'{"verb": "format", "run": "it"}\n', "knows no verb"),
        (b'{"verb": ["cancel"], "run": "it"}\n', "knows no verb"),
        (b'{"verb": "cancel", "run": "it", "tsak": "first"}\n', "takes no 'tsak'"),
        (b'{"verb": "cancel", "run": "it", "task": 1}\n', "task is a text"),
    ],
    ids=["empty", "deep", "long", "no run", "another run", "unknown verb", "no verb", "unknown field", "no text"],
)
def test_what_is_no_request_changes_nothing(tmp_path: Path, request_line: bytes, sentence: str) -> None:
    """Each is answered with one sentence, and the run goes on."""
    with Engine(str(tmp_path / "runs.db")) as engine:
        engine.start(load_text(_TWO.encode()), run_id="it")
        address = engine.reader.owner_address(RunId("it"))
        assert address

        answer = _send(address, request_line)

        assert "E-CONTROL" == answer["error"]["code"]
        assert sentence in answer["error"]["message"]
        assert {"running"} == {task.status.value for task in engine.reader.tasks(RunId("it"))}
        engine.cancel(RunId("it"), "the test is over")


def test_a_silent_client_holds_nothing_up(tmp_path: Path) -> None:
    """A connection that says nothing keeps neither other requests nor the end of the run waiting."""
    url = str(tmp_path / "runs.db")
    with Engine(url) as engine, socket.socket(socket.AF_UNIX) as silent:
        handle = engine.start(load_text(_TWO.encode()), run_id="it")
        address = engine.reader.owner_address(RunId("it"))
        assert address
        silent.connect(address)

        control(url, RunId("it"), {"verb": "cancel"})

        record = handle.wait(4)
        assert record is not None
        assert "cancelled" == record.status.value
