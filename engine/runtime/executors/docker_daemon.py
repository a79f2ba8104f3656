"""The Docker daemon: one client per engine, made at the first call, and every complaint of it as one sentence.

Everything here blocks and belongs into a worker thread; the client is safe to use from several. The SDK takes 190 ms
to import, and opens a socket while it is: functions import it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ...errors import ErrorInfo, TaskFailure
from ...keys import RunId
from ...utils.sanitize import sanitize

if TYPE_CHECKING:
    import docker
    from docker.errors import APIError

RUN_LABEL: Final = "highway-tui.run"
KEY_LABEL: Final = "highway-tui.idempotency-key"
ATTEMPT_LABEL: Final = "highway-tui.attempt"

_CONNECTIONS: Final = 256
"""Kept open at most; the client warns of every one above that."""
_DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
_MESSAGE_CAP: Final = 600


class Daemon:
    """Knows where the daemon is, and connects once it is asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` says where the daemon is: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH."""
        self._environment: Final = dict(environment)
        self.host: Final = environment.get("DOCKER_HOST") or _DEFAULT_HOST
        self._guard: Final = threading.Lock()
        """Guards the client: several first calls come at once."""
        self._client: docker.DockerClient | None = None

    def api(self) -> docker.APIClient:
        """Return the client. TaskFailure `E-DOCKER-DOWN` or `E-DOCKER-DENIED`; the next call tries again."""
        import docker

        with self._guard:
            if self._client is None:
                # An empty mapping would mean `os.environ`.
                environment = self._environment or {"DOCKER_HOST": self.host}
                with self.complaints():
                    _knock(self.host)
                    self._client = docker.from_env(environment=environment, max_pool_size=_CONNECTIONS)
            return self._client.api

    @contextlib.contextmanager
    def complaints(self) -> Iterator[None]:
        """Turn what the client raises into TaskFailure."""
        import requests
        from docker.errors import DockerException

        try:
            yield
        except (DockerException, requests.RequestException, OSError) as error:
            raise TaskFailure(self._said(error)) from error

    def close(self) -> None:
        """Give the connections back; an `api` afterwards connects anew."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def left_of(self, run_id: RunId) -> list[Left]:
        """Return every container of a run, those that never started included."""
        with self.complaints():
            return [Left(one) for one in self.api().containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"})]

    def remove(self, container: str) -> None:
        """Kill and remove a container with its own volumes; one that is gone, or just going, is fine."""
        from docker.errors import APIError

        try:
            with self.complaints():
                self.api().remove_container(container, force=True, v=True)
        except TaskFailure as failure:
            cause = failure.__cause__
            if not (isinstance(cause, APIError) and cause.status_code in (404, 409)):
                raise

    def _said(self, error: Exception) -> ErrorInfo:
        """Say in one sentence what went wrong, and whose turn it is."""
        from docker.errors import APIError, ImageNotFound

        if isinstance(error, ImageNotFound):
            return ErrorInfo(code="E-DOCKER-IMAGE", message=_sentence(error), retryable=False)
        if isinstance(error, APIError):
            server = error.status_code is None or error.status_code >= 500
            return ErrorInfo(code="E-DOCKER", message=f"Docker refused: {_sentence(error)}", retryable=server)
        causes = list(_causes(error))
        if any(isinstance(cause, PermissionError) for cause in causes):
            message = (
                f"not permitted to use Docker at {self.host}; join the group that owns the socket (often `docker`)"
            )
            return ErrorInfo(code="E-DOCKER-DENIED", message=message, retryable=False)
        reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), str(error))
        message = (
            f"no Docker daemon answers at {self.host} ({_clean(reason)}); start it, or name another in DOCKER_HOST"
        )
        return ErrorInfo(code="E-DOCKER-DOWN", message=message)


def _knock(host: str) -> None:
    """Connect once; the client itself forgets to close a socket that nobody answers. Raises OSError."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(host.removeprefix("unix://"))


class Left:
    """A container that an earlier engine started."""

    def __init__(self, summary: Mapping[str, object]) -> None:
        """`summary` is one entry of the daemon's list."""
        labels = summary.get("Labels")
        found = labels if isinstance(labels, Mapping) else {}
        self.id: Final = str(summary["Id"])
        self.running: Final = summary.get("State") == "running"
        self.key: Final = str(found.get(KEY_LABEL, ""))
        self.attempt: Final = int(text) if (text := str(found.get(ATTEMPT_LABEL, ""))).isdecimal() else 0


def _sentence(error: APIError) -> str:
    return _clean(str(error.explanation or error))


def _clean(text: str) -> str:
    return sanitize(" ".join(text.split())[:_MESSAGE_CAP], keep_sgr=False)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it wraps: the client packs the system's own error several times."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
