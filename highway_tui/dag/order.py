"""The order of items within their layers: few crossings, true left of false, file order wherever there is a choice.

Depth-first order, then sweeps that sort each layer by the mean place of its neighbours, keeping the best; then
neighbours change places while that saves crossings. Deterministic: sorting is stable and nothing is drawn by lot.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from .proper import Proper

__all__ = ["count_crossings", "order_layers"]

_SWEEPS = 8
_FRUITLESS_SWEEPS = 3
_TRANSPOSE_PASSES = 3


def order_layers(proper: Proper, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Items of each layer from left to right.

    Args:
        proper: the graph.
        pairs: (left, right) items of one layer that have to stand in this order, if the pairs do not contradict.
    """
    return _Order(proper, pairs).improve()


def count_crossings(uppers: Iterable[int], targets: Sequence[Sequence[int]], place: Sequence[int]) -> int:
    """Crossings between a layer, given from left to right, and the next: inversions among the places of the targets."""
    seen: list[int] = []
    crossings = 0
    for item in uppers:
        near = targets[item]
        # In rising order, so that the lines of one item, which never cross, are not counted against each other.
        for target in sorted([place[other] for other in near]) if len(near) > 1 else [place[other] for other in near]:
            before = bisect_right(seen, target)
            crossings += len(seen) - before
            seen.insert(before, target)
    return crossings


class _Order:
    def __init__(self, proper: Proper, pairs: Sequence[tuple[int, int]]) -> None:
        count = len(proper.layer_of)
        segments = proper.segments
        self.children = [[segments[number].lower for number in numbers] for numbers in proper.below]
        self.parents = [[segments[number].upper for number in numbers] for numbers in proper.above]
        self.pairs = frozenset(pairs)
        self.pairs_of: dict[int, list[tuple[int, int]]] = {}
        for pair in pairs:
            self.pairs_of.setdefault(proper.layer_of[pair[0]], []).append(pair)
        self.layers = self._depth_first(proper, pairs)
        self.place = [0] * count
        for depth, layer in enumerate(self.layers):
            self._number(layer)
            self._keep_pairs(depth)

    def _depth_first(self, proper: Proper, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
        layers: list[list[int]] = [[] for _ in range(max(proper.layer_of, default=-1) + 1)]
        lefts, rights = {left for left, _ in pairs}, {right for _, right in pairs}
        seen = [False] * len(proper.layer_of)
        for root in range(len(proper.layer_of)):
            if seen[root] or self.parents[root]:
                continue
            stack = [root]
            while stack:
                item = stack.pop()
                if seen[item]:
                    continue
                seen[item] = True
                layers[proper.layer_of[item]].append(item)
                nexts = self.children[item]
                if len(nexts) > 1:
                    nexts = sorted(nexts, key=lambda child: (child in rights) - (child in lefts))
                stack.extend(reversed(nexts))
        return layers

    def _number(self, layer: Sequence[int]) -> None:
        place = self.place
        for number, item in enumerate(layer):
            place[item] = number

    def _keep_pairs(self, depth: int) -> None:
        layer, place = self.layers[depth], self.place
        for left, right in self.pairs_of.get(depth, ()):
            low, high = place[right], place[left]
            if low < high:
                layer[low], layer[high] = left, right
                place[left], place[right] = low, high

    def improve(self) -> list[list[int]]:
        best, fewest = [layer.copy() for layer in self.layers], self._crossings()
        fruitless = 0
        for sweep in range(_SWEEPS):
            if not fewest or fruitless == _FRUITLESS_SWEEPS:
                break
            self._sweep(downwards=sweep % 2 == 0)
            crossings = self._crossings()
            fruitless += 1
            if crossings < fewest:
                best, fewest, fruitless = [layer.copy() for layer in self.layers], crossings, 0
        self.layers = best
        for layer in best:
            self._number(layer)
        for _ in range(_TRANSPOSE_PASSES):
            if not fewest or not self._transpose():
                break
        return self.layers

    def _crossings(self) -> int:
        place, children = self.place, self.children
        return sum(
            count_crossings(layer, children, place)
            for layer, following in pairwise(self.layers)
            if len(layer) > 1 and len(following) > 1
        )

    def _sweep(self, *, downwards: bool) -> None:
        neighbours = self.parents if downwards else self.children
        place = self.place
        for depth in range(len(self.layers)) if downwards else range(len(self.layers) - 1, -1, -1):
            layer = self.layers[depth]
            if len(layer) == 1:
                continue
            wanted: dict[int, float] = {}
            for item in layer:
                near = neighbours[item]
                if len(near) == 1:
                    wanted[item] = place[near[0]]
                elif near:
                    wanted[item] = sum([place[other] for other in near]) / len(near)
                else:
                    wanted[item] = place[item]
            layer.sort(key=wanted.__getitem__)
            self._number(layer)
            self._keep_pairs(depth)

    def _transpose(self) -> bool:
        """One pass over all neighbours; whether any changed places."""
        place, parents, children, pairs = self.place, self.parents, self.children, self.pairs
        changed = False
        for layer in self.layers:
            for number in range(len(layer) - 1):
                left, right = layer[number], layer[number + 1]
                gain = _gain(parents[left], parents[right], place) + _gain(children[left], children[right], place)
                if gain > 0 and (left, right) not in pairs:
                    layer[number], layer[number + 1] = right, left
                    place[left], place[right] = number + 1, number
                    changed = True
        return changed


def _gain(lefts: Sequence[int], rights: Sequence[int], place: Sequence[int]) -> int:
    """Crossings saved if two neighbours with these ends change places."""
    if len(lefts) == 1 and len(rights) == 1:
        left, right = place[lefts[0]], place[rights[0]]
        return (left > right) - (left < right)
    if not lefts or not rights:
        return 0
    sorted_rights = sorted([place[item] for item in rights])
    gain = 0
    for item in lefts:
        before = bisect_left(sorted_rights, place[item])
        after = len(sorted_rights) - bisect_right(sorted_rights, place[item])
        gain += before - after
    return gain
