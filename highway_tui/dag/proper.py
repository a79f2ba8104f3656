"""The proper graph: every segment joins two neighbouring layers; long links run through waypoints.

Long links share waypoints, so that a picture of many is one line and not a bundle: either all lines into one target
are collected (a tree that leads to it), or all lines of one source are spread from a common line. A link takes part in
one such tree only, never in both, so a shared line never hides who depends on whom. It also bounds the work: the
number of waypoints grows with the links plus the height of each tree, not with links times height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .layer import Link

__all__ = ["Proper", "Segment", "build_proper"]


class Segment(NamedTuple):
    """A piece of a link from an item to an item one layer below."""

    upper: int
    lower: int
    against: bool
    """See Link."""


@dataclass(frozen=True, slots=True)
class Proper:
    """Items are nodes (the first `node_count`) and waypoints (the rest)."""

    node_count: int
    layer_of: list[int]
    """Layer of each item."""
    segments: list[Segment]
    starts: list[tuple[int, bool]]
    """For each link one segment at its end, and whether its path goes on downwards from there (else upwards)."""
    above: list[list[int]]
    """Segments that end at each item."""
    below: list[list[int]]
    """Segments that start at each item."""
    lone: set[int]
    """Waypoints on the way from a source to a collecting line: they give way, the line stays straight."""

    def path(self, link: int) -> list[int]:
        """Segments of a link from its upper end to its lower one."""
        number, downwards = self.starts[link]
        path = [number]
        while downwards and (item := self.segments[number].lower) >= self.node_count:
            number = self.below[item][0]
            path.append(number)
        while not downwards and (item := self.segments[number].upper) >= self.node_count:
            number = self.above[item][0]
            path.append(number)
        return path if downwards else path[::-1]


class _Builder:
    """Grows a Proper; lives only inside `build_proper`."""

    def __init__(self, layer_of: Sequence[int]) -> None:
        self.layer_of = list(layer_of)
        self.segments: list[Segment] = []
        self.collected: dict[tuple[int, bool, int], int] = {}
        """Waypoint of (target, against, layer)."""
        self.spread: dict[tuple[int, bool, int], int] = {}
        """Waypoint of (source, against, layer)."""

    def join(self, upper: int, lower: int, against: bool) -> int:
        self.segments.append(Segment(upper, lower, against))
        return len(self.segments) - 1

    def waypoint(self, layer: int) -> int:
        self.layer_of.append(layer)
        return len(self.layer_of) - 1

    def collector(self, target: int, against: bool, layer: int) -> int:
        """The item in `layer` through which lines run down to `target`."""
        last = self.layer_of[target]
        if layer == last:
            return target
        first = self.collected.get((target, against, layer))
        if first is not None:
            return first
        first = upper = self.collected[target, against, layer] = self.waypoint(layer)
        for below in range(layer + 1, last):
            lower = self.collected.get((target, against, below))
            if lower is not None:
                self.join(upper, lower, against)
                return first
            lower = self.collected[target, against, below] = self.waypoint(below)
            self.join(upper, lower, against)
            upper = lower
        self.join(upper, target, against)
        return first

    def spreader(self, source: int, against: bool, layer: int) -> int:
        """The item in `layer` through which lines run down from `source`."""
        above = layer
        while above > self.layer_of[source] and (source, against, above) not in self.spread:
            above -= 1
        upper = source if above == self.layer_of[source] else self.spread[source, against, above]
        for below in range(above + 1, layer + 1):
            lower = self.spread[source, against, below] = self.waypoint(below)
            self.join(upper, lower, against)
            upper = lower
        return upper


def build_proper(layer_of: Sequence[int], links: Sequence[Link], crowded: Sequence[bool]) -> Proper:
    """Splits long links at every layer they pass. Segments keep the order of the links they were made for."""
    ways_out: dict[tuple[int, bool], int] = {}
    long_out: dict[tuple[int, bool], int] = {}
    long_in: dict[tuple[int, bool], int] = {}
    for link in links:
        source, target = (link.upper, link.against), (link.lower, link.against)
        ways_out[source] = ways_out.get(source, 0) + 1
        if layer_of[link.lower] - layer_of[link.upper] > 1:
            long_out[source] = long_out.get(source, 0) + (not link.labelled)
            long_in[target] = long_in.get(target, 0) + 1
    builder = _Builder(layer_of)
    starts: list[tuple[int, bool]] = []
    lone: set[int] = set()
    for upper, lower, against, labelled in links:
        first = layer_of[upper] + 1
        if layer_of[lower] == first:
            starts.append((builder.join(upper, lower, against), True))
        elif ways_out[upper, against] == 1:
            starts.append((builder.join(upper, builder.collector(lower, against, first), against), True))
        elif labelled or crowded[lower] or long_out[upper, against] <= long_in[lower, against]:
            own = builder.waypoint(first)
            lone.add(own)
            starts.append((builder.join(upper, own, against), True))
            builder.join(own, builder.collector(lower, against, first + 1), against)
        else:
            spreader = builder.spreader(upper, against, layer_of[lower] - 1)
            starts.append((builder.join(spreader, lower, against), False))
    above: list[list[int]] = [[] for _ in builder.layer_of]
    below: list[list[int]] = [[] for _ in builder.layer_of]
    for number, segment in enumerate(builder.segments):
        above[segment.lower].append(number)
        below[segment.upper].append(number)
    return Proper(len(layer_of), builder.layer_of, builder.segments, starts, above, below, lone)
