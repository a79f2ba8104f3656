"""Everything that can be known before a run, said at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .items import Item, Source
    from .plan import Plan
    from .report import Report
    from .scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the checks of one file look at."""

    source: Source
    root: Scope
    report: Report
    tools: frozenset[str] | None
    """Known tools without `tools.`; None: names are not checked."""
    nested: Mapping[Item, Plan]
    """The plan of each operator `workflow` that has one."""
    cyclic: bool
    """Some tasks wait for each other: nothing can be said about what is upstream."""


def nested_calls(root: Scope) -> Iterator[Item]:
    """Yield every operator `workflow`, those in bodies included."""
    for scope in root.walk():
        yield from (item for item in scope.items if item.kind == "workflow")


def validate(context: Context) -> None:
    """Run every check; what is found goes to the report."""
