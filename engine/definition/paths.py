"""Dotted paths into names: `a.b.0.c`, `a.b[0]["c"]`. Steps are keys and indexes, never attributes.

A step that leads nowhere gives a `Missing`, which further steps hand on and every use turns into E-UNDEFINED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from ..errors import TemplateError
from .names import nearest

Names: TypeAlias = Mapping[str, object]
"""Roots and bare names: `names[name]`, KeyError where undefined; JSON values or lazy Mappings and Sequences of such."""

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

LONGEST: Final = 4096
"""Characters of the longest path: an expression has no more bytes either."""
RESERVED: Final = frozenset(
    {"true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else"}
)
"""Words of the expression language: never the first step of a path."""

_ROOT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*)")
_NEXT = re.compile(r"""\.([A-Za-z0-9_][A-Za-z0-9_-]*)|\[\s*(?:(-?\d{1,18})|'([^'\\]*)'|"([^"\\]*)")\s*\]""")
_SHOWN = 160
_INDEX = re.compile(r"-?\d{1,18}")
_PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]+")


class Missing:
    """Stands for a value that is not there. `default` and `is defined` accept it; any other use raises E-UNDEFINED."""

    __slots__ = ("names", "path", "reason")

    def __init__(self, names: Names, path: Path, reason: str = "") -> None:
        """`path` ends with the first step that leads nowhere; a `reason` replaces the sentence about it."""
        self.names = names
        self.path = path
        self.reason = reason

    def sentence(self) -> str:
        """Name the path and the nearest existing one."""
        if self.reason:
            return self.reason
        shown = show_path(self.path)
        shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
        near = _nearest(self.names, self.path)
        return f"{shown} is not defined; did you mean {near}?" if near else f"{shown} is not defined"

    def error(self) -> TemplateError:
        """Return E-UNDEFINED."""
        return TemplateError("E-UNDEFINED", self.sentence())

    def __bool__(self) -> bool:
        """Absence is never false."""
        raise self.error()

    def __str__(self) -> str:
        """Absence is never text."""
        raise self.error()

    def __eq__(self, other: object) -> bool:
        """Absence equals nothing, and says so."""
        raise self.error()

    __hash__ = None  # type: ignore[assignment]  # like every type whose equality is no identity


@lru_cache(maxsize=8192)
def parse_path(text: str) -> Path | None:
    """Read `text` as a path; None where it is anything more than a path. Digits after a dot stay text: see `step`."""
    root = _ROOT.match(text)
    if root is None or len(text) > LONGEST or root.group(1) in RESERVED:
        return None
    path: list[Step] = [root.group(1)]
    position = root.end()
    while found := _NEXT.match(text, position):
        word, index, single, double = found.groups()
        path.append(int(index) if index is not None else next(key for key in (word, single, double) if key is not None))
        position = found.end()
    return None if text[position:].strip() else tuple(path)


def show_path(path: Path) -> str:
    """Write a path as people do: `a.b.0`, with `["…"]` only where a step needs it."""
    steps = (f".{step}" if isinstance(step, int) or _PLAIN_STEP.fullmatch(step) else f'["{step}"]' for step in path[1:])
    return f"{path[0]}{''.join(steps)}"


def lookup(names: Names, path: Path) -> object:
    """Return the value at `path`, or a Missing that knows how far the path led."""
    value: object = names
    for key in path:
        try:
            value = value[key]  # type: ignore[index]  # the handler below takes whatever cannot be indexed so
        except (KeyError, IndexError, TypeError):
            return _walk(names, path)
    return value


def step(value: object, key: object) -> object:
    """Take one step: mapping first, then index of a list or text. Raise LookupError; attributes do not exist."""
    if isinstance(value, Mapping):
        if isinstance(key, str):
            return value[key]
        if isinstance(key, int) and not isinstance(key, bool):
            return value[str(key)]
    elif isinstance(value, Sequence):
        if isinstance(key, str) and _INDEX.fullmatch(key):
            return value[int(key)]
        if isinstance(key, int) and not isinstance(key, bool):
            return value[key]
    raise LookupError(key)


def _walk(names: Names, path: Path) -> object:
    value: object = names
    for position, key in enumerate(path):
        try:
            value = step(value, key)
        except LookupError:
            return Missing(names, path[: position + 1])
    return value


def _nearest(names: Names, path: Path) -> str | None:
    """Return the existing path next to one whose last step leads nowhere."""
    container = _walk(names, path[:-1])
    if not isinstance(container, Mapping):
        return None
    near = nearest(str(path[-1]), (key for key in container if isinstance(key, str)))
    return None if near is None else show_path((*path[:-1], near))
