"""The secrets of one run while this process owns it. They come in before the run starts and leave in calls alone.

Everything that comes back from a call (its output, its result, its errors) goes through here before anyone sees it.
Nothing is cached between runs: a resume asks the sources again.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ..core.calls import Outcome, TaskCall
from ..core.events import MemoryChange
from ..core.ports import LogSink
from ..core.secret_text import filled, reference, secret_name
from ..definition.call_specs import SecretSpec
from ..definition.params import check_params
from ..definition.plan import ForeachSpec, Graph, ParallelSpec, Plan, WhileSpec, WorkflowSpec
from ..errors import TaskFailure, UsageError
from ..keys import JsonValue
from ..processes.results import text_or_failure
from ..processes.runner import Command, run_process
from ..utils.dotenv import parse_dotenv
from ..utils.redaction import SHORTEST, RedactedStream, Redactor

COMMAND_TIMEOUT_S: Final = 30.0
FILE_CAP: Final = 64 * 1024
"""Bytes of a file that holds a secret, of a dotenv file, and of what a command prints."""


class SecretVault:
    """Values by the names that calls refer to. Frozen after it is made; used on the engine's loop and in threads."""

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        *,
        dotenv: Mapping[str, Mapping[str, str]] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`values` by `secret_name`, `dotenv` by path; UsageError `E-SECRET` for a value that cannot be masked."""
        self._values: Final = dict(values or {})
        self._dotenv: Final = dict(dotenv or {})
        self._environment: Final = environment or {}
        self._redactor: Final = _redactor(self._values)

    @property
    def has_secrets(self) -> bool:
        """False where nothing is ever redacted."""
        return self._redactor is not None

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return text if self._redactor is None else self._redactor.text(text)

    def texts(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return named texts, such as an environment, without secrets."""
        return {name: self.text(text) for name, text in texts.items()}

    def fill(self, call: TaskCall) -> TaskCall:
        """Return the call as its executor gets it: with secrets, and with the variables of its dotenv files.

        A variable that the engine's own environment has too keeps that value.
        """
        if not call.secrets and not call.dotenv:
            return call
        files = {name: value for path in call.dotenv for name, value in self._dotenv[path].items()}
        env = {name: self._environment.get(name, value) for name, value in files.items()}
        env |= {**call.env, **self._filled(call, "env")}
        stdin = call.stdin
        if "stdin" in call.secrets:
            stdin = filled(call.secrets["stdin"], self._values)
        headers = self._filled(call, "headers")
        if not headers:
            return replace(call, env=env, stdin=stdin)
        given = call.kwargs.get("headers")
        merged: JsonValue = {**(given if isinstance(given, dict) else {}), **headers}
        return replace(call, env=env, stdin=stdin, kwargs={**call.kwargs, "headers": merged})

    def sink(self, log: LogSink) -> LogSink:
        """Return a log that never gets a secret to see."""
        return log if self._redactor is None else RedactingSink(log, self._redactor)

    def clean(self, outcome: Outcome) -> Outcome:
        """Return an outcome without secrets in its value, its error and what it changes in memory."""
        redactor = self._redactor
        if redactor is None:
            return outcome
        error = outcome.error
        if error is not None:
            error = replace(error, message=redactor.excerpt(error.message))
        value = clean_value(outcome.value, redactor)
        if outcome.truncated and isinstance(value, str):
            value = redactor.without_beginning(value)
        changes = tuple(
            MemoryChange(redactor.text(change.name), clean_value(change.value, redactor), change.deleted)
            for change in outcome.memory_changes
        )
        return replace(outcome, value=value, error=error, memory_changes=changes)

    def _filled(self, call: TaskCall, place: str) -> dict[str, str]:
        texts = call.secrets.get(place)
        return {name: filled(text, self._values) for name, text in texts.items()} if isinstance(texts, dict) else {}


