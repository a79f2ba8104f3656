"""Circles of dependencies. A task is two vertices, its start and its end, so that a parallel's gates can differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plan import Gate
from .scopes import Scope, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .document import Spot
    from .items import Source
    from .report import Report


def successors(scope: Scope) -> list[list[int]]:
    """Return the graph of one scope: vertex `2i` is the start of task i, `2i + 1` its end; an arrow means *before*.

    A parallel starts (opens), its members start, and it ends when the last of them has ended.
    """
    after: list[list[int]] = [[] for _ in range(2 * len(scope.items))]
    for position, item in enumerate(scope.items):
        after[2 * position].append(2 * position + 1)
        for edge in scope.edges[position]:
            origin = 2 * edge.upstream + (edge.gate is not Gate.OPEN)
            after[origin].append(2 * position)
        for _, _, member in members(item):
            if member in scope.index:
                after[2 * scope.index[member] + 1].append(2 * position + 1)
    return after


def find_cycles(root: Scope, source: Source, report: Report) -> bool:
    """Report every knot of circles once, as its shortest circle through its first task; tell whether there is one."""
    found = False
    for scope in root.walk():
        after = successors(scope)
        for knot in _knots(after):
            found = True
            circle = _circle(after, knot)
            names = [scope.items[index].id for index in circle]
            first, last = circle[0], circle[-1]
            message = f"these tasks wait for each other in a circle: {' -> '.join((*names, names[0]))}"
            report.add("E-CYCLE", message, source.place(_blame(scope, first, last)))
    return found


def _blame(scope: Scope, task: int, upstream: int) -> Spot:
    item = scope.items[task]
    written = item.operator.dependencies or ()
    name = scope.items[upstream].id
    return item.spot.find("dependencies", written.index(name)) if name in written else item.name_spot


def order(after: Sequence[Sequence[int]]) -> list[int]:
    """Return all vertices, each behind those before it; shorter than the graph where it has a circle."""
    waiting = [0] * len(after)
    for targets in after:
        for target in targets:
            waiting[target] += 1
    ready = [vertex for vertex, count in enumerate(waiting) if not count]
    for vertex in ready:  # grows while it is read
        for target in after[vertex]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ready


def _knots(after: list[list[int]]) -> Iterator[set[int]]:
    """Yield the strongly connected components that hold a circle, by their first task (Tarjan, without recursion)."""
    if len(order(after)) == len(after):
        return
    count, low, number = 0, [0] * len(after), [0] * len(after)
    stack: list[int] = []
    on_stack = [False] * len(after)
    knots: list[set[int]] = []
    for root in range(len(after)):
        if number[root]:
            continue
        work = [(root, iter(after[root]))]
        while work:
            vertex, targets = work[-1]
            if not number[vertex]:
                count += 1
                number[vertex] = low[vertex] = count
                stack.append(vertex)
                on_stack[vertex] = True
            for target in targets:
                if not number[target]:
                    work.append((target, iter(after[target])))
                    break
                if on_stack[target]:
                    low[vertex] = min(low[vertex], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[vertex])
                if low[vertex] == number[vertex]:
                    knot = set()
                    while vertex not in knot:
                        member = stack.pop()
                        on_stack[member] = False
                        knot.add(member)
                    if len(knot) > 1:
                        knots.append(knot)
    yield from sorted(knots, key=min)


def _circle(after: list[list[int]], knot: set[int]) -> list[int]:
    """Return the tasks of a shortest circle through the knot's first task, in the order of the arrows."""
    first = min(knot)
    came_from: dict[int, int] = {}
    queue = [first]
    for vertex in queue:  # grows while it is read; the knot is connected, so the first task is met again
        for target in after[vertex]:
            if target in knot and target not in came_from:
                came_from[target] = vertex
                queue.append(target)
        if first in came_from:
            break
    path = [first]
    while came_from[path[-1]] != first:
        path.append(came_from[path[-1]])
    path.append(first)
    tasks = [vertex // 2 for vertex in reversed(path)]
    return list(dict.fromkeys(tasks))
