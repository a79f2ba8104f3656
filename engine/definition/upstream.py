"""What may have been written before a task starts: results and ended tasks, as one bit each, through every scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .graphs import order, successors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .items import Item
    from .scopes import Scope

Name = tuple[str, str]
"""(`result`, key) or (`task`, id)."""


class Upstream:
    """Answers for one file without circles. Only names that something asks about have a bit."""

    def __init__(self, root: Scope, wanted: Mapping[Name, None]) -> None:
        """`wanted` are the names that will be asked about."""
        self._bits = {name: 1 << position for position, name in enumerate(wanted)}
        self._before: dict[int, list[int]] = {}
        self._fill(root, 0)
        for hook in root.hooks.values():
            self._fill(hook, (1 << len(self._bits)) - 1)

    def has(self, scope: Scope, position: int | None, name: Name, *, body: bool = False) -> bool:
        """Tell whether `name` may be there when a task starts; `body` adds what the task's own loop writes."""
        if position is None:
            return False
        bits = self._before[id(scope)][position]
        if body:
            bits |= self._inside(scope.items[position])
        return bool(bits & self._bits[name])

    def _fill(self, scope: Scope, base: int) -> None:
        """Compute a scope and those inside it; `base` holds before any of its tasks starts."""
        after = successors(scope)
        have = [base] * len(after)
        for vertex in order(after):
            if vertex % 2:
                item = scope.items[vertex // 2]
                have[vertex] |= self._own(item) | self._inside(item)
            for target in after[vertex]:
                have[target] |= have[vertex]
        self._before[id(scope)] = have[::2]
        for position, children in enumerate(scope.children):
            item = scope.items[position]
            for child in children:
                inner = have[2 * position]
                if child.kind == "while":
                    inner |= self._inside(item) | self._tasks(child)
                self._fill(child, inner)

    def _own(self, item: Item) -> int:
        bits = self._bits.get(("task", item.id), 0)
        if item.operator.result_key is not None:
            bits |= self._bits.get(("result", item.operator.result_key), 0)
        return bits

    def _inside(self, item: Item) -> int:
        """Return the results that the tasks inside an operator write; they stay visible behind it."""
        bits = 0
        for inner in results_inside(item):
            bits |= self._bits.get(("result", inner), 0)
        return bits

    def _tasks(self, scope: Scope) -> int:
        bits = 0
        for item in scope.items:
            bits |= self._bits.get(("task", item.id), 0)
        return bits


def results_inside(item: Item) -> Iterator[str]:
    """Yield the result keys of all tasks inside an operator, at any depth."""
    for _, items in item.scopes:
        for inner in items:
            if inner.operator.result_key is not None:
                yield inner.operator.result_key
            yield from results_inside(inner)
