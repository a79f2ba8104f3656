"""`runtime: http` through a real process and a real server with faults; and the policy that keeps requests outside."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from engine.tools.public_transport import NotPublicError, PublicTransport, is_public

from .cli import Cli


@dataclass
class _Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: str


class _Handler(BaseHTTPRequestHandler):
    """Answers by path and counts; keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(_Asked(self.command, self.path, headers, body))
        kind, _, rest = self.path.lstrip("/").partition("/")
        match kind:
            case "flaky" if len(self.server.asked) < 3:
                self.close_connection = True
            case "status":
                self._send(int(rest), b"no")
            case "to":
                self._send(302, b"", {"Location": self.server.target})
            case "slow":
                self.server.released.wait(30)
                self.close_connection = True
            case _:
                self._send(200, json.dumps({"path": self.path, "body": body}).encode())

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - http.server's names

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        kind = "application/json" if body.startswith(b"{") else "text/plain"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.asked: list[_Asked] = []
        self.released = Event()
        self.target = "/"
        self.url = f"http://{host}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no event."""


@contextmanager
def _serving(host: str = "127.0.0.1") -> Iterator[_Server]:
    server = _Server(host)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    """One server on loopback."""
    with _serving() as running:
        yield running


@pytest.fixture
def direct(cli: Cli) -> Cli:
    """The command line without a proxy."""
    return Cli(cli.folder, {"NO_PROXY": "127.0.0.1,127.0.0.2"})


def _run(cli: Cli, task: str) -> dict[str, Any]:
    """Run a file with this one task and return the task as `show --json` gives it."""
    run = cli(cli.write("flow.yaml", f"params: {{size: 3}}\ntasks:\n  ask: {task}\n"), "--no-ui")
    assert run.code in (0, 1), run.err
    task_document: dict[str, Any] = cli.show()["tasks"][0]
    return task_document


def test_a_request_is_sent_as_written(direct: Cli, server: _Server) -> None:
    """Method, URL, query, headers and body are rendered; the result is that of `fetch.request`."""
    done = _run(
        direct,
        f"{{url: '{server.url}/a/{{{{ size }}}}', method: post, params: {{q: '{{{{ size }}}}'}}, "
        "headers: {X-Size: '{{ size }}'}, json: {n: '{{ size }}', none: null}}",
    )
    (asked,) = server.asked

    assert "succeeded" == done["status"], done
    assert ("POST", "/a/3?q=3", '{"n":3,"none":null}') == (asked.method, asked.path, asked.body)
    assert ("3", "application/json") == (asked.headers["x-size"], asked.headers["content-type"])
    assert 200 == done["result"]["status"]
    assert {"path": "/a/3?q=3", "body": '{"n":3,"none":null}'} == done["result"]["data"]


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("/status/204", "", "succeeded", None),
        ("/status/404", "", "failed", "E-STATUS"),
        ("/status/500", "", "failed", "E-STATUS"),
        ("/status/404", ", expect_status: 404", "succeeded", None),
        ("/status/503", ", expect_status: [2xx, 5XX]", "succeeded", None),
        ("/status/200", ", expect_status: [404]", "failed", "E-STATUS"),
        ("/slow", ", timeout: 300ms", "timed_out", "E-TIMEOUT"),
    ],
)
def test_only_what_is_expected_succeeds(
    direct: Cli, server: _Server, path: str, more: str, status: str, code: str | None
) -> None:
    """Without `expect_status` that is 2xx; `timeout` is the task's own, whatever the tool's."""
    done = _run(direct, f"{{url: '{server.url}{path}'{more}}}")

    assert (status, code) == (done["status"], done["error"] and done["error"]["code"])


def test_no_answer_is_tried_again_with_the_same_key(direct: Cli, server: _Server) -> None:
    """`idempotency_key: auto` sends the engine's key: one for all attempts."""
    done = _run(
        direct,
        f"{{url: '{server.url}/flaky', method: POST, body: pay, idempotency_key: auto, "
        "retry: {max_attempts: 3, delay: 10ms}}",
    )
    keys = {asked.headers["idempotency-key"] for asked in server.asked}

    assert ("succeeded", 3, 3) == (done["status"], done["attempts"], len(server.asked))
    assert 1 == len(keys)
    assert 32 == len(keys.pop())


def test_urls_stay_out_of_the_log_of_the_engine(direct: Cli, server: _Server) -> None:
    """The log of the task names the URL without its query; the engine's own log does not name it at all."""
    _run(direct, f"{{url: '{server.url}/x?key=in-the-query'}}")
    log = (direct.folder / "state" / "highway-tui" / "highway-tui.log").read_text()

    assert server.url not in log
    assert f"GET {server.url}/x → 200" in direct("logs", "@latest").out


def test_an_idempotency_key_may_be_the_authors(direct: Cli, server: _Server) -> None:
    """A text of the author's is rendered and sent as it is."""
    _run(direct, f"{{url: '{server.url}/x', idempotency_key: 'order-{{{{ size }}}}'}}")

    assert "order-3" == server.asked[0].headers["idempotency-key"]


def test_a_secret_header_does_not_follow_to_another_origin(direct: Cli, server: _Server) -> None:
    """A redirect elsewhere carries no credentials, whatever the header is called."""
    with _serving("127.0.0.2") as other:
        server.target = f"{other.url}/end"
        name = direct.write(
            "flow.yaml",
            "secrets: {token: {from: env, key: TOKEN}}\n"
            f"tasks: {{ask: {{url: '{server.url}/to', headers: {{X-Key: '{{{{ secrets.token }}}}', Accept: a/b}}}}}}\n",
        )
        result = direct(name, "--no-ui", TOKEN="token-value")

        assert 0 == result.code, result.out + result.err
        assert "token-value" == server.asked[0].headers["x-key"]
        assert ("a/b", None) == (other.asked[0].headers["accept"], other.asked[0].headers.get("x-key"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_public_only_refuses_this_machine(direct: Cli, server: _Server, host: str) -> None:
    """However it is spelled, nothing is asked, and it is not tried again."""
    strict = Cli(direct.folder, {**direct.extra, "HIGHWAY_PUBLIC_ONLY": "1"})
    done = _run(strict, f"{{url: 'http://{host}:{server.server_port}/x', retry: {{max_attempts: 3, delay: 10ms}}}}")

    assert ("failed", "E-FETCH-PRIVATE", 1) == (done["status"], done["error"]["code"], done["attempts"])
    assert "is no public address" in done["error"]["message"]
    assert [] == server.asked


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    """Private, shared, link-local and multicast ones are not, nor are they inside an IPv6 address."""
    assert expected == is_public(ipaddress.ip_address(address))


def test_every_hop_is_checked_and_the_checked_address_is_asked() -> None:
    """A permitted server is asked under its own name; a redirect to one that is not permitted ends there."""
    first = ipaddress.ip_address("127.0.0.1")

    async def ask(url: str) -> httpx.Response:
        transport = PublicTransport(lambda address: address == first)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            return await client.get(url)

    with _serving() as server, _serving("127.0.0.2") as other:
        server.target = f"{other.url}/end"
        shown = asyncio.run(ask(f"{server.url}/x"))
        with pytest.raises(NotPublicError, match=r"127\.0\.0\.2 is no public address"):
            asyncio.run(ask(f"{server.url}/to"))

        assert 200 == shown.status_code
        assert str(server.server_port) in server.asked[0].headers["host"]
        assert [] == other.asked
