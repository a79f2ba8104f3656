"""A file as it was read: models, each with the place it came from. Ids are still text; nothing is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..keys import JsonValue
from .document import Document, Spot
from .models import Operator, Param, Workflow
from .report import Place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One task as it was written."""

    id: str
    kind: str
    """The canonical `operator_type`."""
    operator: Operator
    raw: Mapping[str, JsonValue]
    """The task's map with canonical keys; what twins are compared by."""
    spot: Spot
    name_spot: Spot
    """The task's own key; in a loop's body its `task_id`."""
    body: tuple[Item, ...] = ()
    branches: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    """Inline branches (`branch_workflows`)."""

    @property
    def scopes(self) -> tuple[tuple[str, tuple[Item, ...]], ...]:
        """The lists of tasks inside this one, each with its branch's name (`""` for a loop's body)."""
        return (("", self.body), *self.branches.items()) if self.body else tuple(self.branches.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file as it was read, good enough to be checked further."""

    document: Document
    workflow: Workflow
    params: Mapping[str, Param]
    items: tuple[Item, ...]
    hooks: Mapping[str, tuple[Item | tuple[str, Spot], ...]] = field(default_factory=dict)
    """Tasks of `on_success`, `on_failure` and `finally`: inline ones, and ids with their places."""

    def place(self, spot: Spot, offset: int | None = None, length: int = 0) -> Place:
        """Return the place of a value, or of a piece of its text."""
        return self.document.place(spot, offset, length)
