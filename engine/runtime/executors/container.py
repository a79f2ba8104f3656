"""One attempt in one container: create, attach, start, read, wait, remove. Whatever happens, nothing is left behind.

`run` belongs to one worker thread; `stop` and `kill` come from others. Output is attached to before the start, so the
first byte is not lost, and goes to the log as it comes.
"""

from __future__ import annotations

import contextlib
import math
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ...core.calls import ContainerSpec, TaskCall
from ...core.ports import LogSink
from ...errors import ErrorInfo, TaskFailure
from ...processes.results import text_or_failure
from ...processes.runner import STDERR_CAP, STDOUT_CAP, ProcessResult
from .docker_daemon import ATTEMPT_LABEL, KEY_LABEL, RUN_LABEL, Daemon

if TYPE_CHECKING:
    import requests

_LOG_LIMITS: Final = {"max-size": "50m", "max-file": "2"}
"""What the daemon keeps of the output, for an engine that takes the container over; as much as a log of ours."""
_FRAME: Final = struct.Struct(">BxxxL")
"""Of the daemon's streams: whose bytes follow, and how many."""
_STDERR: Final = 2
_OUTPUT: Final = {"stdout": 1, "stderr": 1}

_Chunks: TypeAlias = "Iterator[tuple[int, bytes]]"
"""Of stderr (2) or of stdout."""
_Begun: TypeAlias = "tuple[str, _Chunks]"
"""The container's id and its output."""


class ContainerRun:
    """An attempt on its way through a container."""

    def __init__(self, daemon: Daemon, call: TaskCall, log: LogSink, adopted: str | None = None) -> None:
        """`adopted` is a container of this call that still runs; None: make one."""
        self._daemon: Final = daemon
        self._call: Final = call
        self._log: Final = log
        self._adopted: Final = adopted
        self._opened: Final = contextlib.ExitStack()
        """What `run` gives back at its end; touched by its thread only."""
        self._guard: Final = threading.Lock()
        """Guards what follows: a stop comes while the container is made and started."""
        self._container = adopted
        self._started = adopted is not None
        self._stopping = False
        self.pulling = False
        """The image is on its way: there is nothing to end, and no telling how long it takes."""
        self.address: Final = call.key.address

    def run(self) -> str:
        """Run to the end and return stdout without trailing newlines. Raises TaskFailure.

        What it says of a container that was stopped is of no use: the exit code is the signal's.
        """
        with self._daemon.complaints(), self._opened:
            self._opened.callback(self._remove)
            container, chunks = self._begin() if self._adopted is None else self._take_over(self._adopted)
            return self._finish(container, chunks)

    def stop(self, grace_s: float) -> None:
        """Ask the container to end (TERM, or what its image says); never start it if it has not begun."""
        with self._guard:
            self._stopping = True
            container = self._container if self._started else None
        if container is not None:
            with contextlib.suppress(TaskFailure), self._daemon.complaints():
                # The daemon's own KILL comes after ours, for the case that this process ends meanwhile.
                self._daemon.api().stop(container, timeout=math.ceil(grace_s) + 1)

    def kill(self) -> None:
        """End the container now."""
        with self._guard:
            self._stopping = True
            container = self._container if self._started else None
        if container is not None:
            with contextlib.suppress(TaskFailure), self._daemon.complaints():
                self._daemon.api().kill(container)

    def _begin(self) -> _Begun:
        """Make the container, attach to it, start it."""
        api = self._daemon.api()
        container = self._create()
        with self._guard:
            self._container = container
        # Not the SDK's own attach: it takes the socket away from its connection, and nobody closes it then.
        response = api.post(self._url(container, "attach"), params=_OUTPUT | {"stream": 1}, stream=True, timeout=None)
        chunks = self._chunks(response)
        with self._guard:
            self._go_on()
            self._started = True
            api.start(container)
        return container, chunks

    def _take_over(self, container: str) -> _Begun:
        """Read the output of a container that runs already, from its beginning as far as the daemon has kept it."""
        self._log.line("info", f"went on with container {container[:12]}, which was still running")
        api = self._daemon.api()
        response = api.get(self._url(container, "logs"), params=_OUTPUT | {"follow": 1}, stream=True, timeout=None)
        if response.status_code != 404:
            return container, self._chunks(response)
        response.close()
        with self._guard:
            self._container, self._started = None, False
        return self._begin()

    def _url(self, container: str, what: str) -> str:
        api = self._daemon.api()
        return f"{api.base_url}/v{api.api_version}/containers/{container}/{what}"

    def _chunks(self, response: requests.Response) -> _Chunks:
        """Take charge of a stream of the daemon; TaskFailure where it answered with an error instead."""
        self._opened.callback(response.close)
        if not response.ok:
            message = f"Docker gives no output of the container: {response.text:.200}"
            raise TaskFailure(ErrorInfo(code="E-DOCKER", message=message))
        return _frames(response)

    def _go_on(self) -> None:
        if self._stopping:
            raise TaskFailure(ErrorInfo(code="E-CANCELLED", message="stopped before it started", retryable=False))

    def _create(self) -> str:
        """Create the container; its image is pulled as the call says."""
        from docker.errors import ImageNotFound

        spec = _spec(self._call)
        if spec.pull == "always":
            self._pull(spec.image)
        try:
            return self._created(spec)
        except ImageNotFound as error:
            if spec.pull != "missing":
                what = "is not on this machine, and `pull: never` forbids to fetch it"
                message = f"the image {spec.image} {what if spec.pull == 'never' else 'is gone again'}"
                raise TaskFailure(ErrorInfo(code="E-DOCKER-IMAGE", message=message, retryable=False)) from error
        self._pull(spec.image)
        return self._created(spec)

    def _created(self, spec: ContainerSpec) -> str:
        from docker.types import LogConfig

        call, api = self._call, self._daemon.api()
        host = api.create_host_config(
            init=True,  # without it the command would be pid 1, and pid 1 ignores TERM
            binds=[_bind(volume, call.cwd) for volume in spec.volumes],
            network_mode=spec.network,
            mem_limit=spec.memory_bytes,
            memswap_limit=spec.memory_bytes,  # memory and swap together: no swap
            nano_cpus=None if spec.cpus is None else int(spec.cpus * 1e9),
            log_config=LogConfig(type="local", config=_LOG_LIMITS),
        )
        made = api.create_container(
            spec.image,
            list(spec.command) or None,
            entrypoint=None if spec.entrypoint is None else list(spec.entrypoint) or [""],  # [""] clears the image's
            environment=dict(call.env),
            working_dir=spec.cwd,
            user=spec.user,
            labels=_labels(call),
            host_config=host,
        )
        return str(made["Id"])

    def _pull(self, image: str) -> None:
        """Fetch an image. TaskFailure `E-DOCKER-IMAGE` says why it could not be."""
        from docker.errors import APIError

        self._log.line("info", f"pulling the image {image}")
        self.pulling = True
        try:
            self._go_on()
            for event in self._daemon.api().pull(image, stream=True, decode=True):
                self._go_on()
                if "error" in event:
                    raise _not_pulled(image, str(event["error"]))
        except APIError as error:
            raise _not_pulled(image, str(error.explanation or error)) from error
        finally:
            self.pulling = False
        self._go_on()

    def _finish(self, container: str, chunks: _Chunks) -> str:
        """Read the output to its end, then ask how the container ended."""
        stdout, stderr, size = bytearray(), bytearray(), 0
        for stream, data in chunks:
            if stream == _STDERR:
                self._log.write(data, "stderr")
                stderr += data[-STDERR_CAP:]
                del stderr[:-STDERR_CAP]
            else:
                self._log.write(data, "stdout")
                size += len(data)
                stdout += data[: STDOUT_CAP - len(stdout)]
        api = self._daemon.api()
        code = int(api.wait(container, timeout=None)["StatusCode"])
        if code and api.inspect_container(container)["State"]["OOMKilled"]:
            raise TaskFailure(_out_of_memory(_spec(self._call), code))
        result = ProcessResult(
            exit_code=code,
            signal=None,
            stdout=bytes(stdout),
            truncated=size > len(stdout),
            stderr_tail=bytes(stderr),
        )
        return text_or_failure(result, self._log)

    def _remove(self) -> None:
        container = self._container
        if container is None:
            return
        try:
            self._daemon.remove(container)
        except TaskFailure as failure:
            self._log.line("warning", f"container {container[:12]} could not be removed: {failure.message}")