class RedactingSink:
    """The port `LogSink` in front of another one."""

    def __init__(self, log: LogSink, redactor: Redactor) -> None:
        self._log = log
        self._redactor = redactor
        self._guard = threading.Lock()
        """Guards the streams: the loop and worker threads write, and what is held back must keep its order."""
        self._streams: dict[str, RedactedStream] = {}

    def write(self, data: bytes, stream: str = "stdout") -> None:
        """Append raw output; an end that could begin a secret waits for what follows."""
        with self._guard:
            redacted = self._streams.get(stream)
            if redacted is None:
                redacted = self._streams[stream] = RedactedStream(self._redactor)
            shown = redacted.feed(data)
            if shown:
                self._log.write(shown, stream)

    def line(self, level: str, text: str) -> None:
        """Append a line, or several."""
        self._log.line(level, self._redactor.text(text))

    def close(self) -> None:
        """Write what was held back and close."""
        with self._guard:
            for name, stream in self._streams.items():
                rest = stream.finish()
                if rest:
                    self._log.write(rest, name)
            self._streams.clear()
            self._log.close()


def clean_value(value: JsonValue, redactor: Redactor) -> JsonValue:
    """Return a value without secrets, keys of maps included; a number that is one becomes text."""
    match value:
        case None | bool():
            return value
        case str():
            return redactor.text(value)
        case int() | float():
            shown = repr(value)
            cleaned = redactor.text(shown)
            return value if cleaned is shown else cleaned
        case list():
            return [clean_value(item, redactor) for item in value]
        case dict():
            return {redactor.text(key): clean_value(item, redactor) for key, item in value.items()}


