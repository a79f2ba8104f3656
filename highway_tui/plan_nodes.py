"""Finds the task of a definition that an instance stands for, at any depth. Pure; built once per plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine import Graph, Node, Plan, TaskKey

_INDEX: Final = re.compile(r"\[\d+\]")


class PlanNodes:
    """Every node of a plan by the address of its instances, without the numbers of iterations."""

    def __init__(self, plan: Plan | None) -> None:
        """None finds nothing."""
        self._nodes: dict[str, Node] = {} if plan is None else dict(_walk(plan.root, ""))
        self._nested = tuple(f"{path}/" for path, node in self._nodes.items() if node.operator == "workflow")

    def of(self, key: TaskKey) -> Node | None:
        """Give the node of an instance; None where the plan has none."""
        return self._nodes.get(_INDEX.sub("", key.address))

    def line_of(self, key: TaskKey) -> int | None:
        """Give its line in the file of the workflow itself; None where another file defines it."""
        path = _INDEX.sub("", key.address)
        node = self._nodes.get(path)
        return None if node is None or path.startswith(self._nested) else node.line


def _walk(graph: Graph, prefix: str) -> Iterator[tuple[str, Node]]:
    for node in graph.nodes:
        path = prefix + node.id
        yield path, node
        body: Graph | None = getattr(node.spec, "body", None)
        nested: Plan | None = getattr(node.spec, "plan", None)
        inline: dict[str, Graph] = getattr(node.spec, "inline", {})
        if body is not None:
            yield from _walk(body, f"{path}/")
        if nested is not None:
            yield from _walk(nested.root, f"{path}/")
        for branch, graph_of_branch in inline.items():
            yield from _walk(graph_of_branch, f"{path}/{branch}/")
