from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine.core.calls import Outcome
from engine.keys import JsonValue
from engine.tools.fetch import BODY_CAP

from ..contract.executor_bench import Bench, run
from .standin import API_HOST, StandIn


class _Handler(BaseHTTPRequestHandler):
    """Answers by path; `/echo` says what it was asked."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        kind, _, rest = self.path.lstrip("/").partition("/")
        match kind.partition("?")[0]:
            case "echo":
                seen = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body}
                self._send(200, json.dumps(seen).encode(), "application/json")
            case "status":
                self._send(int(rest), b"", "text/plain")
            case "text":
                self._send(200, rest.encode(), "text/plain")
            case "json":
                self._send(200, self.server.body, "application/problem+json; charset=utf-8")
            case "typed":
                self._send(200, self.server.body, self.server.kind)
            case "to":
                self._send(302, b"", "text/plain", {"Location": self.server.target or "/" + rest})
            case "round":
                self._send(302, b"", "text/plain", {"Location": "/round"})
            case "cookie":
                self._send(200, b"", "text/plain", {"Set-Cookie": "session=1; Path=/"})
            case "gzip":
                self._send(200, self.server.body, "text/plain", {"Content-Encoding": "gzip"})
            case "slow":
                self.server.released.wait(30)
                self.close_connection = True
            case _:
                self.close_connection = True  # no answer at all

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class Server(ThreadingHTTPServer):
    """A server on loopback whose answers a test sets."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.released = threading.Event()
        self.body = b""
        self.kind = ""
        self.target = ""
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no event."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve until the end of the block."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """One server, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as running:
        yield running


def fetch(tool: str, *args: JsonValue, timeout_s: float | None = None, **kwargs: Any) -> tuple[Outcome, str]:
    """Call a fetch tool once, and return its outcome and its log."""
    kept: list[tuple[Outcome, str]] = []

    async def test(tools: Bench) -> None:
        call = tools.call("inline", function=f"fetch.{tool}", args=args, kwargs=kwargs, timeout_s=timeout_s)
        kept.append((await tools.run(call), tools.log.text("info")))

    run(test)
    return kept[0]


def value(outcome: Outcome) -> dict[str, Any]:
    """Return the result, which must be one."""
    assert outcome.error is None, outcome.error
    assert isinstance(outcome.value, dict)
    return outcome.value


def error(outcome: Outcome) -> tuple[str, str]:
    """Return code and message of a failure."""
    assert outcome.status == "failed"
    assert outcome.error is not None
    return outcome.error.code, outcome.error.message


def test_result_has_the_promised_shape(server: Server) -> None:
    """`{status, data, headers, url, elapsed}`, JSON parsed, header names in lower case."""
    server.body = b'{"a": [1, null]}'
    outcome, log = fetch("get", f"{server.url}/json?token=secret")
    result = value(outcome)

    assert ["status", "data", "headers", "url", "elapsed"] == list(result)
    assert (200, {"a": [1, None]}) == (result["status"], result["data"])
    assert result["headers"]["content-type"] == "application/problem+json; charset=utf-8"
    assert result["url"] == f"{server.url}/json?token=secret"
    assert 0 < result["elapsed"] < 10
    assert log.startswith(f"GET {server.url}/json → 200, 16 bytes in ")
    assert "secret" not in log


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_method_of_each_tool(server: Server, method: str) -> None:
    """Each tool sends its method."""
    assert value(fetch(method, f"{server.url}/echo")[0])["data"]["method"] == method.upper()


@pytest.mark.parametrize(
    ("options", "body", "kind"),
    [
        ({"json": {"ü": 1}}, '{"ü":1}', "application/json"),
        ({"json": None}, "null", "application/json"),
        ({"data": {"a": "1 2", "b": 3}}, "a=1+2&b=3", "application/x-www-form-urlencoded"),
        ({"data": "as it is"}, "as it is", None),
        ({"json": 1, "headers": {"content-type": "application/vnd.x+json"}}, "1", "application/vnd.x+json"),
    ],
    ids=["json", "json null", "form", "text", "own type"],
)
def test_body_is_sent_as_asked(server: Server, options: dict[str, Any], body: str, kind: str | None) -> None:
    """`json`, a form and a text are three bodies; only `json` and forms name their type."""
    seen = value(fetch("request", "POST", f"{server.url}/echo", **options)[0])["data"]

    assert (body, kind) == (seen["body"], {k.lower(): v for k, v in seen["headers"].items()}.get("content-type"))


def test_params_and_headers_are_sent(server: Server) -> None:
    """`params` join the query, `headers` the request; numbers are written as text."""
    outcome, _ = fetch("get", f"{server.url}/echo?a=1", params={"b": "2 3"}, headers={"X-Number": 7})
    seen = value(outcome)["data"]

    assert seen["path"] == "/echo?a=1&b=2+3" or seen["path"] == "/echo?a=1&b=2%203"
    assert seen["headers"]["X-Number"] == "7"


@pytest.mark.parametrize("status", [204, 404, 500])
def test_any_status_is_a_result(server: Server, status: int) -> None:
    """Only no answer is a failure."""
    assert value(fetch("get", f"{server.url}/status/{status}")[0])["status"] == status


def test_unexpected_status_fails_where_one_was_expected(server: Server) -> None:
    """`expect_status` takes one status or several."""
    assert value(fetch("get", f"{server.url}/status/404", expect_status=[200, 404])[0])["status"] == 404
    assert error(fetch("get", f"{server.url}/status/404", expect_status=200)[0]) == (
        "E-STATUS",
        f"GET {server.url}/status/404 answered 404, not 200",
    )


@pytest.mark.parametrize(
    ("kind", "body", "data"),
    [
        ("application/json", b"{broken", "{broken"),
        ("application/json", b'{"a": NaN}', '{"a": NaN}'),
        ("text/plain", b'{"a": 1}', '{"a": 1}'),
        ("text/plain; charset=latin-1", b"gr\xfc\xdfe", "grüße"),
        ("text/plain; charset=no-such", "grüße".encode(), "grüße"),
        ("text/plain; charset=punycode", b"abc-", "abc-"),
        ("application/octet-stream", b"\xff\x00a", "\ufffd\x00a"),
    ],
)
def test_data_is_json_or_text(server: Server, kind: str, body: bytes, data: str) -> None:
    """What calls itself JSON and is none is text; text that no charset explains is read as UTF-8."""
    server.kind, server.body = kind, body

    assert value(fetch("get", f"{server.url}/typed")[0])["data"] == data


def test_redirects_are_followed_ten_times(server: Server) -> None:
    """The last URL is reported; an endless circle is no answer."""
    assert value(fetch("get", f"{server.url}/to/text/there")[0])["url"] == f"{server.url}/text/there"
    assert error(fetch("get", f"{server.url}/round")[0]) == (
        "E-FETCH",
        f"GET {server.url}/round: more than 10 redirects",
    )


def test_credentials_do_not_follow_to_another_origin(server: Server) -> None:
    """Authorization, cookies and headers of the author's own stay with the origin they were meant for."""
    headers: JsonValue = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k", "Accept": "text/x"}
    with serving() as other:
        server.target = f"{other.url}/echo"
        foreign = value(fetch("get", f"{server.url}/to/", headers=headers)[0])["data"]["headers"]
    server.target = ""
    own = value(fetch("get", f"{server.url}/to/echo", headers=headers)[0])["data"]["headers"]

    lower = {name.lower(): text for name, text in foreign.items()}
    assert lower["accept"] == "text/x"
    assert {"authorization", "cookie", "x-api-key"}.isdisjoint(lower)
    assert {"authorization", "x-api-key"} <= {name.lower() for name in own}


