"""What is known about a text before it is rendered: its issues, and the paths it reads. Nothing is evaluated."""

from __future__ import annotations

from itertools import chain

from .expressions import Reading, Reference, TemplateIssue, read, read_condition, refuse
from .holes import Hole, UnclosedHole, split

__all__ = ["Reference", "TemplateIssue", "check", "references"]


def check(text: str, *, condition: bool) -> tuple[TemplateIssue, ...]:
    """Return every fault of a text in order; a text without issues can fail only by its values.

    E-TEMPLATE: syntax. E-EXPRESSION: not part of the language. E-FILTER: unknown filter, wrong arguments. E-TOO-LARGE:
    a limit.
    """
    return tuple(chain.from_iterable(reading.issues for reading in _readings(text, condition=condition)))


def references(text: str, *, condition: bool) -> tuple[Reference, ...]:
    """Return the paths that a text reads, in order. In a condition bare words are paths too; faulty parts give none."""
    return tuple(chain.from_iterable(reading.references for reading in _readings(text, condition=condition)))


def _readings(text: str, *, condition: bool) -> list[Reading]:
    if condition:
        return [read_condition(text)]
    try:
        parts = split(text)
    except UnclosedHole as error:
        return [refuse("E-TEMPLATE", str(error), error.offset, 2)]
    return [read(part.inner).moved(part.inner_start) for part in parts if isinstance(part, Hole)]
