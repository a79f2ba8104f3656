"""The nets of each channel and the columns in which they leave and enter the items: their ports.

A waypoint has one column. A node offers the columns of its chip: lines enter in the middle, or straight from above if
that is near; several enter side by side, in the order of their sources.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .coord import Extent, pool_adjacent_violators
from .proper import Proper
from .route import Net

__all__ = ["Bundle", "bundle_channels", "port_room"]

_SPACING = 2
_STRAIGHT_WEIGHT = 64.0


def port_room(width: int) -> int:
    """How many lines may enter a chip of this width (at least 3), side by side, one blank cell between two."""
    return max(2, (width - 1) // 2)


class Bundle(NamedTuple):
    """A net with the segments it draws."""

    segments: tuple[int, ...]
    against: bool
    """Its arrows stand above, where it leaves."""
    tops: tuple[int, ...]
    """Column at which each segment leaves."""
    bottoms: tuple[int, ...]
    """Column at which each segment arrives."""

    def net(self) -> Net:
        return Net(tuple(sorted(set(self.tops))), tuple(sorted(set(self.bottoms))))

    def moved(self, columns: int) -> "Bundle":
        tops, bottoms = ((*(place + columns for place in places),) for places in (self.tops, self.bottoms))
        return Bundle(self.segments, self.against, tops, bottoms)


def bundle_channels(
    proper: Proper, layers: Sequence[Sequence[int]], columns: Sequence[int], extents: Sequence[Extent]
) -> list[list[Bundle]]:
    """The nets between each layer and the next."""
    ports = _Ports(proper, columns, extents)
    return [ports.channel(layer) for layer in layers[:-1]]


class _Ports:
    def __init__(self, proper: Proper, columns: Sequence[int], extents: Sequence[Extent]) -> None:
        self.proper = proper
        self.columns = columns
        self.extents = extents
        self.both_ways = any(segment.against for segment in proper.segments)

    def channel(self, layer: Sequence[int]) -> list[Bundle]:
        groups = self._groups(layer)
        arrivals = self._arrivals(groups)
        departures = self._departures(groups, arrivals)
        segments = self.proper.segments
        bundles: list[Bundle] = []
        for number, group in enumerate(groups):
            against = segments[group[0]].against
            tops = tuple(departures[segments[each].upper, against] for each in group)
            bottoms = tuple(arrivals[number, segments[each].lower] for each in group)
            bundles.append(Bundle(tuple(group), against, tops, bottoms))
        return bundles

    def _groups(self, layer: Sequence[int]) -> list[list[int]]:
        """Segments below a layer, net by net."""
        segments, below = self.proper.segments, self.proper.below
        groups: list[list[int]] = []
        collected: dict[tuple[int, bool], list[int]] = {}
        for item in layer:
            for against in (False, True) if self.both_ways else (False,):
                out = [number for number in below[item] if segments[number].against is against]
                if len(out) > 1:
                    groups.append(out)
                elif out:
                    target = (segments[out[0]].lower, against)
                    if target in collected:
                        collected[target].append(out[0])
                    else:
                        collected[target] = out
                        groups.append(out)
        return groups

    def _arrivals(self, groups: Sequence[Sequence[int]]) -> dict[tuple[int, int], int]:
        """Column of (net, lower item)."""
        segments, columns, node_count = self.proper.segments, self.columns, self.proper.node_count
        arrivals: dict[tuple[int, int], int] = {}
        sources: dict[int, dict[int, list[int]]] = {}
        for number, group in enumerate(groups):
            for each in group:
                upper, lower, _ = segments[each]
                if lower >= node_count:
                    arrivals[number, lower] = columns[lower]
                else:
                    sources.setdefault(lower, {}).setdefault(number, []).append(columns[upper])
        for item, nets in sources.items():
            for number, column in self._spread(item, nets).items():
                arrivals[number, item] = column
        return arrivals

    def _spread(self, item: int, nets: Mapping[int, Sequence[int]]) -> dict[int, int]:
        """Columns of a node's ports for nets whose other ends are in these columns."""
        middle = self.columns[item]
        low, high = self._span(item, len(nets))
        near = max(1, (high - low) // 4)
        least, most = max(low, middle - near), min(high, middle + near)
        if len(nets) == 1:
            ((number, others),) = nets.items()
            return {number: others[0] if len(others) == 1 and least <= others[0] <= most else middle}
        means = {number: sum(others) / len(others) for number, others in nets.items()}
        order = sorted(nets, key=lambda number: (means[number], number))
        spacing = _SPACING if (len(nets) - 1) * _SPACING <= high - low else 1
        wanted: list[float] = []
        weights: list[float] = []
        for place, number in enumerate(order):
            straight = len(nets[number]) == 1 and least <= means[number] <= most
            side = (means[number] > middle) - (means[number] < middle)
            wanted.append((means[number] if straight else middle + side * _SPACING) - spacing * place)
            weights.append(_STRAIGHT_WEIGHT if straight else 1.0)
        result: dict[int, int] = {}
        for place, (number, column) in enumerate(zip(order, pool_adjacent_violators(wanted, weights), strict=True)):
            after = len(order) - 1 - place
            result[number] = min(max(column + spacing * place, low + spacing * place), high - spacing * after)
        return result

    def _span(self, item: int, ports: int) -> tuple[int, int]:
        """Columns that ports may use: the chip without its ends, if they fit there."""
        middle, extent = self.columns[item], self.extents[item]
        inner = extent.left and extent.right and (ports - 1) * _SPACING <= extent.left + extent.right - 2
        return middle - extent.left + bool(inner), middle + extent.right - bool(inner)

    def _departures(
        self, groups: Sequence[Sequence[int]], arrivals: Mapping[tuple[int, int], int]
    ) -> dict[tuple[int, bool], int]:
        """Column of (upper item, against), outside the columns in which other nets arrive if the chip has such."""
        segments, node_count = self.proper.segments, self.proper.node_count
        arriving = {column: number for (number, _), column in arrivals.items()}
        departures: dict[tuple[int, bool], int] = {}
        targets: dict[int, dict[int, list[int]]] = {}
        for number, group in enumerate(groups):
            for each in group:
                upper, lower, against = segments[each]
                if upper >= node_count:
                    departures[upper, against] = self.columns[upper]
                else:
                    targets.setdefault(upper, {}).setdefault(number, []).append(arrivals[number, lower])
        for item, nets in targets.items():
            low, high = self._span(item, len(nets))
            taken: set[int] = set()
            for number, wanted in self._spread(item, nets).items():
                free = (
                    column
                    for distance in range(high - low + 1)
                    for column in (wanted + distance, wanted - distance)
                    if low <= column <= high and column not in taken and arriving.get(column, number) == number
                )
                column = next(free, wanted)
                taken.add(column)
                departures[item, segments[groups[number][0]].against] = column
        return departures
