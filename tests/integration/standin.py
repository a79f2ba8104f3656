"""A stand-in for a public JSON test API: HTTPS with its own certificate, reached through a CONNECT proxy on loopback.

The program under test knows nothing of it: `HTTPS_PROXY` and `SSL_CERT_FILE` in its environment are enough.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import trustme

API_HOST: Final = "api.example.test"
"""What the tests' own workflows call."""
PUBLIC_HOST: Final = "jsonplaceholder.typicode.com"
"""What the public workflow files call."""


def document(path: str) -> dict[str, object] | None:
    """What the API answers at `/users/N`, `/todos/N` and `/posts/N`; None elsewhere."""
    kind, _, number = path.strip("/").partition("/")
    if kind not in {"users", "todos", "posts"} or not number.isdecimal():
        return None
    id_ = int(number)
    shapes: Mapping[str, dict[str, object]] = {
        "users": {"id": id_, "name": f"User {id_}", "username": f"user{id_}", "email": f"user{id_}@{API_HOST}"},
        "todos": {"userId": 1, "id": id_, "title": f"todo {id_}", "completed": False},
        "posts": {"userId": 1, "id": id_, "title": f"post {id_}", "body": "several\nlines"},
    }
    return shapes[kind]


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ApiServer

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        found = document(self.path)
        body = json.dumps({} if found is None else found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class _QuietServer(ThreadingHTTPServer):
    """Ends with its connections; a client that leaves is no event."""

    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reset connection is the client's business."""


class _ApiServer(_QuietServer):
    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.requests: list[str] = []
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(10)
        if self._context is None:
            return connection, address
        # The handshake belongs to the connection's own thread.
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


class _Proxy(BaseHTTPRequestHandler):
    server: _ProxyServer

    def do_CONNECT(self) -> None:
        self.server.tunnels.append(self.path)
        if self.path not in self.server.targets:
            self.send_error(502, "unknown host")
            return
        with socket.create_connection(self.server.targets[self.path]) as upstream:
            self.send_response(200, "Connection established")
            self.end_headers()
            _relay(self.connection, upstream, self.server.closing)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class _ProxyServer(_QuietServer):
    def __init__(self, targets: dict[str, tuple[str, int]]) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.targets = targets
        self.tunnels: list[str] = []
        self.closing = threading.Event()


def _relay(client: socket.socket, upstream: socket.socket, closing: threading.Event) -> None:
    """Copy both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, upstream)
        selector.register(upstream, selectors.EVENT_READ, client)
        while not closing.is_set():
            for key, _ in selector.select(timeout=0.2):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                if not data:
                    return
                key.data.sendall(data)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A running stand-in."""

    environment: dict[str, str]
    """What a program needs to reach it."""
    requests: list[str] = field(default_factory=list)
    """Paths that were asked for, in order of arrival."""
    tunnels: list[str] = field(default_factory=list)
    """`host:port` of every CONNECT."""


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def stand_in(folder: Path) -> Iterator[StandIn]:
    """Serve both hosts over HTTPS behind a proxy; the certificate of their authority is written into `folder`."""
    authority = trustme.CA()
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(API_HOST, PUBLIC_HOST).configure_cert(context)
    api = _ApiServer(context)
    proxy = _ProxyServer({f"{host}:443": ("127.0.0.1", api.server_port) for host in (API_HOST, PUBLIC_HOST)})
    environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_port}",
        "SSL_CERT_FILE": str(bundle),
        "NO_PROXY": "",
    }
    with ExitStack() as stack:
        stack.enter_context(_serving(api))
        stack.enter_context(_serving(proxy))
        stack.callback(proxy.closing.set)
        yield StandIn(environment, api.requests, proxy.tunnels)


@contextmanager
def plain_api() -> Iterator[tuple[str, list[str]]]:
    """Serve the same API over plain HTTP; gives its base URL and the paths asked for."""
    api = _ApiServer(None)
    with _serving(api):
        yield f"http://127.0.0.1:{api.server_port}", api.requests
