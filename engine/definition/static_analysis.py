"""What is known about a text before it is rendered: its issues, and the paths it reads. Nothing is evaluated."""

from __future__ import annotations

from itertools import chain
from typing import TypeAlias

from .findings import Reference, TemplateIssue, path_reference
from .holes import Hole, UnclosedHole, split

__all__ = ["Reference", "TemplateIssue", "check", "references"]

_Found: TypeAlias = tuple[tuple[TemplateIssue, ...], tuple[Reference, ...]]


def check(text: str, *, condition: bool) -> tuple[TemplateIssue, ...]:
    """Return every fault of a text in order; a text without issues can fail only by its values.

    E-TEMPLATE: syntax. E-EXPRESSION: not part of the language. E-FILTER: unknown filter, wrong arguments. E-TOO-LARGE:
    a limit.
    """
    return tuple(chain.from_iterable(issues for issues, _ in _findings(text, condition=condition)))


def references(text: str, *, condition: bool) -> tuple[Reference, ...]:
    """Return the paths that a text reads, in order. In a condition bare words are paths too; faulty parts give none."""
    return tuple(chain.from_iterable(found for _, found in _findings(text, condition=condition)))


def _findings(text: str, *, condition: bool) -> list[_Found]:
    if condition:
        return [_read(text, 0, condition=True)]
    try:
        parts = split(text)
    except UnclosedHole as error:
        return [((TemplateIssue(code="E-TEMPLATE", message=str(error), offset=error.offset, length=2),), ())]
    return [_read(part.inner, part.inner_start, condition=False) for part in parts if isinstance(part, Hole)]


def _read(expression: str, start: int, *, condition: bool) -> _Found:
    """Read one expression that begins at `start` of its text."""
    reference = path_reference(expression)
    if reference is not None and "-" not in expression:
        return (), (reference.moved(start),)
    from .expressions import read, read_condition  # Jinja2 takes 75 ms to import, and most texts have only paths

    reading = (read_condition if condition else read)(expression).moved(start)
    return reading.issues, reading.references
