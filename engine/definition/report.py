"""Problems as they are found: one collector per file. A code's first letter is its severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import Problem, Severity
from .names import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

SEVERITIES: Final[dict[str, Severity]] = {"E": "error", "W": "warning", "I": "info"}
_MAX_SUGGESTIONS: Final = 200
"""Looking for the nearest of 20,000 names costs milliseconds; a file with more typos than this has other troubles."""


class Place(NamedTuple):
    """Marked text on one line; all numbers count from 1."""

    line: int = 1
    column: int = 1
    end_column: int = 1
    """First column after the marked text."""


class Report:
    """Collects the problems of one file. Used by one thread, while that file is loaded."""

    def __init__(self, file: str) -> None:
        """`file` is how the caller named the file."""
        self.file = file
        self._suggestions = 0
        self._problems: dict[Problem, None] = {}

    def add(self, code: str, message: str, place: Place, fix: str | None = None) -> None:
        """Note a problem; one that is there already (through a YAML alias, say) is kept once."""
        line, column, end_column = place
        problem = Problem(
            code=code,
            severity=SEVERITIES[code[0]],
            message=message,
            file=self.file,
            line=line,
            column=column,
            end_column=max(column, end_column),
            fix=fix,
        )
        self._problems.setdefault(problem)

    def suggest(self, word: str, candidates: Iterable[str], prefix: str = "") -> str | None:
        """Return a did-you-mean for a mistyped name; None when nothing is near or enough has been suggested.

        `prefix` is shown before the name, as in `variables.name`.
        """
        self._suggestions += 1
        near = nearest(word, candidates) if self._suggestions <= _MAX_SUGGESTIONS else None
        return None if near is None else f"did you mean `{prefix}{near}`?"

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far keeps the workflow from running."""
        return any(problem.severity == "error" for problem in self._problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found so far, in file order."""
        return tuple(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))
