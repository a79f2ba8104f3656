from __future__ import annotations

import pytest

from engine.core.calls import Outcome, TaskCall
from engine.core.events import MemoryChange
from engine.errors import ErrorInfo, UsageError
from engine.keys import JsonValue, RunId, key_of
from engine.runtime.vault import SecretVault

TOKEN = "s3cr3t-T0ken"
_VAULT = SecretVault(
    {"secrets.token": TOKEN}, dotenv={"/.env": {"A": "file", "B": "file"}}, environment={"B": "engine"}
)


def _call(**more: object) -> TaskCall:
    return TaskCall(run_id=RunId("run"), key=key_of("a"), attempt=1, runtime="shell", **more)  # type: ignore[arg-type]  # built from plain data


def _outcome(value: JsonValue = None, **more: object) -> Outcome:
    return Outcome(key=key_of("a"), attempt=1, status="succeeded", value=value, **more)  # type: ignore[arg-type]  # the same


class _Log:
    def __init__(self) -> None:
        self.written: list[tuple[str, bytes]] = []
        self.is_closed = False

    def write(self, data: bytes, stream: str = "stdout") -> None:
        self.written.append((stream, data))

    def line(self, level: str, text: str) -> None:
        self.write(text.encode(), level)

    def close(self) -> None:
        self.is_closed = True


def test_a_call_gets_its_values_when_it_is_handed_over() -> None:
    """Environment, headers and stdin are filled; the call that was saved is another one."""
    text: JsonValue = {"$secret": ["Bearer ", {"name": "secrets.token"}]}
    call = _call(
        env={"X": "y", "C": "call"},
        kwargs={"headers": {"Accept": "a/b"}, "url": "u"},
        secrets={"env": {"T": text}, "headers": {"Authorization": text}, "stdin": text},
        dotenv=("/.env",),
    )

    filled = _VAULT.fill(call)

    assert {"A": "file", "B": "engine", "C": "call", "X": "y", "T": f"Bearer {TOKEN}"} == filled.env
    assert {"headers": {"Accept": "a/b", "Authorization": f"Bearer {TOKEN}"}, "url": "u"} == filled.kwargs
    assert f"Bearer {TOKEN}" == filled.stdin
    assert TOKEN not in repr(call)


def test_a_call_without_secrets_is_left_alone() -> None:
    """Nothing is copied."""
    call = _call(env={"A": "b"})

    assert _VAULT.fill(call) is call


def test_an_outcome_is_redacted_to_its_last_leaf() -> None:
    """Keys of maps and numbers count; what is harmless keeps its type."""
    vault = SecretVault({"secrets.a": TOKEN, "secrets.b": "12345678"})
    value: JsonValue = {"a": [f"<{TOKEN}>", 12345678, 7, 1.5, None, True], TOKEN: "x"}

    cleaned = vault.clean(_outcome(value, memory_changes=(MemoryChange(TOKEN, [TOKEN]),)))

    assert {"a": ["<***>", "***", 7, 1.5, None, True], "***": "x"} == cleaned.value
    assert (MemoryChange("***", ["***"]),) == cleaned.memory_changes


def test_what_was_cut_gives_no_piece_away() -> None:
    """An error quotes the end of stderr, a result may be only the beginning of the output."""
    error = ErrorInfo(code="E-EXIT", message=f"exit code 1: …{TOKEN[3:]} is wrong")

    assert "exit code 1: …*** is wrong" == (_VAULT.clean(_outcome(error=error)).error or error).message
    assert "x ***" == _VAULT.clean(_outcome(f"x {TOKEN[:8]}", truncated=True)).value
    assert f"x {TOKEN[:8]}" == _VAULT.clean(_outcome(f"x {TOKEN[:8]}")).value


def test_each_stream_of_a_log_is_redacted_by_itself() -> None:
    """A secret in pieces is found although another stream wrote in between; what is held is written at the end."""
    log = _Log()
    sink = _VAULT.sink(log)
    for data, stream in ((TOKEN[:4], "stdout"), ("other", "stderr"), (TOKEN[4:] + " s3cr", "stdout")):
        sink.write(data.encode(), stream)
    sink.line("info", f"<{TOKEN}>")
    sink.close()

    assert [("stderr", b"other"), ("stdout", b"*** "), ("info", b"<***>"), ("stdout", b"s3cr")] == log.written
    assert log.is_closed


def test_a_run_without_secrets_pays_nothing() -> None:
    """Log, texts and outcomes are what they were."""
    vault, log, outcome = SecretVault(), _Log(), _outcome([TOKEN])

    assert not vault.has_secrets
    assert vault.sink(log) is log
    assert vault.clean(outcome) is outcome


def test_a_value_that_cannot_be_masked_is_named_and_not_told() -> None:
    """A secret of three letters would tear holes into every text."""
    with pytest.raises(UsageError) as caught:
        SecretVault({"params.pin@0123456789ab": "abc"})

    assert "E-SECRET" == caught.value.code
    assert "param `pin` cannot be kept out of logs: shorter than 4 characters" in caught.value.message
    assert "abc" not in caught.value.message.replace("0123456789ab", "")
