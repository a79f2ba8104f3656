"""Functions that workflow authors bring: `./file.py:callable` and `package.module:callable`.

A file is loaded under a name of its own and again when it changed; nothing is written beside it, `sys.path` is not
touched, and so a file imports installed packages, not its neighbours.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, TypeAlias

from ..errors import ErrorInfo, TaskFailure

_Version: TypeAlias = tuple[int, int, int, int]


class _FreshLoader(SourceFileLoader):
    """Compiles the file as it is now: no `__pycache__` beside it, and no stale one that is taken for it."""

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002 - importlib's signature
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


class UserFunctions:
    """Loads and keeps user modules. Safe to use from any thread; loading one file does not hold up another."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._guard: Final = threading.Lock()
        """Guards the next two maps, not the loading."""
        self._locks: dict[Path, threading.Lock] = {}
        self._files: dict[Path, tuple[_Version, ModuleType]] = {}
        self._asked: dict[str, tuple[_Version, ModuleType]] = {}
        """By path as it was asked for, to spare each call the 50 µs of resolving it. Entries are only replaced."""

    def find(self, reference: str, cwd: str) -> Callable[..., object]:
        """Return the callable; runs the author's module, so never on the engine's loop.

        TaskFailure `E-FUNCTION` when there is no such file, module or callable, `E-IMPORT` when the module raises.
        """
        module_name, _, path = reference.rpartition(":")
        module = (
            self._file(reference, os.path.join(cwd, module_name))  # noqa: PTH118 - once a call; see `_asked`
            if module_name.endswith(".py")
            else _installed(reference)
        )
        found: object = module
        for part in path.split("."):
            found = getattr(found, part, None)
        if not callable(found):
            reason = f"{module_name} has no {path}" if found is None else f"{path} is no function"
            raise _not_found(reference, reason)
        return found

    def _file(self, reference: str, asked: str) -> ModuleType:
        """Load a file, or return the module of an unchanged one."""
        try:
            version = _version(asked)
            known = self._asked.get(asked)
            if known is not None and known[0] == version:
                return known[1]
            path = Path(asked).resolve(strict=True)
        except OSError as error:
            raise _not_found(reference, f"there is no file {Path(asked)}") from error
        module = self._resolved(reference, path, version)
        self._asked[asked] = (version, module)
        return module

    def _resolved(self, reference: str, path: Path, version: _Version) -> ModuleType:
        """Load a file once, whatever the ways to it."""
        with self._guard:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            known = self._files.get(path)
            if known is not None and known[0] == version:
                return known[1]
            module = _load(reference, path)
            self._files[path] = (version, module)
            return module


def _version(path: str) -> _Version:
    """Return what changes when the file changes, or when another takes its place."""
    stat = os.stat(path)  # noqa: PTH116 - once a call: three times as fast as Path.stat
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def _load(reference: str, path: Path) -> ModuleType:
    """Execute a file as a module whose name nobody else has."""
    name = f"highway_user_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = ModuleSpec(name, _FreshLoader(name, str(path)), origin=str(path))
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    previous = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]  # given two lines above
    except BaseException as error:
        sys.modules.pop(name, None)
        if previous is not None:
            sys.modules[name] = previous
        raise _not_imported(reference, error) from error
    return module


def _installed(reference: str) -> ModuleType:
    """Import an installed module."""
    name = reference.rpartition(":")[0]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _not_found(reference, f"there is no module {error.name}") from error
        raise _not_imported(reference, error) from error
    except BaseException as error:
        if isinstance(error, TypeError | ValueError) and (not name or name.startswith(".")):
            raise _not_found(reference, "a module is named from its top package on") from error
        raise _not_imported(reference, error) from error


def _not_found(reference: str, reason: str) -> TaskFailure:
    message = f"Function '{reference}' not found: {reason}"
    return TaskFailure(ErrorInfo(code="E-FUNCTION", message=message, retryable=False))


def _not_imported(reference: str, error: BaseException) -> TaskFailure:
    message = f"Function '{reference}' cannot be imported: {type(error).__name__}: {error}"
    return TaskFailure(ErrorInfo(code="E-IMPORT", message=message, retryable=False))
