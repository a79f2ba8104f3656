"""What people type: one clear line for a mistake, nothing run; and what `--run-id`, `-p` and RUN mean."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from .cli import Cli

_FLOW = """
params: {size: 3, who: {type: str, required: true}}
variables: {colour: red, on: 1}
tasks:
  tell: {function: log.info, args: ["{{ who }} {{ size }} {{ colour }}"]}
  keep: {function: memory.set, args: [size, "{{ size }}"]}
"""

_MISTAKES: dict[str, tuple[Sequence[str], str]] = {
    "unknown verb": (["rnus"], "there is no verb or file 'rnus'; did you mean 'runs'?"),
    "missing file": (["missing.yaml", "--no-ui"], "there is no file 'missing.yaml'"),
    "unknown option": (["flow.yaml", "--no-iu"], "No such option '--no-iu'"),
    "option without its value": (["flow.yaml", "-p"], "Option '-p' requires an argument."),
    "one word too many": (["flow.yaml", "runs", "--no-ui"], "Got unexpected extra argument (runs)"),
    "no key=value": (["flow.yaml", "--no-ui", "-p", "size"], "-p takes key=value, not 'size'"),
    "unknown name": (
        ["flow.yaml", "--no-ui", "-p", "siez=1"],
        "neither a param nor a variable 'siez'; did you mean 'size'?",
    ),
    "missing param": (["flow.yaml", "--no-ui"], "who"),
    "no YAML value": (["flow.yaml", "--no-ui", "-p", "size=[1"], "'[1' is no YAML value"),
    "bad run id": (["flow.yaml", "--no-ui", "-p", "who=x", "--run-id", "../up"], "../up"),
    "no terminal": ([], "the UI needs a terminal"),
    "options without a file": (["--no-start"], "need a workflow file"),
    "headless without running": (["flow.yaml", "--no-ui", "--no-start"], "--no-start opens the UI"),
    "loud and quiet": (["flow.yaml", "--no-ui", "-v", "-q"], "-v and -q exclude each other"),
    "JSON in the UI": (["flow.yaml", "--ui", "--json"], "--json and --ui exclude each other"),
    "unwritable log": (
        ["flow.yaml", "--no-ui", "-p", "who=x", "--log-file", "/dev/null/x"],
        "cannot write /dev/null/x",
    ),
    "no file to validate": (["validate"], "Missing argument 'FLOW.yaml…'."),
    "unknown run": (["show", "nope"], "no run 'nope'"),
    "no run yet": (["show", "@latest"], "no run"),
    "unknown run to resume": (["resume", "nope", "--no-ui"], "no run 'nope'"),
    "unknown run with a task": (["logs", "nope", "tell"], "no run 'nope'"),
}


@pytest.mark.parametrize(("arguments", "message"), _MISTAKES.values(), ids=_MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(cli: Cli, arguments: Sequence[str], message: str) -> None:
    """There is one line on stderr that says what is wrong, nothing on stdout; no run is stored."""
    cli.write("flow.yaml", _FLOW)

    result = cli(*arguments)

    assert (2, "") == (result.code, result.out)
    assert message in result.err
    assert result.err.startswith("highway-tui: ")
    assert 1 == result.err.count("\n"), result.err
    assert [] == cli.stored()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("broken.yaml", "tasks: [1, 2\n", "E-YAML"),
        ("empty.yaml", "", "E-EMPTY"),
        ("cycle.yaml", "tasks: {a: {run: 'true', needs: [b]}, b: {run: 'true', needs: [a]}}", "E-CYCLE"),
        ("tag.yaml", "tasks: !!python/object:os.system {}\n", "E-TAG"),
        ("later.yaml", "tasks: {a: {image: alpine, stdin: x}}\n", "E-NOT-YET"),
    ],
)
def test_an_invalid_file_runs_nothing(cli: Cli, name: str, text: str, code: str) -> None:
    """The problems go to stderr with their places, the exit code is 2, no run is stored."""
    result = cli(cli.write(name, text), "--no-ui")

    assert (2, "") == (result.code, result.out)
    assert f"error {code}: " in result.err
    assert result.err.startswith(f"{name}:")
    assert "Traceback" not in result.err
    assert [] == cli.stored()


def test_what_is_no_file_is_said(cli: Cli) -> None:
    """A directory and a named pipe are named for what they are, by `validate` as by a run."""
    (cli.folder / "folder.yaml").mkdir()
    os.mkfifo(cli.folder / "pipe.yaml")

    validated = cli("validate", "folder.yaml", "pipe.yaml", "missing.yaml")
    run = cli("folder.yaml", "--no-ui")

    assert (2, 2) == (validated.code, run.code)
    assert [
        "folder.yaml:1:1: error E-FILE: the file cannot be read: it is a directory",
        "pipe.yaml:1:1: error E-FILE: the file cannot be read: it is a named pipe",
        "missing.yaml:1:1: error E-FILE: the file does not exist",
    ] == [line for line in validated.out.splitlines() if "E-FILE" in line]
    assert "it is a directory" in run.err


def test_strict_takes_warnings_for_errors(cli: Cli) -> None:
    """A warning leaves exit code 0, and gives 2 under `--strict`."""
    cli.write("warns.yaml", "variables: {x: 1}\ntasks: {a: {run: 'echo {{ variables.x }}'}}\n")

    lenient, strict = cli("validate", "warns.yaml"), cli("validate", "warns.yaml", "--strict")

    assert (0, 2) == (lenient.code, strict.code)
    assert "warning W-SPLICE" in lenient.out
    assert "warns.yaml: valid, 1 warning\n" in lenient.out


def test_values_are_read_as_yaml(cli: Cli) -> None:
    """`-p` sets a param, else a variable; YAML 1.2 as in files: numbers are numbers, `on` is text, quotes keep text."""
    cli.write("flow.yaml", _FLOW)

    given = ("-p", "size=[1, {a: 2}]", "-p", "who='7'", "-p", "colour=on")
    assert 0 == cli("flow.yaml", "--no-ui", *given).code

    shown = cli.show()
    assert {"size": [1, {"a": 2}]} == shown["memory"]
    assert {"colour": "on", "on": 1} == shown["variables"]
    assert "7 [1, {'a': 2}] on" in cli("logs", "@latest").out


def test_a_param_that_does_not_fit_is_refused(cli: Cli) -> None:
    """Params are checked before the run exists."""
    cli.write("typed.yaml", "params: {n: {type: int, max: 3, default: 1}}\ntasks: {a: {run: 'true'}}\n")

    text, large = cli("typed.yaml", "--no-ui", "-p", "n=many"), cli("typed.yaml", "--no-ui", "-p", "n=9")

    assert (2, 2) == (text.code, large.code)
    assert (1, 1) == (text.err.count("\n"), large.err.count("\n"))
    assert [] == cli.stored()


def test_a_run_is_named_by_prefix_and_latest(cli: Cli) -> None:
    """RUN is an id, a beginning of one id only, or `@latest`; a beginning of several is a mistake that names them."""
    cli.write("ok.yaml", "tasks: {a: {run: 'true'}}\n")
    for name in ("abc-1", "abc-2", "xyz"):
        assert 0 == cli("ok.yaml", "--no-ui", "--run-id", name).code

    ambiguous = cli("show", "abc")

    assert ("xyz", "xyz") == (cli.show("x")["run"]["id"], cli.show("@latest")["run"]["id"])
    assert "abc-1" == cli.show("abc-1")["run"]["id"]
    assert 2 == ambiguous.code
    assert "abc-1" in ambiguous.err
    assert "abc-2" in ambiguous.err


def test_the_id_of_a_succeeded_run_reports_it(cli: Cli) -> None:
    """`--run-id` of a run that succeeded, and `resume` of it, say so, run nothing again and exit 0."""
    cli.write("once.yaml", "tasks: {a: {run: 'echo once >> ledger'}}\n")
    cli("once.yaml", "--no-ui", "--run-id", "it")

    again, resumed = cli("once.yaml", "--no-ui", "--run-id", "it"), cli("resume", "it", "--no-ui")

    assert (0, 0) == (again.code, resumed.code)
    assert "run it succeeded" in again.out
    assert "run it succeeded" in resumed.out
    assert "once\n" == (cli.folder / "ledger").read_text(encoding="utf-8")
    assert ["it"] == cli.stored()


def test_the_id_of_a_failed_run_resumes_it(cli: Cli) -> None:
    """`--run-id` of a run that failed goes on with its failed part, by the definition it was started with."""
    cli.write("flow.yaml", "tasks: {a: {run: 'echo a >> ledger'}, b: {run: 'cat missing', needs: [a]}}\n")
    failed = cli("flow.yaml", "--no-ui", "--run-id", "it")
    cli.write("missing", "here now")
    cli.write("flow.yaml", "tasks: {other: {run: 'exit 1'}}\n")

    resumed = cli("flow.yaml", "--no-ui", "--run-id", "it")

    assert (1, 0) == (failed.code, resumed.code)
    assert "definition it was started with" in resumed.err
    assert "a\n" == (cli.folder / "ledger").read_text(encoding="utf-8")
    assert {"a": "succeeded", "b": "succeeded"} == cli.statuses("it")


def test_values_of_a_known_run_stay(cli: Cli) -> None:
    """The same command again resumes silently; other values for a run that exists are not used, and that is said."""
    text = "params: {n: 1}\ntasks: {a: {run: 'echo $N; cat missing', env: {N: '{{ n }}'}}}\n"
    cli.write("flow.yaml", text)
    command = ("flow.yaml", "--no-ui", "--run-id", "it", "-v")
    assert 1 == cli(*command, "-p", "n=2").code

    same, other = cli(*command, "-p", "n=2"), cli(*command, "-p", "n=3")

    assert ("", True) == (same.err, "keeps the params" in other.err)
    assert "a | 2" in other.out
    assert "a | 3" not in other.out


def test_the_store_may_be_anywhere(cli: Cli) -> None:
    """`--db` wins over HIGHWAY_DB, takes a plain path too, and missing folders are made."""
    cli.write("ok.yaml", "tasks: {a: {run: 'true'}}\n")

    assert 0 == cli("ok.yaml", "--no-ui", "--db", "deep/er/other.db").code

    assert [] == cli.stored()
    assert 1 == len(cli("runs", "--json", "--db", f"sqlite:///{cli.folder}/deep/er/other.db").data["runs"])


def test_the_engine_log_is_a_private_file(cli: Cli) -> None:
    """The engine's own log goes to a file of mode 0600, in the state folder or where `--log-file` says."""
    cli.write("ok.yaml", "tasks: {a: {run: 'true'}}\n")

    assert 0 == cli("ok.yaml", "--no-ui").code
    assert 0 == cli("ok.yaml", "--no-ui", "--log-file", "own.log").code

    for file in (cli.folder / "state" / "highway-tui" / "highway-tui.log", cli.folder / "own.log"):
        assert 0o600 == file.stat().st_mode & 0o777
