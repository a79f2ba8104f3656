"""A registry that has one image, for pulls that succeed and pulls that take for ever."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from .engine import root_file_system

_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass
class Registry:
    """What it serves, and what it was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    """Set: blobs are promised and do not come."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Somebody waits for a blob."""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def image(self) -> str:
        """Its one image, as a workflow names it."""
        return f"127.0.0.1:{self.port}/tools/box:1"


@contextmanager
def serving() -> Iterator[Registry]:
    """Run a registry on loopback; Docker talks plain HTTP to those."""
    layer = root_file_system()
    layer_digest = _digest(layer)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer_digest]}}
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(config),
                "digest": _digest(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                    "size": len(layer),
                    "digest": layer_digest,
                }
            ],
        }
    ).encode()
    blobs = {_digest(config): config, layer_digest: layer, _digest(manifest): manifest}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            name = self.path.rpartition("/")[2]
            if self.path == "/v2/":
                self._answer(b"{}", "application/json")
            elif "/manifests/" in self.path and name in ("1", _digest(manifest)):
                self._answer(manifest, _MANIFEST)
            elif "/blobs/" in self.path and name in blobs:
                if registry.silent.is_set():
                    registry.reached.set()
                    registry.over.wait(60)
                    self.close_connection = True
                else:
                    self._answer(blobs[name], "application/octet-stream")
            else:
                self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = Registry(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            registry.over.set()
            server.shutdown()
            thread.join()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
