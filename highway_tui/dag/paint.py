"""From laid-out parts to cells. Sideways lines first, then those that run down: where these meet another net's they

cross it as a bridge, where they meet their own they join it. No cell holds sideways lines of two nets, nor downward
lines of two nets: the channels were routed so.
"""

from collections.abc import Iterable, Sequence

from .drawing import Point, Wire
from .glyphs import Arm, Mark
from .part import Channel, Part
from .port import Bundle
from .route import Trunk

__all__ = ["Canvas", "paint_part", "trunk_pins", "wires_of_part"]

_SIDEWAYS = Arm.LEFT | Arm.RIGHT
_UPRIGHT = Arm.UP | Arm.DOWN


class Canvas:
    """A grid of cells that is being painted; owned by one call of `lay_out`."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.rows = [bytearray(width) for _ in range(height)]

    def sideways(self, y: int, columns: Sequence[int]) -> None:
        """A line from the leftmost of some columns to the rightmost."""
        low, high = min(columns), max(columns)
        row = self.rows[y]
        row[low : high + 1] = bytes((_SIDEWAYS,)) * (high - low + 1)
        row[low] = Arm.RIGHT if high > low else 0
        if high > low:
            row[high] = Arm.LEFT

    def upright(self, x: int, top: int, bottom: int) -> None:
        """A line through all cells from row `top` to row `bottom`."""
        for y in range(top, bottom + 1):
            row = self.rows[y]
            row[x] = _UPRIGHT | Mark.BRIDGE if row[x] else _UPRIGHT

    def join(self, x: int, y: int, arm: int) -> None:
        self.rows[y][x] |= arm

    def put(self, at: "Point", rows: Sequence[bytes]) -> None:
        """Cells of a smaller drawing, its top left cell at `at`."""
        for y, row in enumerate(rows, at.y):
            self.rows[y][at.x : at.x + len(row)] = row


def trunk_pins(bundle: Bundle, trunk: Trunk) -> list[tuple[int, list[int]]]:
    """(track, columns in which something hangs on it) of each track that a net uses: one, or two if it was split."""
    tops, bottoms = sorted(set(bundle.tops)), sorted(set(bundle.bottoms))
    if trunk.jog is None:
        return [(trunk.track, sorted({*tops, *bottoms}))]
    return [(trunk.track, sorted([*tops, trunk.jog])), (trunk.second, sorted([*bottoms, trunk.jog]))]


def paint_part(canvas: Canvas, part: Part, at: Point) -> None:
    """Paints the lines of a part; its top left cell is `at`."""
    for channel in part.channels:
        _paint_channel(canvas, part, channel, at)
    for item in range(part.proper.node_count, len(part.columns)):
        layer = part.proper.layer_of[item]
        top = part.layer_tops[layer] + at.y
        canvas.upright(part.columns[item] + at.x, top, top + part.layer_heights[layer] - 1)


def _paint_channel(canvas: Canvas, part: Part, channel: Channel, at: Point) -> None:
    top, first, bottom = channel.top + at.y, channel.first_track + at.y, channel.bottom + at.y
    routed = list(zip(channel.bundles, channel.trunks, strict=True))
    for bundle, trunk in routed:
        for track, columns in trunk_pins(bundle, trunk) if trunk else ():
            canvas.sideways(first + track, [column + at.x for column in columns])
    for bundle, trunk in routed:
        if trunk is None:
            canvas.upright(bundle.tops[0] + at.x, top, bottom)
            continue
        high, low = first + trunk.track, first + trunk.last
        for x in _shifted(bundle.tops, at.x):
            canvas.upright(x, top, high - 1)
            canvas.join(x, high, Arm.UP)
        for x in _shifted(bundle.bottoms, at.x):
            canvas.join(x, low, Arm.DOWN)
            canvas.upright(x, low + 1, bottom)
        if trunk.jog is not None:
            x = trunk.jog + at.x
            canvas.join(x, high, Arm.DOWN)
            canvas.upright(x, high + 1, low - 1)
            canvas.join(x, low, Arm.UP)
    for bundle in channel.bundles:
        for number, above, below in zip(bundle.segments, bundle.tops, bundle.bottoms, strict=True):
            segment = part.proper.segments[number]
            if segment.upper < part.proper.node_count:
                start = part.below(segment.upper) + at.y
                if start < top and not canvas.rows[start][above + at.x]:
                    canvas.upright(above + at.x, start, top - 1)  # beside higher nodes of its layer
                if bundle.against:
                    canvas.rows[start][above + at.x] = _UPRIGHT | Mark.ARROW_UP
            if not bundle.against and segment.lower < part.proper.node_count:
                canvas.rows[bottom][below + at.x] = _UPRIGHT | Mark.ARROW_DOWN


def _shifted(columns: Iterable[int], shift: int) -> list[int]:
    return sorted({column + shift for column in columns})


def wires_of_part(part: Part, at: Point) -> list[Wire]:
    """The wire of each segment, in the order of segments."""
    wires: dict[int, Wire] = {}
    segments, node_count = part.proper.segments, part.proper.node_count
    for channel in part.channels:
        top, first, bottom = channel.top + at.y, channel.first_track + at.y, channel.bottom + at.y
        for bundle, trunk in zip(channel.bundles, channel.trunks, strict=True):
            for number, above, below in zip(bundle.segments, bundle.tops, bundle.bottoms, strict=True):
                upper, lower, _ = segments[number]
                end = bottom if lower < node_count else bottom + part.layer_heights[part.proper.layer_of[lower]]
                start_x, end_x = above + at.x, below + at.x
                points = [Point(start_x, part.below(upper) + at.y if upper < node_count else top)]
                if trunk is not None and trunk.jog is not None:
                    high, low, jog = first + trunk.track, first + trunk.second, trunk.jog + at.x
                    points += [Point(start_x, high), Point(jog, high), Point(jog, low), Point(end_x, low)]
                elif trunk is not None and above != below:
                    points += [Point(start_x, first + trunk.track), Point(end_x, first + trunk.track)]
                if len(points) > 1 and points[1] == points[0]:
                    del points[0]
                if end > points[-1].y or len(points) == 1:
                    points.append(Point(end_x, end))
                wires[number] = Wire(tuple(points))
    return [wires[number] for number in range(len(segments))]
