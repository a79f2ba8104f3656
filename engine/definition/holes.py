"""Find the `{{ }}` holes of a text. Only `{{ }}` is syntax: `{%`, `{#` and single braces are text.

A hole ends at the first `}}` outside quotes and outside braces of its own: `{{ '}}' }}` and `{{ {'a': {}} }}` are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

OPEN = "{{"
CLOSE = "}}"

_STOP = re.compile(r"""['"{}]""")
_QUOTED = {
    "'": re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL),
    '"': re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """One `{{ … }}`; offsets count characters from the start of the whole text."""

    inner: str
    """What stands between the braces, blanks included."""
    start: int
    """Offset of `{{`."""
    end: int
    """Offset after `}}`."""

    @property
    def inner_start(self) -> int:
        """Offset of the first character after `{{`."""
        return self.start + len(OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A quoted text of a condition that has holes inside; its value is the concatenation of the parts."""

    quote: str
    parts: tuple[str | Hole, ...]
    start: int
    """Offset of the opening quote."""
    end: int
    """Offset after the closing quote."""


Insert: TypeAlias = Hole | Literal


class UnclosedHole(ValueError):
    """A `{{` without its `}}`."""

    def __init__(self, offset: int) -> None:
        """`offset` is that of the `{{`."""
        super().__init__("'{{' is never closed by '}}'")
        self.offset = offset


def split(text: str) -> tuple[str | Hole, ...]:
    """Return text and holes in order; empty texts are left out. Raise UnclosedHole."""
    parts: list[str | Hole] = []
    position = 0
    while (start := text.find(OPEN, position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        hole = _hole_at(text, start)
        parts.append(hole)
        position = hole.end
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def inserts(condition: str) -> tuple[Insert, ...]:
    """Return what stands for a value in a condition: holes, and quoted literals with holes. Raise UnclosedHole."""
    found: list[Insert] = []
    position = 0
    while position < len(condition):
        letter = condition[position]
        if condition.startswith(OPEN, position):
            hole = _hole_at(condition, position)
            found.append(hole)
            position = hole.end
        elif letter in _QUOTED:
            literal = _literal_at(condition, position)
            if any(isinstance(part, Hole) for part in literal.parts):
                found.append(literal)
            position = literal.end
        else:
            position += 1
    return tuple(found)


def _hole_at(text: str, start: int) -> Hole:
    position = start + len(OPEN)
    depth = 0
    while (stop := _STOP.search(text, position)) is not None:
        position = stop.start()
        letter = stop.group()
        if letter in _QUOTED:
            quoted = _QUOTED[letter].match(text, position)
            if quoted is None:
                break
            position = quoted.end()
        elif letter == "{":
            depth += 1
            position += 1
        elif depth:
            depth -= 1
            position += 1
        elif text.startswith(CLOSE, position):
            return Hole(inner=text[start + len(OPEN) : position], start=start, end=position + len(CLOSE))
        else:
            position += 1
    raise UnclosedHole(start)


def _literal_at(text: str, start: int) -> Literal:
    """Read a quoted literal; one that is never closed ends with the text, and the expression's parser says so."""
    quote = text[start]
    parts: list[str | Hole] = []
    begin = position = start + 1
    while position < len(text) and text[position] != quote:
        if text.startswith(OPEN, position):
            hole = _hole_at(text, position)
            parts += [text[begin:position], hole]
            begin = position = hole.end
        else:
            position += 2 if text[position] == "\\" else 1
    end = min(position, len(text))
    parts.append(text[begin:end])
    return Literal(quote=quote, parts=tuple(part for part in parts if part), start=start, end=min(end + 1, len(text)))
