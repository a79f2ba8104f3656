"""Which layer each node stands in. Every link points down; what the workflow draws upwards is marked `against`.

Nodes are their places in the graph. Nothing here recurses, so a chain of any depth is fine.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Link", "assign_layers", "crowded_nodes", "turn_down"]


class Link(NamedTuple):
    """An edge, turned so that it points down."""

    upper: int
    lower: int
    against: bool
    """The arrow stands at the upper end: the edge was turned round to lay the graph out."""
    labelled: bool
    """Carries `true` or `false`, so it shares no line where it leaves its source."""


def turn_down(node_count: int, links: Sequence[Link]) -> list[Link]:
    """The same links without a cycle: each that closes one is turned. Those meant to go back come turned already."""
    outgoing: list[list[int]] = [[] for _ in range(node_count)]
    has_parent = [False] * node_count
    for number, link in enumerate(links):
        outgoing[link.upper].append(number)
        has_parent[link.lower] = True
    turned = list(links)
    new, open_, done = 0, 1, 2
    state = [new] * node_count
    roots_first = sorted(range(node_count), key=has_parent.__getitem__)
    for root in roots_first:
        if state[root] != new:
            continue
        state[root] = open_
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node, rest = stack[-1]
            for number in rest:
                link = links[number]
                if state[link.lower] == new:
                    state[link.lower] = open_
                    stack.append((link.lower, iter(outgoing[link.lower])))
                    break
                if state[link.lower] == open_:
                    turned[number] = Link(link.lower, link.upper, not link.against, link.labelled)
            else:
                state[node] = done
                stack.pop()
    return turned


def crowded_nodes(node_count: int, links: Sequence[Link], room: int) -> list[bool]:
    """Which nodes would be entered by more separate lines than `room`, the number of arrows that fit on a chip.

    Links of a source with one way out end in a common line; each source with several brings a line of its own.
    """
    ways_out = [[0] * node_count, [0] * node_count]
    for link in links:
        ways_out[link.against][link.upper] += 1
    separate = [0] * node_count
    common: set[tuple[int, bool]] = set()
    for link in links:
        if ways_out[link.against][link.upper] > 1:
            separate[link.lower] += 1
        else:
            common.add((link.lower, link.against))
    for node, _ in common:
        separate[node] += 1
    return [lines > room for lines in separate]


def assign_layers(node_count: int, links: Sequence[Link], crowded: Sequence[bool]) -> list[int]:
    """Layer of each node, 0 on top: the longest path to it, then nodes with more children than parents sink.

    Two layers lie between a crowded node and its parents: there its lines are collected into one.
    """
    children: list[list[int]] = [[] for _ in range(node_count)]
    parents = [0] * node_count
    for link in links:
        children[link.upper].append(link.lower)
        parents[link.lower] += 1
    layer_of = [0] * node_count
    waiting = parents.copy()
    ready = deque(node for node in range(node_count) if not waiting[node])
    order: list[int] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for child in children[node]:
            layer_of[child] = max(layer_of[child], layer_of[node] + 1 + crowded[child])
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    for node in reversed(order):
        if len(children[node]) > parents[node]:
            layer_of[node] = min(layer_of[child] - 1 - crowded[child] for child in children[node])
    top = min(layer_of, default=0)
    return [layer - top for layer in layer_of]
