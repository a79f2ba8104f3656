"""The one place of this package that reads files: regular ones only, never more than the limit; else Unreadable."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import TypeAlias

Loader: TypeAlias = Callable[[str], bytes]
"""Gives the bytes of a definition by its path; raises Unreadable."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Unreadable(Exception):
    """A definition that cannot be read; carries a code and one sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def disk_loader(limit: int) -> Loader:
    """Return a loader of files of at most `limit` bytes."""

    def load(path: str) -> bytes:
        try:
            return _read(Path(path), limit)
        except (OSError, ValueError) as error:
            raise Unreadable("E-FILE", _reason(error)) from error

    return load


def stored_loader(sources: Mapping[str, bytes]) -> Loader:
    """Return a loader of definitions that were stored with a run."""

    def load(path: str) -> bytes:
        stored = sources.get(source_key(path))
        if stored is None:
            raise Unreadable("E-FILE", "the file was not stored with the run")
        return stored

    return load


def source_key(path: str) -> str:
    """Name a nested definition for good: from the root of the file system, so that a resume may start anywhere."""
    return str(Path(path).absolute())


def _read(path: Path, limit: int) -> bytes:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")
        raise Unreadable("E-FILE", f"the file cannot be read: it is {kind}")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unreadable("E-TOO-BIG", f"the file is larger than {limit:,} bytes")
    return data


def _reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "the file does not exist"
        case PermissionError():
            return "the file cannot be read: permission denied"
        case OSError(strerror=str(words)):
            return f"the file cannot be read: {words.lower()}"
    return "the file cannot be read: its name is none"


def beside(caller: str, path: str) -> str:
    """Return the path of a nested definition, relative to the file that calls it; `..` is resolved in the text."""
    joined = PurePath(caller).parent / path
    parts: list[str] = []
    for part in joined.parts:
        if part == ".." and parts and parts[-1] not in ("..", joined.anchor):
            parts.pop()
        else:
            parts.append(part)
    return str(PurePath(*parts))