def test_password_in_a_url_is_used_and_never_shown(server: Server) -> None:
    """`user:password@` becomes a header; result, log and errors do without it."""
    outcome, log = fetch("get", server.url.replace("//", "//me:secret@") + "/echo")
    failed, _ = fetch("get", server.url.replace("//", "//me:secret@") + "/status/404", expect_status=200)

    assert value(outcome)["data"]["headers"]["Authorization"].startswith("Basic ")
    assert "secret" not in value(outcome)["url"] + log + error(failed)[1]


def test_cookies_are_not_carried_over(server: Server) -> None:
    """What one task was given, another one does not send."""
    kept: list[Outcome] = []

    async def test(tools: Bench) -> None:
        await tools.run(tools.call("inline", function="fetch.get", args=(f"{server.url}/cookie",)))
        kept.append(await tools.run(tools.call("inline", function="fetch.get", args=(f"{server.url}/echo",))))

    run(test)
    assert "Cookie" not in value(kept[0])["data"]["headers"]


@pytest.mark.parametrize("packed", [False, True])
def test_body_over_the_cap_fails(server: Server, packed: bool) -> None:
    """The cap counts unpacked bytes, so a small packed body cannot fill the memory."""
    body = b"x" * (BODY_CAP + 1)
    server.kind, server.body = "text/plain", gzip.compress(body) if packed else body
    path = "gzip" if packed else "typed"

    assert error(fetch("get", f"{server.url}/{path}")[0]) == (
        "E-TOO-LARGE",
        f"GET {server.url}/{path}: the body is larger than 16 MiB",
    )