def _spec(call: TaskCall) -> ContainerSpec:
    if call.container is None:
        raise TaskFailure(ErrorInfo(code="E-BUG", message="a docker call without a container", retryable=False))
    return call.container


def _labels(call: TaskCall) -> dict[str, str]:
    return {
        RUN_LABEL: call.run_id,
        KEY_LABEL: call.idempotency_key,
        ATTEMPT_LABEL: str(call.attempt),
        "highway-tui.task": call.key.address,
        "highway-tui.generation": str(call.generation),
    }


def _bind(volume: str, folder: str) -> str:
    """Make the path of a bind mount absolute, from the workflow's folder; the name of a volume stays as it is."""
    source, rest = volume.split(":", 1)
    if source[0] in ".~" or "/" in source:
        source = str((Path(folder) / Path(source).expanduser()).resolve())
    return f"{source}:{rest}"


def _frames(response: requests.Response) -> _Chunks:
    """Yield the chunks of stdout and stderr as the daemon sends them."""
    while len(header := response.raw.read(_FRAME.size)) == _FRAME.size:
        stream, size = _FRAME.unpack(header)
        yield stream, response.raw.read(size)


def _not_pulled(image: str, reason: str) -> TaskFailure:
    message = f"the image {image} is not on this machine and could not be pulled: {' '.join(reason.split())[:600]}"
    return TaskFailure(ErrorInfo(code="E-DOCKER-IMAGE", message=message))


def _out_of_memory(spec: ContainerSpec, code: int) -> ErrorInfo:
    limit = "the machine's" if spec.memory_bytes is None else f"{spec.memory_bytes / 1024**2:g} MiB"
    return ErrorInfo(code="E-OOM", message=f"killed: out of memory (limit: {limit})", exit_code=code)
