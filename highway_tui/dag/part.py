"""One connected part of the graph, laid out but not yet painted: which item stands where, and which trunk on which row.

Coordinates are its own, its top left cell is (0, 0).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .coord import Extent, place_columns
from .layer import Link, assign_layers, crowded_nodes, turn_down
from .order import order_layers
from .port import Bundle, bundle_channels, port_room
from .proper import Proper, build_proper
from .route import Trunk, route_channel

__all__ = ["Channel", "Part", "Size", "Spacing", "lay_out_part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """Sizes, in cells."""

    node_width: int = 24
    """Of every chip; at least 3."""
    node_height: int = 1
    """Of every chip: 1 for a line of text, 3 for a box."""
    node_gap: int = 2
    """Blank columns between two chips."""
    line_gap: int = 1
    """Blank columns beside a line that passes a chip or another line."""
    stub: int = 0
    """Rows a line runs down before it turns sideways."""


class Size(NamedTuple):
    """Of a node, in cells."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Channel:
    """The rows between two layers: stubs, tracks, one row of arrows."""

    top: int
    first_track: int
    bottom: int
    """Its last row, that of the arrows."""
    bundles: list[Bundle]
    trunks: list[Trunk | None]
    """Of each bundle; None: it runs straight down."""


@dataclass(frozen=True, slots=True)
class Part:
    """See the module."""

    proper: Proper
    links: list[Link]
    layers: list[list[int]]
    columns: list[int]
    """Of each item."""
    sizes: Sequence[Size]
    """Of each node."""
    layer_tops: list[int]
    """First row of each layer, where its nodes begin."""
    layer_heights: list[int]
    """Rows of the highest node of each layer."""
    channels: list[Channel]
    width: int
    height: int

    def below(self, node: int) -> int:
        """The first row below a node."""
        return self.layer_tops[self.proper.layer_of[node]] + self.sizes[node].height


def lay_out_part(
    sizes: Sequence[Size], links: Sequence[Link], pairs: Sequence[tuple[int, int]], spacing: Spacing
) -> Part:
    """Lays out a connected graph.

    Args:
        sizes: of its nodes, in file order.
        links: its edges; those known to go back turned already.
        pairs: numbers of links with one upper end; the first has to leave on the left of the second.
        spacing: sizes.
    """
    node_count = len(sizes)
    turned = turn_down(node_count, links)
    crowded = crowded_nodes(node_count, turned, port_room(spacing.node_width))
    proper = build_proper(assign_layers(node_count, turned, crowded), turned, crowded)
    layers = order_layers(proper, _item_pairs(proper, turned, pairs))
    extents = [Extent((size.width - 1) // 2, size.width // 2) for size in sizes]
    extents += [Extent(0, 0)] * (len(proper.layer_of) - node_count)
    columns = place_columns(proper, layers, extents, spacing.node_gap, spacing.line_gap)
    bundles = bundle_channels(proper, layers, columns, extents)
    routed = [route_channel([bundle.net() for bundle in nets]) for nets in bundles]
    columns, bundles, routed, width = _inside(columns, extents, bundles, routed)
    heights = [max((sizes[item].height for item in layer if item < node_count), default=1) for layer in layers]
    layer_tops: list[int] = []
    channels: list[Channel] = []
    y = 0
    for nets, (trunks, tracks), height in zip(bundles, routed, heights, strict=False):
        layer_tops.append(y)
        top = y + height
        stub = spacing.stub
        if not stub and any(bundle.against for bundle in nets):
            stub = 1
        first_track = top + (stub if tracks else 0)
        channels.append(Channel(top, first_track, first_track + tracks, nets, trunks))
        y = first_track + tracks + 1
    layer_tops.append(y)
    return Part(proper, turned, layers, columns, sizes, layer_tops, heights, channels, width, y + heights[-1])


def _item_pairs(proper: Proper, links: Sequence[Link], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The items that two links reach first, if those lie in one layer."""
    result: list[tuple[int, int]] = []
    for left, right in pairs:
        if links[left].against or links[right].against:
            continue
        items = tuple(proper.segments[proper.path(link)[0]].lower for link in (left, right))
        if items[0] != items[1]:
            result.append((items[0], items[1]))
    return result


def _inside(
    columns: list[int],
    extents: Sequence[Extent],
    bundles: list[list[Bundle]],
    routed: list[tuple[list[Trunk | None], int]],
) -> tuple[list[int], list[list[Bundle]], list[tuple[list[Trunk | None], int]], int]:
    """The same, moved so that lines that were led round the outside are inside too, and the width of it all."""
    jogs = [trunk.jog for trunks, _ in routed for trunk in trunks if trunk and trunk.jog is not None]
    shift = -min(0, *jogs) if jogs else 0
    right = max((column + extent.right for column, extent in zip(columns, extents, strict=True)), default=-1)
    width = max([right, *jogs]) + shift + 1
    if not shift:
        return columns, bundles, routed, width
    return (
        [column + shift for column in columns],
        [[bundle.moved(shift) for bundle in nets] for nets in bundles],
        [([trunk and trunk.moved(shift) for trunk in trunks], tracks) for trunks, tracks in routed],
        width,
    )