def hide_params(plan: Plan, params: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """Split checked params into what is stored, secret ones as references, and the texts of the secret ones."""
    stored, hidden = dict(params), {}
    for name in plan.secret_params:
        value = params.get(name)
        if value is not None:
            hidden[name] = value if isinstance(value, str) else str(value)
            stored[name] = reference(secret_name("params", name, plan, plan))
    return stored, hidden


async def open_vault(plan: Plan, params: Mapping[str, str], environment: Mapping[str, str]) -> SecretVault:
    """Ask every source of the workflow and of those inside it; `params` are the texts of the secret params.

    UsageError: `E-SECRET` names each secret that cannot be had, `E-DOTENV` a dotenv file that cannot be read.
    """
    plans = list({id(inner): inner for inner in _plans(plan)}.values())
    dotenv = {path: _read_dotenv(path) for inner in plans for path in inner.dotenv}
    sources = [
        (secret_name("secrets", spec.name, inner, plan), spec, _Source(inner, environment, dotenv))
        for inner in plans
        for spec in inner.secrets.values()
    ]
    values = {secret_name("params", name, plan, plan): text for name, text in params.items()}
    answers = await asyncio.gather(*(source.ask(spec) for _, spec, source in sources), return_exceptions=True)
    refused: list[str] = []
    for (name, spec, _), answer in zip(sources, answers, strict=True):
        if isinstance(answer, str):
            values[name] = answer
        elif isinstance(answer, _NotThereError):
            refused.append(f"secret `{spec.name}`: {answer}")
        else:
            raise answer
    if refused:
        raise UsageError("E-SECRET", "; ".join(refused))
    return SecretVault(values, dotenv=dotenv, environment=environment)


async def reopen_vault(
    plan: Plan, stored: Mapping[str, JsonValue], given: Mapping[str, JsonValue], environment: Mapping[str, str]
) -> SecretVault:
    """Do the same for a stored run, whose params are `stored`: what was given by hand must be given by hand again."""
    for name in given:
        if name not in plan.secret_params:
            raise UsageError("E-PARAM", f"only secret params can be given to a resume, not {name!r}")
    needed = [name for name in plan.params if name in plan.secret_params and stored.get(name) is not None]
    missing = [name for name in needed if given.get(name) is None]
    if missing:
        names = ", ".join(f"-p {name}=…" for name in missing)
        raise UsageError("E-SECRET", f"secret params are not stored; give them again: {names}")
    wanted = {name: given[name] for name in needed}
    _, hidden = hide_params(plan, check_params({name: plan.params[name] for name in needed}, wanted))
    return await open_vault(plan, hidden, environment)


class _NotThereError(Exception):
    """A source has no such secret; the text says why, without any of its values."""


class _Source:
    """Gets the secrets of one workflow."""

    def __init__(self, plan: Plan, environment: Mapping[str, str], dotenv: Mapping[str, Mapping[str, str]]) -> None:
        files = {name: value for path in plan.dotenv for name, value in dotenv[path].items()}
        self._environment = {**files, **environment}
        self._folder = plan.folder

    async def ask(self, spec: SecretSpec) -> str:
        """Return the value; _NotThereError where there is none."""
        if spec.source == "env":
            value = self._environment.get(spec.key, "")
            if not value:
                raise _NotThereError(f"the environment variable {spec.key} is not set")
            return value
        try:
            value = _read(spec.key) if spec.source == "file" else await self._output(spec.key)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise _NotThereError(f"{spec.key}: {reason}") from error
        value = value.rstrip("\r\n")
        if not value:
            raise _NotThereError(f"{spec.key} gives nothing")
        return value

    async def _output(self, command: str) -> str:
        """Run a command without a shell; what it says on stderr is not repeated, for it may tell too much."""
        argv = tuple(shlex.split(command))
        if not argv:
            raise ValueError("there is no command")
        try:
            result = await run_process(
                Command(argv=argv, env=self._environment, cwd=self._folder, timeout_s=COMMAND_TIMEOUT_S, grace_s=1.0),
                _NoLog(),
                lambda _pid, _started: None,
            )
            if result.timed_out:
                raise ValueError(f"not done after {COMMAND_TIMEOUT_S:g} s")
            if result.cancelled:
                raise asyncio.CancelledError
            text = text_or_failure(replace(result, stderr_tail=b""), _NoLog())
        except TaskFailure as failure:
            raise ValueError(failure.message) from failure
        if len(result.stdout) > FILE_CAP:
            raise ValueError(f"prints more than {FILE_CAP // 1024} KiB")
        return text


class _NoLog:
    """The port `LogSink` that keeps nothing."""

    def write(self, data: bytes, stream: str = "stdout") -> None: ...

    def line(self, level: str, text: str) -> None: ...

    def close(self) -> None: ...


def _redactor(values: Mapping[str, str]) -> Redactor | None:
    for name, value in values.items():
        try:
            Redactor([value])
        except ValueError as error:
            kind, _, plain = name.partition("@")[0].partition(".")
            what = "param" if kind == "params" else "secret"
            hint = f"; use one of {SHORTEST} characters or more" if len(value) < SHORTEST else ""
            message = f"{what} `{plain}` cannot be kept out of logs: {error}{hint}"
            raise UsageError("E-SECRET", message) from None
    return Redactor(values.values()) if values else None


def _read_dotenv(path: str) -> dict[str, str]:
    try:
        return parse_dotenv(_read(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError("E-DOTENV", f"the dotenv file {path} cannot be read: {reason}") from error


def _read(path: str) -> str:
    """Read a small regular file; a pipe or a device is never waited for."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("no regular file")
        data = file.read(FILE_CAP + 1)
    if len(data) > FILE_CAP:
        raise ValueError(f"larger than {FILE_CAP // 1024} KiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None


def _plans(plan: Plan) -> Iterator[Plan]:
    """Yield a workflow and those inside it, at any depth."""
    yield plan
    waiting: list[Graph] = [plan.root]
    while waiting:
        for node in waiting.pop().nodes:
            match node.spec:
                case WorkflowSpec(plan=nested):
                    yield from _plans(nested)
                case ForeachSpec(body=body) | WhileSpec(body=body):
                    waiting.append(body)
                case ParallelSpec(inline=inline):
                    waiting.extend(inline.values())
                case _:
                    pass
