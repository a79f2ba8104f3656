"""Which shell runs a script."""

from __future__ import annotations

import shutil
from functools import lru_cache

from ..errors import ErrorInfo, TaskFailure


def shell_argv(script: str, path: str | None, shell: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the words of `shell` and then the script; one word alone is a shell that gets `-c`.

    Without any: `bash -euo pipefail -c script`, or `sh -eu -c script` where there is no bash on `path` (the child's
    PATH). Raises TaskFailure `E-COMMAND` when there is neither.
    """
    if shell:
        return (*shell, script) if len(shell) > 1 else (*shell, "-c", script)
    bash = _which("bash", path)
    if bash:
        return (bash, "-euo", "pipefail", "-c", script)
    sh = _which("sh", path)
    if sh:
        return (sh, "-eu", "-c", script)
    raise TaskFailure(ErrorInfo(code="E-COMMAND", message="neither bash nor sh is on PATH", retryable=False))


@lru_cache(maxsize=64)
def _which(name: str, path: str | None) -> str | None:
    """Search `path` once; shells do not come and go while an engine runs."""
    return shutil.which(name, path=path)