def test_no_answer_is_a_retryable_failure(server: Server) -> None:
    """Refused, closed, unknown: the task fails with the reason, and may be tried again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    refused, _ = fetch("get", f"http://127.0.0.1:{port}/a?b=c")
    dropped, _ = fetch("get", f"{server.url}/nothing")

    assert error(refused) == ("E-FETCH", f"GET http://127.0.0.1:{port}/a: Connection refused")
    assert error(dropped)[0] == "E-FETCH"
    assert refused.error is not None
    assert refused.error.retryable


def test_own_timeout_is_no_answer_and_the_tasks_is_a_timeout(server: Server) -> None:
    """`timeout` of the tool fails the task; the task's own ends it as timed out."""
    own, _ = fetch("get", f"{server.url}/slow", timeout=0.2)
    tasks, _ = fetch("get", f"{server.url}/slow", timeout_s=0.2)

    assert error(own) == ("E-FETCH", f"GET {server.url}/slow: no answer within 0.2 s")
    assert tasks.status == "timed_out"


def test_cancel_ends_a_request_at_once(server: Server) -> None:
    """Nobody waits for a slow server."""

    async def test(tools: Bench) -> None:
        call = asyncio.create_task(tools.run(tools.call("inline", function="fetch.get", args=(f"{server.url}/slow",))))
        started = time.monotonic()
        await asyncio.wait({call}, timeout=0.3)
        call.cancel()

        assert (await call).status == "cancelled"
        assert time.monotonic() - started < 5

    run(test)


@pytest.mark.parametrize(
    ("url", "options", "code", "message"),
    [
        ("file:///etc/passwd", {}, "E-FETCH-SCHEME", "only http: and https: are fetched, not file:"),
        ("example.test/a", {}, "E-FETCH-SCHEME", "only http: and https: are fetched, not a URL without scheme"),
        ("http://", {}, "E-ARGUMENTS", "the URL names no host"),
        (7, {}, "E-ARGUMENTS", "no valid request: "),
        ("http://a:b:c/", {}, "E-ARGUMENTS", "no valid request: "),
        ("http://127.0.0.1", {"verify": False}, "E-ARGUMENTS", "unknown argument verify; there are data, "),
        ("http://127.0.0.1", {"json": 1, "data": "x"}, "E-ARGUMENTS", "give json or data, not both"),
        ("http://127.0.0.1", {"headers": ["a"]}, "E-ARGUMENTS", "headers are a map"),
        ("http://127.0.0.1", {"timeout": 0}, "E-ARGUMENTS", "timeout is a positive number of seconds, or null"),
        ("http://127.0.0.1", {"timeout": "1s"}, "E-ARGUMENTS", "timeout is a positive number of seconds, or null"),
        ("http://127.0.0.1", {"expect_status": "6xx"}, "E-ARGUMENTS", "expect_status is a status such as 200"),
    ],
)
def test_wrong_requests_are_refused_before_they_are_sent(
    url: JsonValue, options: dict[str, Any], code: str, message: str
) -> None:
    """What can never work says so, and is not tried again."""
    outcome, _ = fetch("get", url, **options)

    assert error(outcome)[0] == code
    assert error(outcome)[1].startswith(message)
    assert outcome.error is not None
    assert not outcome.error.retryable


def test_header_that_cannot_be_sent_is_refused(server: Server) -> None:
    """A newline in a header's name would be a second header."""
    outcome, _ = fetch("get", f"{server.url}/echo", headers={"a\nb": "c"})

    assert error(outcome)[0] == "E-ARGUMENTS"


def test_redirect_to_a_file_is_refused(server: Server, tmp_path: Path) -> None:
    """A server cannot make the client read files."""
    (tmp_path / "secret").write_text("secret")
    server.target = (tmp_path / "secret").as_uri()

    assert error(fetch("get", f"{server.url}/to/")[0])[0] == "E-FETCH"


def test_proxy_and_certificates_come_from_the_environment(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS goes through the CONNECT proxy and trusts SSL_CERT_FILE; without it the certificate is refused."""
    for name, text in api.environment.items():
        monkeypatch.setenv(name, text)
    trusted, _ = fetch("get", f"https://{API_HOST}/users/1")
    monkeypatch.delenv("SSL_CERT_FILE")
    untrusted, _ = fetch("get", f"https://{API_HOST}/users/1")

    assert value(trusted)["data"]["name"] == "User 1"
    assert api.tunnels == [f"{API_HOST}:443"] * 2
    assert error(untrusted)[0] == "E-FETCH"
    assert "certificate verify failed" in error(untrusted)[1]
