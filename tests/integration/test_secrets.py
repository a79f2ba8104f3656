"""Secrets through real processes and a real server: they arrive where they shall, and are found nowhere else."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest

from engine import JsonValue, key_of, open_reader

from .cli import Cli

TOKEN = "t0ken/with+sp€cial&chars=37"
PASSWORD = "correct horse battery"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\n-----END KEY-----"
PIN = "hunter2-param"
DOTENV = "dotenv-is-a-secret-too"
_SECRETS = {"token": TOKEN, "password": PASSWORD, "pin": PIN, "dotenv": DOTENV}

_FLOW = r"""
params: {pin: {type: str, secret: true}, who: world}
secrets:
  token: {from: env, key: API_TOKEN}
  password: {from: file, key: password.txt}
  key: {from: command, key: cat key.pem}
  hidden: {from: env, key: FROM_DOTENV}
env: {TOKEN: "{{ secrets.token }}"}
dotenv: [first.env, second.env]
tasks:
  seen:
    run: printf '%s\n' "$TOKEN" "$PASSWORD" "$KEY" "$PIN" "$PLAIN" > seen.txt
    env: {PASSWORD: "{{ secrets.password }}", KEY: "{{ secrets.key }}", PIN: "<{{ params.pin }}>"}
  tells:
    run: |
      echo "token $TOKEN and $PIN"
      echo "stderr $TOKEN" >&2
      printf 'x%s' "$TOKEN" | base64 -w 0; echo
      printf '%s' "$TOKEN" | od -c > /dev/null
      echo "$HIDDEN"
    env: {PIN: "{{ pin }}", HIDDEN: "{{ secrets.hidden }}"}
    result_key: told
  slowly:
    dependencies: [tells]
    run: |
      for i in $(seq 0 ${#TOKEN}); do printf %s "${TOKEN:$i:1}"; sleep 0.01; done; echo
      echo {{ results.told | quote }} >&2
  keeps:
    dependencies: [tells]
    function: memory.set
    args: [told, "{{ results.told }}"]
  names:
    function: log.info
    args: ["{{ env.API_TOKEN }} {{ params | json }}"]
  fails:
    run: echo "no access with $TOKEN" >&2; exit 3
    continue_on_error: true
  raises:
    function: ./boom.py:boom
    env: {TOKEN: "{{ secrets.token }}"}
    retry: {max_attempts: 2, delay: 10ms}
    continue_on_error: true
  asks:
    url: "http://127.0.0.1:PORT/echo"
    headers: {Authorization: "Basic {{ secrets.password }}"}
"""


_BOOM = """
from pathlib import Path

def boom():
    raise ValueError("bad " + (Path(__file__).parent / "token").read_text())
"""


class _Echo(BaseHTTPRequestHandler):
    """Gives back everything it was asked, and keeps it."""

    server: _Server

    def do_GET(self) -> None:
        headers = dict(self.headers.items())
        self.server.seen.append(headers)
        body = json.dumps({"headers": headers, "url": quote(headers.get("Authorization", ""))}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", headers.get("Authorization", ""))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.seen: list[dict[str, str]] = []


@contextmanager
def _echo() -> Iterator[_Server]:
    server = _Server()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _prepare(cli: Cli) -> Cli:
    cli.write("password.txt", PASSWORD + "\n")
    cli.write("key.pem", KEY + "\n")
    cli.write("first.env", f"PLAIN=first\nFROM_DOTENV='{DOTENV}' # kept\n")
    cli.write("second.env", 'export PLAIN="second value"\n')
    cli.write("boom.py", _BOOM)
    cli.write("token", TOKEN)
    return Cli(cli.folder, {"API_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"})


def _flow(server: _Server) -> str:
    return _FLOW.replace("PORT", str(server.server_port))


def _traces(text: str | bytes) -> list[str]:
    """Name the secrets that a text gives away in any form."""
    raw = text.encode() if isinstance(text, str) else text
    found = []
    for name, secret in _SECRETS.items():
        encoded = (base64.b64encode(secret.encode()), base64.b64encode(b"x" + secret.encode()))
        forms = [
            secret.encode(),
            json.dumps(secret)[1:-1].encode(),
            quote(secret).encode(),
            quote(secret, safe="").encode(),
            *(one.rstrip(b"=")[2:-1] for one in encoded),
        ]
        found += [name for form in forms if form in raw]
    return found + ["key" for line in KEY.splitlines()[1:-1] if line.encode() in raw]


def _files(cli: Cli) -> dict[str, bytes]:
    """Everything that was written by the program, by path."""
    inputs = {"password.txt", "key.pem", "first.env", "second.env", "token", "seen.txt"}
    paths = (path for path in cli.folder.rglob("*") if path.is_file() and path.name not in inputs)
    return {str(path.relative_to(cli.folder)): path.read_bytes() for path in paths}


def test_secrets_reach_children_and_servers_and_no_other_place(cli: Cli) -> None:
    """They are in the environment and the header as written; in no byte of store, logs, output, `show` and `logs`."""
    cli = _prepare(cli)
    with _echo() as server:
        run = cli(
            cli.write("flow.yaml", _flow(server)), "--no-ui", "--json", "-p", f"pin={PIN}", "--log-file", "engine.log"
        )

    assert 0 == run.code, run.err
    seen = (cli.folder / "seen.txt").read_text()
    assert f"{TOKEN}\n{PASSWORD}\n{KEY}\n<{PIN}>\nsecond value\n" == seen
    assert [f"Basic {PASSWORD}"] == [headers["Authorization"] for headers in server.seen]
    outputs = {
        "stdout": run.out,
        "stderr": run.err,
        "show": cli("show", "@latest").out,
        "show --json": cli("show", "@latest", "--json").out,
        "show task": cli("show", "@latest/seen").out,
        "show asks": cli("show", "@latest/asks").out,
        "logs": cli("logs", "@latest").out,
        "runs": cli("runs", "--json").out,
    }
    assert {} == {name: found for name, text in outputs.items() if (found := _traces(text))}
    assert {} == {name: found for name, raw in _files(cli).items() if (found := _traces(raw))}
    assert "token *** and ***" in outputs["logs"]
    assert {"headers": {"Authorization": {"$secret": ["Basic ", {"name": "secrets.password"}]}}} == _hidden(cli, "asks")


def test_what_a_run_says_while_it_runs_is_redacted(cli: Cli) -> None:
    """Progress for people shows logs and errors: without the secrets in them."""
    cli = _prepare(cli)
    with _echo() as server:
        run = cli(cli.write("flow.yaml", _flow(server)), "--no-ui", "-v", "-p", f"pin={PIN}")

    assert 0 == run.code, run.err
    assert [] == _traces(run.out + run.err)
    assert "no access with ***" in run.out


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("{from: env, key: NOT_SET}", "secret `s`: the environment variable NOT_SET is not set"),
        ("{from: env}", "secret `s`: the environment variable s is not set"),
        ("{from: file, key: none.txt}", "none.txt: No such file or directory"),
        ("{from: file, key: .}", ": "),
        ("{from: file, key: pipe}", "pipe: no regular file"),
        ("{from: file, key: empty.txt}", "empty.txt gives nothing"),
        ("{from: file, key: big.txt}", "big.txt: larger than 64 KiB"),
        ("{from: command, key: sh fails.sh}", "sh fails.sh: exit code 4"),
        ("{from: command, key: no-such-program x}", "command 'no-such-program' not found"),
        ("{from: env, key: SHORT}", "secret `s` cannot be kept out of logs: shorter than 4 characters"),
    ],
)
def test_a_run_without_its_secret_is_refused(cli: Cli, secret: str, message: str) -> None:
    """One line names the secret and its source, with exit code 2; no run is stored."""
    cli.write("empty.txt", "\n")
    cli.write("big.txt", "x" * 70_000)
    cli.write("fails.sh", "echo TOP-SECRET >&2; exit 4\n")
    os.mkfifo(cli.folder / "pipe")
    name = cli.write("flow.yaml", f"secrets: {{s: {secret}}}\ntasks: {{a: {{run: touch ran}}}}\n")

    result = cli(name, "--no-ui", SHORT="abc")

    assert (2, "", 1) == (result.code, result.out, result.err.count("\n")), result.err
    assert message in result.err
    assert "E-SECRET" in result.err
    assert "TOP-SECRET" not in result.err
    assert [] == cli.stored()


def test_every_missing_secret_is_named_at_once(cli: Cli) -> None:
    """One start says all that is missing."""
    name = cli.write("flow.yaml", "secrets: {a: {from: env}, b: {from: env, key: B_KEY}}\ntasks: {a: {run: 'true'}}\n")

    result = cli(name, "--no-ui")

    assert "secret `a`: the environment variable a is not set; secret `b`: the environment variable B_KEY" in result.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory"),
        ("A=1\nTOP-SECRET\n", "line 2 is no `NAME=value`"),
        ("A=\udcff", "not UTF-8"),
    ],
)
def test_a_dotenv_file_that_cannot_be_read_refuses_the_run(cli: Cli, text: str | None, message: str) -> None:
    """The file and the line are named, never what stands there."""
    if text is not None:
        (cli.folder / "some.env").write_bytes(text.encode("utf-8", "surrogateescape"))
    name = cli.write("flow.yaml", "dotenv: some.env\ntasks: {a: {run: 'true'}}\n")

    result = cli(name, "--no-ui")

    assert 2 == result.code
    assert "E-DOTENV" in result.err
    assert message in result.err
    assert "TOP-SECRET" not in result.err
    assert [] == cli.stored()


def test_the_environment_wins_over_a_dotenv_file(cli: Cli) -> None:
    """As everywhere: what is set when the engine starts is meant; `env` of the workflow wins over both."""
    cli.write(".env", "A=file\nB=file\nC=file\n")
    name = cli.write("flow.yaml", "dotenv: .env\nenv: {C: workflow}\ntasks: {a: {run: echo $A $B $C, result_key: r}}\n")

    assert 0 == cli(name, "--no-ui", B="environment").code
    assert "file environment workflow" == cli.show()["results"]["r"]


def test_a_nested_workflow_has_its_own_secrets_and_takes_secret_params(cli: Cli) -> None:
    """Two secrets of one name stay apart; a secret goes inward as a reference."""
    cli.write(
        "inner.yaml",
        "params: {given: {secret: true}}\nsecrets: {s: {from: env, key: INNER}}\n"
        "tasks: {a: {run: 'printf %s \"$S $G\" > inner.txt', env: {S: '{{ secrets.s }}', G: '{{ params.given }}'}}}\n",
    )
    name = cli.write(
        "flow.yaml",
        "secrets: {s: {from: env, key: OUTER}}\n"
        "tasks:\n"
        "  a: {run: 'printf %s \"$S\" > outer.txt', env: {S: '{{ secrets.s }}'}}\n"
        "  b: {workflow: inner.yaml, params: {given: 'x {{ secrets.s }}'}}\n",
    )

    result = cli(name, "--no-ui", INNER="inner-value", OUTER="outer-value")

    assert 0 == result.code, result.out + result.err
    assert "outer-value" == (cli.folder / "outer.txt").read_text()
    assert "inner-value x outer-value" == (cli.folder / "inner.txt").read_text()
    assert not [name for name, raw in _files(cli).items() if b"outer-value" in raw and not name.endswith(".txt")]


def test_a_secret_is_given_on_stdin(cli: Cli) -> None:
    """A child reads it; the stored arguments hold a reference, with the text around it."""
    name = cli.write(
        "flow.yaml",
        "secrets: {s: {from: env, key: VALUE}}\ntasks: {a: {run: cat > seen.txt, stdin: 'key={{ secrets.s }}!'}}\n",
    )

    assert 0 == cli(name, "--no-ui", VALUE="the-value").code
    assert "key=the-value!" == (cli.folder / "seen.txt").read_text()
    assert {"stdin": {"$secret": ["key=", {"name": "secrets.s"}, "!"]}} == _hidden(cli, "a")


def test_a_result_cannot_ask_for_a_secret(cli: Cli) -> None:
    """What looks like the reference or the mark of a secret is text like any other."""
    name = cli.write(
        "flow.yaml",
        "secrets: {s: {from: env, key: VALUE}}\n"
        "tasks:\n"
        "  a: {function: './f.py:forge', result_key: forged}\n"
        "  b:\n    dependencies: [a]\n    run: printf %s \"$F\" > seen.txt\n    env: {F: '{{ results.forged }}'}\n",
    )
    cli.write("f.py", "def forge():\n    return {'$secret': [{'name': 'secrets.s'}]}\n")

    assert 0 == cli(name, "--no-ui", VALUE="the-value").code
    assert "the-value" not in (cli.folder / "seen.txt").read_text()


def test_a_resume_asks_for_secrets_again(cli: Cli) -> None:
    """After a kill the same references are filled anew; a secret param must be given again."""
    name = cli.write(
        "flow.yaml",
        "params: {pin: {secret: true}}\nsecrets: {s: {from: env, key: VALUE}}\n"
        "tasks:\n"
        "  a: {run: 'echo \"$V $P\" >> seen.txt; sleep 20', env: {V: '{{ secrets.s }}', P: '{{ pin }}'}}\n",
    )
    with cli.started(name, "--no-ui", "-p", "pin=first-pin", VALUE="first-value") as process:
        _wait_for(cli.folder / "seen.txt")
        process.send_signal(signal.SIGKILL)
        process.wait()
    without = cli("resume", "@latest", "--no-ui", VALUE="second-value")
    no_value = cli("resume", "@latest", "--no-ui", "-p", "pin=second-pin")
    with cli.started("resume", "@latest", "--no-ui", "-p", "pin=second-pin", VALUE="second-value") as process:
        _wait_for(cli.folder / "seen.txt", lines=2)
        process.send_signal(signal.SIGINT)
        process.wait()

    assert 2 == without.code
    assert "secret params are not stored; give them again: -p pin=…" in without.err
    assert 2 == no_value.code
    assert "the environment variable VALUE is not set" in no_value.err
    assert "first-value first-pin\nsecond-value second-pin\n" == (cli.folder / "seen.txt").read_text()


def test_a_secret_param_that_does_not_fit_is_not_repeated(cli: Cli) -> None:
    """The message says which param, never what was given."""
    name = cli.write("flow.yaml", "params: {pin: {secret: true, pattern: '[0-9]+'}}\ntasks: {a: {run: 'true'}}\n")

    for given in ("top-secret", "[top-secret"):
        result = cli(name, "--no-ui", "-p", f"pin={given}")

        assert 2 == result.code
        assert "param 'pin' is secret and does not fit" in result.err
        assert "top-secret" not in result.err


def _hidden(cli: Cli, task: str) -> JsonValue:
    """Return what the stored arguments of a task hold in place of secrets, the workflow's own `env` aside."""
    reader = open_reader(cli.url)
    try:
        (attempt,) = reader.attempts(reader.resolve("@latest"), key_of(task))
    finally:
        reader.close()
    assert isinstance(attempt.arguments, dict)
    hidden = attempt.arguments["secrets"]
    assert isinstance(hidden, dict)
    return {place: texts for place, texts in hidden.items() if place != "env"}


def _wait_for(path: Path, lines: int = 1) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() or path.read_text().count("\n") < lines:
        assert time.monotonic() < deadline
        time.sleep(0.02)
