"""A call and its outcome: what the engine asks an executor to do, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..definition.plan import ScriptOptions
from ..errors import ErrorInfo
from ..keys import JsonValue, RunId, TaskKey
from .events import MemoryChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """The container of a call, with every hole filled."""

    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    entrypoint: tuple[str, ...] | None = None
    """None: the image's own; empty: none at all."""
    volumes: tuple[str, ...] = ()
    """`source:target[:mode]`; a source with a slash, or one that begins with `.` or `~`, is a path, else a name."""
    network: str | None = None
    user: str | None = None
    cwd: str | None = None
    """Inside the container; None: the image's own."""
    pull: Literal["missing", "always", "never"] = "missing"
    memory_bytes: int | None = None
    """None: no limit. Swap is not added to it."""
    cpus: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """One attempt, fully rendered. Executors need nothing else."""

    run_id: RunId
    key: TaskKey
    attempt: int
    generation: int = 1
    runtime: Literal["python", "shell", "docker"]
    function: str = ""
    """For python: tool name without `tools.`, `package.module:callable` or `./file.py:callable`."""
    args: tuple[JsonValue, ...] = ()
    kwargs: Mapping[str, JsonValue] = field(default_factory=dict)
    script: str = ""
    """For shell."""
    container: ContainerSpec | None = None
    """For docker. The container's environment is `env` alone."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the engine's own environment; includes HIGHWAY_RUN_ID, _TASK, _ATTEMPT and _IDEMPOTENCY_KEY."""
    secrets: Mapping[str, JsonValue] = field(default_factory=dict)
    """By place (`env`, `headers`, `stdin`): texts with references, filled when the call is handed over."""
    dotenv: tuple[str, ...] = ()
    """Absolute paths of files whose variables come under `env`; read by the same one."""
    folder: str = ""
    """Of the workflow file; `""` means the engine's own. `./file.py` is relative to it."""
    cwd: str = ""
    """Where a process starts; `""` means the engine's own folder."""
    stdin: str | None = None
    """What a process reads; None: nothing."""
    options: ScriptOptions = field(default_factory=ScriptOptions)
    """For shell."""
    isolate: Literal["thread", "process"] = "thread"
    """For functions of the author's: where they run."""
    timeout_s: float | None = None
    grace_s: float = 10.0
    """Between TERM and KILL."""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended. Exactly one per call, however it ended."""

    key: TaskKey
    attempt: int
    generation: int = 1
    status: Literal["succeeded", "failed", "timed_out", "cancelled"]
    value: JsonValue = None
    error: ErrorInfo | None = None
    """Given unless it succeeded."""
    memory_changes: tuple[MemoryChange, ...] = ()
    truncated: bool = False
    """`value` is only the beginning of what the call gave; the log has all of it."""
