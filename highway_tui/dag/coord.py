"""The column of each item: integers, order kept, nothing too close, long lines straight, parents over their children.

Each layer is placed by isotonic regression: with the least gaps subtracted, "in this order and not too close" becomes
"not decreasing", and pool-adjacent-violators gives the weighted least-squares answer in linear time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

from .proper import Proper

__all__ = ["Extent", "place_columns", "pool_adjacent_violators"]

_SWEEPS = 4
_FAMILY_SWEEPS = 3
_SPARSE = 1.5
"""Segments per item up to which moving whole families is tried: among more they only push each other apart."""
_TOLERANCE = 1.1
"""How much more spread the drawing may be for families to stand centred."""
_WAYPOINT_WEIGHT = 8.0
_FREE_WEIGHT = 0.125
"""Of what has nothing to line up with, or has to give way."""
_STRAIGHTEN_PASSES = 2
_FAR = 1 << 40


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an item reaches from its column, in cells, the column itself not counted."""

    left: int
    right: int


def pool_adjacent_violators(wanted: Sequence[float], weights: Sequence[float]) -> list[int]:
    """The non-decreasing integers nearest to `wanted`, by weighted least squares and rounding."""
    sums: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for value, weight in zip(wanted, weights, strict=True):
        total, mass, size = value * weight, weight, 1
        while sums and sums[-1] * mass >= total * masses[-1]:
            total += sums.pop()
            mass += masses.pop()
            size += sizes.pop()
        sums.append(total)
        masses.append(mass)
        sizes.append(size)
    result: list[int] = []
    for total, mass, size in zip(sums, masses, sizes, strict=True):
        result.extend([floor(total / mass + 0.5)] * size)
    return result


def place_columns(
    proper: Proper, layers: Sequence[Sequence[int]], extents: Sequence[Extent], node_gap: int, line_gap: int
) -> list[int]:
    """Column of each item; the leftmost cell of the drawing is 0.

    Args:
        proper: the graph.
        layers: items of each layer from left to right.
        extents: of each item.
        node_gap: blank cells between two nodes.
        line_gap: blank cells beside a line.
    """
    columns = _Columns(proper, layers, extents, (node_gap, line_gap))
    for sweep in range(_SWEEPS):
        columns.sweep(downwards=sweep % 2 == 0)
    before = columns.column.copy()
    columns.straighten()
    if len(proper.segments) <= _SPARSE * len(extents):
        plain = columns.column
        columns.column = before
        for turn in range(_FAMILY_SWEEPS):
            columns.gather(downwards=turn % 2 == 0)
        columns.straighten()
        if columns.spread(columns.column) > _TOLERANCE * columns.spread(plain):
            columns.column = plain
    least = min((column - extents[item].left for item, column in enumerate(columns.column)), default=0)
    return [column - least for column in columns.column]


