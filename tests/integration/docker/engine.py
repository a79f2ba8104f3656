"""A Docker Engine of the tests' own: dockerd over a unix socket in a folder of its own, with images made of busybox."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docker

IMAGES: Final = ("alpine", "busybox")
_APPLETS: Final = (
    "cat", "dd", "echo", "env", "false", "head", "id", "kill", "ls", "mkdir", "printf", "pwd", "rm", "seq", "sh",
    "sleep", "tr", "true", "wc", "yes",
)  # fmt: skip
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Docker:
    """A daemon that runs."""

    host: str
    """For DOCKER_HOST."""
    client: docker.DockerClient

    def containers(self, label: str = "highway-tui.run") -> list[str]:
        """Ids of all containers with that label, in any state."""
        return [str(one["Id"]) for one in self.client.api.containers(all=True, filters={"label": label})]


def why_not() -> str | None:
    """Why no engine can be started here; None where one can."""
    if os.geteuid() != 0:
        return "dockerd needs root"
    missing = [name for name in ("dockerd", "busybox") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (Debian: docker.io, busybox-static)" if missing else None


@contextmanager
def running() -> Iterator[Docker]:
    """Start a daemon, give it its images, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="hwt-docker-"))
    host = f"unix://{folder}/docker.sock"
    # A test run that is killed takes its daemon with it.
    command = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    command += [
        "dockerd", "--host", host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
        "--pidfile", f"{folder}/docker.pid", "--iptables=false", "--ip-forward=false", "--ip-masq=false",
    ]  # fmt: skip
    # A daemon without a bridge starts containers faster. It also deletes `docker0`, which may belong to another one.
    command += [] if Path("/sys/class/net/docker0").exists() else ["--bridge", "none"]
    try:
        with (folder / "log").open("wb") as log:
            daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            client = _client(host, daemon, folder / "log")
            try:
                for name in IMAGES:
                    client.api.import_image_from_data(root_file_system(), repository=name, tag="latest")
                yield Docker(host, client)
            finally:
                client.close()
        finally:
            daemon.terminate()
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _client(host: str, daemon: subprocess.Popen[bytes], log: Path) -> docker.DockerClient:
    """Wait until the daemon answers."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if Path(host.removeprefix("unix://")).exists():
            client = docker.DockerClient(base_url=host)
            client.ping()
            return client
        try:
            daemon.wait(0.05)
            break
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"dockerd did not start: {log.read_text(errors='replace')[-2000:]}")


def root_file_system() -> bytes:
    """A tar with busybox and a few of its commands."""
    busybox = Path(shutil.which("busybox") or "").read_bytes()
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for folder in ("bin", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(entry)
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(busybox), 0o755
        tar.addfile(entry, io.BytesIO(busybox))
        for name in _APPLETS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, "busybox", 0o777
            tar.addfile(entry)
    return written.getvalue()
