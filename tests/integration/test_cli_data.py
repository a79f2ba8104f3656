"""What programs read from stdout: documented schemas, nothing else, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess

from .cli import Cli

_FLOW = """
name: "sums"
variables: {start: 3}
tasks:
  add: {function: memory.add, args: [total, "{{ variables.start }}"]}
  judge: {condition: "{{ memory.total }} > 5", if_true: high, if_false: low, dependencies: [add]}
  high: {function: log.info, args: [high], dependencies: [judge]}
  low: {run: "echo low; echo lower", result_key: words, dependencies: [judge]}
  each:
    items: [1, 2]
    dependencies: [low]
    loop_body: [{task_id: inner, function: memory.append, args: [seen, "{{ item }}"]}]
"""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_RUN_KEYS = {
    "id", "name", "status", "error", "path", "definition_sha256", "started_at", "finished_at", "duration_s",
}  # fmt: skip
_TASK_KEYS = {
    "path", "id", "operator", "status", "reason", "attempts", "started_at", "finished_at", "duration_s", "result",
    "error",
}  # fmt: skip


def test_show_prints_one_run(cli: Cli) -> None:
    """`show --json` is `highway.run/1` with exactly the documented keys."""
    cli(cli.write("sums.yaml", _FLOW), "--no-ui", "--run-id", "first")

    shown = cli.show("first")

    assert {"schema", "run", "tasks", "results", "variables", "memory"} == set(shown)
    run, tasks = shown["run"], {task["path"]: task for task in shown["tasks"]}
    assert ("highway.run/1", _RUN_KEYS) == (shown["schema"], set(run))
    assert [_TASK_KEYS] * len(tasks) == [set(task) for task in tasks.values()]
    assert ("first", "sums", "succeeded", None) == (run["id"], run["name"], run["status"], run["error"])
    assert run["path"] == str(cli.folder / "sums.yaml")
    assert 64 == len(run["definition_sha256"])
    assert _TIME.fullmatch(run["started_at"])
    assert _TIME.fullmatch(run["finished_at"])
    assert 0 <= run["duration_s"] < 60
    assert ("inner", "task", "succeeded", 1) == tuple(
        tasks["each[1]/inner"][key] for key in ("id", "operator", "status", "attempts")
    )
    assert {"value": False, "taken": "low"} == tasks["judge"]["result"]
    assert ("low\nlower", None, None) == tuple(tasks["low"][key] for key in ("result", "reason", "error"))
    assert "was false" in tasks["high"]["reason"]
    assert (None, None, None, 0) == tuple(
        tasks["high"][key] for key in ("result", "duration_s", "started_at", "attempts")
    )
    assert ({"start": 3}, {"total": 3, "seen": [1, 2]}) == (shown["variables"], shown["memory"])
    assert "low\nlower" == shown["results"]["words"]


def test_show_of_a_task_is_that_task(cli: Cli) -> None:
    """`show RUN/TASK` is the same document with that instance and what is inside it."""
    cli(cli.write("sums.yaml", _FLOW), "--no-ui")

    assert ["low"] == list(cli.statuses("@latest/low"))
    assert ["each", "each[0]/inner", "each[1]/inner"] == sorted(cli.statuses("@latest/each"))
    assert ["each[0]/inner"] == list(cli.statuses("@latest/each[0]/inner"))


def test_a_failure_has_code_and_message(cli: Cli) -> None:
    """`error` of a run and of a task is an object with a code and a sentence."""
    cli(cli.write("bad.yaml", 'tasks: {only: {run: "echo because >&2; exit 9"}}\n'), "--no-ui")

    shown = cli.show()

    assert {"code": "E-EXIT", "message": "exit code 9: because"} == shown["tasks"][0]["error"]
    assert {"code", "message"} == set(shown["run"]["error"])
    assert "failed" == shown["run"]["status"]


def test_runs_are_listed_newest_first(cli: Cli) -> None:
    """`runs --json` is `highway.runs/1`: the same run objects; a store without runs has none."""
    empty = cli("runs", "--json")
    cli.write("sums.yaml", _FLOW)
    for name in ("one", "two"):
        cli("sums.yaml", "--no-ui", "--run-id", name)

    listed = cli("runs", "--json").data

    assert (0, {"schema": "highway.runs/1", "runs": []}) == (empty.code, empty.data)
    assert ["two", "one"] == [run["id"] for run in listed["runs"]]
    assert cli.show("two")["run"] == listed["runs"][0]


def test_events_come_one_a_line(cli: Cli) -> None:
    """A headless run with `--json` prints its journal: numbered without gaps, the same as is stored."""
    result = cli(cli.write("sums.yaml", _FLOW), "--json", "--run-id", "first")

    events = [json.loads(line) for line in result.out.splitlines()]
    assert 0 == result.code
    assert {("highway.event/1", "first")} == {(event["schema"], event["run"]) for event in events}
    assert list(range(1, len(events) + 1)) == [event["seq"] for event in events]
    assert ("RunCreated", "RunFinished") == (events[0]["type"], events[-1]["type"])
    assert all(_TIME.fullmatch(event["at"]) for event in events)
    assert "each[1]/inner" in {event["task"] for event in events}


def test_problems_have_places(cli: Cli) -> None:
    """`validate --json` is `highway.problems/1`: all problems of all files, lines and columns from 1."""
    good = cli.write("good.yaml", "tasks: {only: {run: 'true'}}\n")
    bad = cli.write("bad.yaml", "tasks:\n  only:\n    retyr: 2\n    function: log.info\n    dependencies: [onyl]\n")

    result = cli("validate", good, bad, "--json")

    assert 2 == result.code
    assert "highway.problems/1" == result.data["schema"]
    problems = result.data["problems"]
    assert [{"code", "severity", "message", "file", "line", "column", "end_column", "fix"}] * len(problems) == [
        set(problem) for problem in problems
    ]
    unknown = next(problem for problem in problems if problem["code"] == "E-UNKNOWN-KEY")
    assert ("bad.yaml", 3, 5, 10) == tuple(unknown[key] for key in ("file", "line", "column", "end_column"))
    assert "retry" in unknown["fix"]
    assert "E-UNKNOWN-ID" in {problem["code"] for problem in problems}


def test_the_caret_stands_under_the_mistake(cli: Cli) -> None:
    """For people, `validate` shows the line; wide characters before the mistake count two cells."""
    cli.write("bad.yaml", 'tasks:\n  only: {description: "日本", retyr: 2, run: "true"}\n')

    result = cli("validate", "bad.yaml")

    lines = result.out.splitlines()
    place = next(number for number, line in enumerate(lines) if "retyr" in line and "|" in line and "error" not in line)
    assert 2 == result.code
    assert "bad.yaml:2:29: error E-UNKNOWN-KEY" in result.out
    assert lines[place].index("retyr") + 2 == lines[place + 1].index("^")
    assert "^" * 5 == lines[place + 1].split("|")[1].strip()


def test_logs_are_merged_and_sanitised(cli: Cli) -> None:
    """`logs` names the tasks, `logs RUN TASK` does not; escapes of a task never reach the terminal."""
    evil = r"printf 'red \033[31mand\033[0m \033]52;c;AAAA\007 evil\n'; echo again >&2"
    cli(
        cli.write("evil.yaml", f"tasks: {{a: {{run: {json.dumps(evil)}}}, b: {{function: log.error, args: [told]}}}}"),
        "--no-ui",
    )

    every, one = cli("logs", "@latest"), cli("logs", "@latest", "a")

    assert (0, 0) == (every.code, one.code)
    assert "\x1b" not in every.out + one.out
    assert {"a | again", "b | error: told"} <= {line[12:] for line in every.out.splitlines()}
    assert "again" in one.out
    assert "a |" not in one.out
    assert "evil" in one.out


def test_logs_follow_until_the_end(cli: Cli) -> None:
    """`logs -f` of a live run prints what comes and ends with the run."""
    cli.write("slow.yaml", "tasks: {slow: {run: 'echo begun; while [ ! -e go ]; do sleep 0.05; done; echo done'}}\n")
    with cli.started("slow.yaml", "--no-ui", "-v", "--run-id", "it") as run:
        assert run.stdout is not None
        assert any("begun" in line for line in run.stdout)
        with cli.started("logs", "it", "slow", "-f") as logs:
            assert logs.stdout is not None
            assert "begun" in logs.stdout.readline()
            cli.write("go", "")
            rest, err = logs.communicate(timeout=30)
        run.communicate(timeout=30)

    assert ("done", "", 0) == (rest.split()[-1], err, logs.returncode)


def test_a_terminal_gets_colours_unless_it_says_no(cli: Cli) -> None:
    """Colours on a terminal only, and not with NO_COLOR; ASCII signs where the locale is not UTF-8."""
    cli.write("sums.yaml", _FLOW)

    assert "\x1b[32m✓" in _on_terminal(cli, {})
    assert "\x1b" not in _on_terminal(cli, {"NO_COLOR": "1"})
    plain = _on_terminal(cli, {"LC_ALL": "C", "NO_COLOR": "1"})
    assert "v run" in plain
    assert plain.isascii()
    assert "\x1b" not in cli("sums.yaml", "--no-ui").out


def _on_terminal(cli: Cli, more: dict[str, str]) -> str:
    """Run headless with stdout on a pseudo-terminal; give what it got."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        cli.command("sums.yaml", "--no-ui"),
        cwd=cli.folder,
        env=cli.environment(TERM="xterm-256color", **more),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    chunks = []
    with process:
        try:
            while chunk := os.read(master, 65536):
                chunks.append(chunk)
        except OSError:  # Linux says so when the other side has closed
            pass
        finally:
            os.close(master)
    assert 0 == process.returncode
    return b"".join(chunks).decode()