class _Columns:
    def __init__(
        self, proper: Proper, layers: Sequence[Sequence[int]], extents: Sequence[Extent], gaps: tuple[int, int]
    ) -> None:
        segments, nodes = proper.segments, proper.node_count
        self.layers = layers
        self.nodes = nodes
        self.ends = [(segment.upper, segment.lower) for segment in segments]
        self.lone = proper.lone
        self.children = [
            self._kin(item, [segments[number].lower for number in numbers]) for item, numbers in enumerate(proper.below)
        ]
        self.parents = [
            self._kin(item, [segments[number].upper for number in numbers]) for item, numbers in enumerate(proper.above)
        ]
        self.weight_of = [1.0] * nodes + [_WAYPOINT_WEIGHT] * (len(extents) - nodes)
        for item in proper.lone:
            self.weight_of[item] = _FREE_WEIGHT
        self.column = [0] * len(extents)
        self.where = [(0, 0)] * len(extents)
        """Layer of each item and its place in it."""
        self.offsets: list[list[int]] = []
        """Least column of each item of each layer, if the first stands in column 0."""
        node_gap, line_gap = gaps
        for depth, layer in enumerate(layers):
            offsets: list[int] = []
            for number, item in enumerate(layer):
                self.where[item] = (depth, number)
                if not number:
                    offsets.append(0)
                    continue
                before = layer[number - 1]
                gap = node_gap if item < nodes and before < nodes else line_gap
                offsets.append(offsets[-1] + extents[before].right + gap + 1 + extents[item].left)
            self.offsets.append(offsets)
            for item, offset in zip(layer, offsets, strict=True):
                self.column[item] = offset - offsets[-1] // 2

    def _kin(self, item: int, near: list[int]) -> list[int]:
        """Those neighbours an item lines up with: nodes with nodes, waypoints with waypoints, if it has such."""
        is_node = item < self.nodes
        kin = [other for other in near if (other < self.nodes) is is_node] or near
        return [other for other in kin if other not in self.lone] or kin if len(kin) > 1 else kin

    def _middle(self, near: Sequence[int]) -> float:
        column = self.column
        if len(near) == 1:
            return column[near[0]]
        places = sorted([column[item] for item in near])
        half = len(places) // 2
        return places[half] if len(places) % 2 else (places[half - 1] + places[half]) / 2

    def _place(self, depth: int, wanted: Sequence[float], weights: Sequence[float]) -> None:
        layer, offsets, column = self.layers[depth], self.offsets[depth], self.column
        if len(layer) == 1:
            column[layer[0]] = floor(wanted[0] + 0.5)
            return
        shifted = [want - offset for want, offset in zip(wanted, offsets, strict=True)]
        for item, place, offset in zip(layer, pool_adjacent_violators(shifted, weights), offsets, strict=True):
            column[item] = place + offset

    def sweep(self, *, downwards: bool) -> None:
        """Moves each layer towards the one just placed."""
        neighbours = self.parents if downwards else self.children
        column, weight_of = self.column, self.weight_of
        for depth in range(len(self.layers)) if downwards else range(len(self.layers) - 1, -1, -1):
            wanted: list[float] = []
            weights: list[float] = []
            for item in self.layers[depth]:
                near = neighbours[item]
                wanted.append(column[near[0]] if len(near) == 1 else self._middle(near) if near else column[item])
                weights.append(weight_of[item] if near else _FREE_WEIGHT)
            self._place(depth, wanted, weights)

    def spread(self, column: Sequence[int]) -> int:
        """How far lines run sideways and the drawing reaches, in cells."""
        width = max(column) - min(column)
        return width + sum([abs(column[above] - column[below]) for above, below in self.ends])

    def gather(self, *, downwards: bool) -> None:
        """Moves families as they stand: children until their middle is below their parent, or parents likewise."""
        before, after = (self.parents, self.children) if downwards else (self.children, self.parents)
        column, weight_of, middle, nodes = self.column, self.weight_of, self._middle, self.nodes
        for depth in range(len(self.layers)) if downwards else range(len(self.layers) - 1, -1, -1):
            layer = self.layers[depth]
            off: dict[int, float] = {}
            wanted: list[float] = []
            weights: list[float] = []
            for item in layer:
                near = before[item]
                if item >= nodes and near[0] >= nodes:
                    wanted.append(middle(near))
                else:
                    for other in near:
                        if other not in off:
                            off[other] = column[other] - middle(after[other])
                    wanted.append(column[item] + (sum([off[other] for other in near]) / len(near) if near else 0))
                weights.append(weight_of[item] if near and (item < nodes or near[0] >= nodes) else _FREE_WEIGHT)
            self._place(depth, wanted, weights)

    def straighten(self) -> None:
        """Gives each chain one column if there is room, under the middle of its parents, over that of its children."""
        chains = list(self._chains())
        for turn in range(_STRAIGHTEN_PASSES):
            chains.reverse() if turn else None
            for chain in chains:
                self._align(chain)

    def _chains(self) -> Iterator[list[int]]:
        """Maximal runs, from top to bottom, in which each item is the only child of the one before, and that its only

        parent; runs of one item too. By the layer of their first item.
        """
        parents, children = self.parents, self.children
        for layer in self.layers:
            for first in layer:
                if len(parents[first]) == 1 and children[parents[first][0]] == [first]:
                    continue
                chain = [first]
                while len(children[chain[-1]]) == 1 and parents[children[chain[-1]][0]] == [chain[-1]]:
                    chain.append(children[chain[-1]][0])
                yield chain

    def _room(self, item: int) -> tuple[int, int]:
        """Leftmost and rightmost column that the neighbours leave to an item."""
        depth, number = self.where[item]
        layer, offsets, column = self.layers[depth], self.offsets[depth], self.column
        low, high = -_FAR, _FAR
        if number:
            low = column[layer[number - 1]] + offsets[number] - offsets[number - 1]
        if number + 1 < len(layer):
            high = column[layer[number + 1]] - offsets[number + 1] + offsets[number]
        return low, high

    def _align(self, chain: Sequence[int]) -> None:
        """Splits a chain into as few straight pieces as the room allows and moves each piece to its middle column."""
        if len(chain) == 1 and len(self.parents[chain[0]]) < 2 and len(self.children[chain[0]]) < 2:
            return
        start, low, high = 0, -_FAR, _FAR
        for number, item in enumerate(chain):
            least, most = self._room(item)
            if max(low, least) > min(high, most):
                self._move(chain[start:number], low, high)
                start, low, high = number, least, most
            else:
                low, high = max(low, least), min(high, most)
        self._move(chain[start:], low, high)

    def _move(self, piece: Sequence[int], low: int, high: int) -> None:
        """Puts a piece into one column: that which its ends want, else its own middle one, or the nearest there is."""
        ends = self.parents[piece[0]], self.children[piece[-1]]
        wanted = [self._middle(near) for near in ends if len(near) > 1]
        if wanted:
            column = floor(sum(wanted) / len(wanted) + 0.5)
        elif len(piece) == 1:
            return
        else:
            column = sorted([self.column[item] for item in piece])[len(piece) // 2]
        for item in piece:
            self.column[item] = min(max(column, low), high)
