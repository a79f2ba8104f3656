"""Finds the task of a definition that an instance stands for, at any depth. Pure; built once per plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from engine import Graph, Node, Plan, ScopePath, TaskId, TaskKey, key_of

SHOWN_OPEN: Final = 80
"""A workflow with more tasks than this, all that its operators hold included, starts with every operator folded."""
_INDEX: Final = re.compile(r"\[\d+\]")


class PlanNodes:
    """Every node of a plan by the address of its instances, without the numbers of iterations."""

    def __init__(self, plan: Plan | None) -> None:
        """None finds nothing."""
        self._nodes: dict[str, Node] = {} if plan is None else dict(_walk(plan.root, ""))
        self._nested = tuple(f"{path}/" for path, node in self._nodes.items() if node.operator == "workflow")

    def of(self, key: TaskKey) -> Node | None:
        """Give the node of an instance; None where the plan has none."""
        return self._nodes.get(path_of(key))

    @property
    def groups(self) -> frozenset[str]:
        """Paths of the operators that hold others, so that they can be folded."""
        return frozenset(
            path
            for path, node in self._nodes.items()
            if getattr(node.spec, "branches", {}) or any(True for _ in insides(node, path))
        )

    @property
    def folded_at_first(self) -> frozenset[str]:
        """Paths of the operators that are folded until a person opens them."""
        return self.groups if len(self._nodes) > SHOWN_OPEN else frozenset()

    def instance(self, path: str, iteration: Callable[[TaskKey], ScopePath | None]) -> TaskKey:
        """Give an instance of the task at `path`; `iteration` chooses a scope of each loop around; None: the first."""
        *around, task = path.split("/")
        scope, walked = "", ""
        for name in around:
            walked = f"{walked}/{name}" if walked else name
            scope = f"{scope}/{name}" if scope else name
            node = self._nodes.get(walked)
            if node is not None and node.operator in {"foreach", "while"}:
                scope = iteration(key_of(scope)) or f"{scope}[0]"
        return TaskKey(ScopePath(scope), TaskId(task))

    def all(self) -> Iterator[tuple[str, Node]]:
        """List every node with its path, those inside others included."""
        return iter(self._nodes.items())

    def line_of(self, key: TaskKey) -> int | None:
        """Give its line in the file of the workflow itself; None where another file defines it."""
        path = path_of(key)
        node = self._nodes.get(path)
        return None if node is None or path.startswith(self._nested) else node.line


def _walk(graph: Graph, prefix: str) -> Iterator[tuple[str, Node]]:
    for node in graph.nodes:
        path = prefix + node.id
        yield path, node
        for _, inner, inside in insides(node, path):
            yield from _walk(inside, inner)


def path_of(key: TaskKey) -> str:
    """Give the path of an instance: its address without the numbers of iterations."""
    return _INDEX.sub("", key.address)


def insides(node: Node, path: str) -> Iterator[tuple[str, str, Graph]]:
    """List the graphs of an operator's own: title of the branch, what the paths in it begin with, the graph."""
    body: Graph | None = getattr(node.spec, "body", None)
    nested: Plan | None = getattr(node.spec, "plan", None)
    if body is not None:
        yield "", f"{path}/", body
    if nested is not None:
        yield "", f"{path}/", nested.root
    for name, graph in getattr(node.spec, "inline", {}).items():
        yield name, f"{path}/{name}/", graph
