"""The keys of a task that say how its process runs and how its output is read, from a file to the stored result."""

from __future__ import annotations

import os
from typing import Any, Final

from .cli import Cli

_FUNCTIONS: Final = """
import os

def where(ctx):
    ctx.log("info", "here")
    return [os.getpid(), os.getcwd(), os.environ["COLOUR"], input(), ctx.task]
"""


def _shown(cli: Cli, tasks: str, *arguments: str) -> dict[str, Any]:
    """Run a workflow of these tasks and return its tasks by id."""
    result = cli(
        cli.write("flow.yaml", f"variables: {{word: grüße, folder: sub}}\ntasks:\n{tasks}"), "--no-ui", *arguments
    )
    assert 0 == result.code, result.out + result.err
    return {task["id"]: task for task in cli.show()["tasks"]}


def test_folder_and_input_of_a_process(cli: Cli) -> None:
    """`cwd` is relative to the workflow's folder, `stdin` is what the process reads; both may have holes."""
    (cli.folder / "sub").mkdir()
    tasks = _shown(
        cli,
        "  script: {run: 'pwd; cat', cwd: '{{ variables.folder }}', stdin: 'a {{ variables.word }} b'}\n"
        "  command: {function: command.run, args: [cat], stdin: '{{ variables.word }}'}\n"
        "  absolute: {run: pwd, working_dir: /}\n"
        "  none: {run: cat}\n",
    )

    assert f"{os.path.realpath(cli.folder)}/sub\na grüße b" == tasks["script"]["result"]
    assert ["grüße", "/", ""] == [tasks[name]["result"] for name in ("command", "absolute", "none")]


def test_folder_that_is_not_there_fails_its_task(cli: Cli) -> None:
    """The error names the folder."""
    result = cli(cli.write("flow.yaml", "tasks: {a: {run: pwd, cwd: gone}}"), "--no-ui")
    (task,) = cli.show()["tasks"]

    assert 1 == result.code
    assert "E-COMMAND" == task["error"]["code"]
    assert task["error"]["message"].endswith("/gone does not exist")


def test_shells(cli: Cli) -> None:
    """A script is given to the shell that the task names, or the workflow's defaults."""
    tasks = _shown(
        cli,
        "  python: {run: 'print(6 * 7)', shell: python3 -c}\n"
        "  words: {run: 'echo \"$0\"', shell: [sh, -c]}\n"
        "  one: {run: 'false; echo $0', shell: sh}\n"
        "  strict: {run: 'set -o | grep -c pipefail'}\n",
    )

    assert ["42", "sh", "sh", "1"] == [tasks[name]["result"] for name in ("python", "words", "one", "strict")]


def test_exit_codes_and_formats(cli: Cli) -> None:
    """Exit codes that are named are no failure; stdout is text, a list of lines, or JSON that others look into."""
    tasks = _shown(
        cli,
        "  code: {run: 'echo found; exit 3', exit_codes_ok: [1, 3]}\n"
        "  lines: {run: 'printf \"a\\nb\\n\"', result_format: lines}\n"
        "  json: {run: 'echo ''{\"n\": [1, 2]}''', result_format: json, result_key: j}\n"
        "  reader: {function: memory.set, args: [n, '{{ results.j.n }}'], dependencies: [json]}\n",
    )

    assert ["found", ["a", "b"], {"n": [1, 2]}] == [tasks[name]["result"] for name in ("code", "lines", "json")]
    assert {"n": [1, 2]} == cli.show()["memory"]


def test_terminal(cli: Cli) -> None:
    """With `pty` a program finds a terminal; without it finds none."""
    tasks = _shown(
        cli,
        "  with: {run: 'test -t 1 && echo terminal', pty: true}\n  without: {run: 'test -t 1 || echo none'}\n",
    )

    assert ["terminal", "none"] == [tasks[name]["result"] for name in ("with", "without")]


def test_cut_result_is_marked(cli: Cli) -> None:
    """A result over 1 MiB is cut and says so; whole ones have no such key."""
    tasks = _shown(
        cli,
        "  big: {run: 'head -c 2000000 /dev/zero | tr ''\\0'' x'}\n"
        "  command: {function: command.run, args: [head, -c, 1500000, /dev/zero]}\n"
        "  small: {run: 'echo x'}\n",
    )

    assert [True, True, None] == [tasks[name].get("result_truncated") for name in ("big", "command", "small")]
    assert "the result was cut at 1 MiB; the log has all of it" == tasks["big"]["reason"]
    assert 1024 * 1024 == len(tasks["big"]["result"])


def test_function_in_a_process(cli: Cli) -> None:
    """`isolate: process` gives a function a process, a folder, an environment and an input of its own."""
    cli.write("own.py", _FUNCTIONS)
    tasks = _shown(
        cli,
        "  a: {function: './own.py:where', isolate: process, cwd: /, env: {COLOUR: red}, stdin: line}\n",
    )
    pid, *rest = tasks["a"]["result"]

    assert pid != os.getpid()
    assert ["/", "red", "line", "a"] == rest
