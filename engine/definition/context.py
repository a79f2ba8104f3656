"""What the checks of one file look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .document import Spot
    from .items import Item, Source
    from .plan import Plan
    from .report import Report
    from .scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One file with its ids resolved, and what was found about it so far."""

    source: Source
    root: Scope
    report: Report
    tools: frozenset[str] | None
    """Known tools without `tools.`; None: names are not checked."""
    nested: Mapping[Item, Plan]
    """The plan of each operator `workflow` that has one."""
    cyclic: bool
    """Some tasks wait for each other: nothing can be said about what is upstream."""

    def add(self, code: str, message: str, spot: Spot, fix: str | None = None) -> None:
        """Report a problem of a value."""
        self.report.add(code, message, self.source.place(spot), fix)

    def items(self) -> Iterator[Item]:
        """Yield every task of the file, outermost scopes first."""
        for scope in self.root.walk():
            yield from scope.items
