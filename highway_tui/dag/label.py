"""Labels `true` and `false`: over the stretch of line that only their edge uses, else beside it, else nowhere.

A label never covers a junction, a bridge, another line, a chip or another label.
"""

from .drawing import Label, Point
from .glyphs import Arm
from .paint import Canvas, trunk_pins
from .part import Part

__all__ = ["Labeller"]

_LINE = bytes((Arm.LEFT | Arm.RIGHT,))


class Labeller:
    """Places the labels of one part; the canvas must be painted."""

    def __init__(self, canvas: Canvas, part: Part, at: Point) -> None:
        self.canvas = canvas
        self.part = part
        self.at = at
        self.labels: list[Label] = []
        self._place_of = {
            number: (channel, place, index)
            for channel in part.channels
            for place, bundle in enumerate(channel.bundles)
            for index, number in enumerate(bundle.segments)
        }

    def put(self, link: int, text: str, edge: tuple[str, str]) -> None:
        """Places the label of a link where it leaves its source, if there is room."""
        channel, place, index = self._place_of[self.part.proper.path(link)[0]]
        bundle, trunk = channel.bundles[place], channel.trunks[place]
        above, below = bundle.tops[index], bundle.bottoms[index]
        top, bottom = channel.top, channel.bottom
        if trunk is None:
            self._beside(below, range(bottom, top - 1, -1), text, edge)
            return
        collects = len(set(bundle.tops)) > 1
        track, pins = trunk_pins(bundle, trunk)[0 if collects else -1]
        row, own = channel.first_track + track, above if collects else below
        hub = trunk.jog if trunk.jog is not None else below if collects else above
        stretch = range(0)
        if own == pins[0] != hub:
            stretch = range(own + 1, pins[1])
        elif own == pins[-1] != hub:
            stretch = range(pins[-2] + 1, own)
        if not self._over(row, stretch, text, edge):
            self._beside(own, range(top, row) if collects else range(bottom, row, -1), text, edge)

    def _over(self, row: int, stretch: range, text: str, edge: tuple[str, str]) -> bool:
        cells = self.canvas.rows[row + self.at.y]
        size = len(text) + 4
        low, high = stretch.start + self.at.x, stretch.stop + self.at.x
        middle = (low + high - size) // 2
        x = (
            middle
            if cells[middle : middle + size] == _LINE * size and middle >= low
            else cells.find(_LINE * size, low, high)
        )
        if high - low < size or x < 0:
            return False
        self.labels.append(Label(x + 1, row + self.at.y, f" {text} ", edge))
        return True

    def _beside(self, column: int, rows: range, text: str, edge: tuple[str, str]) -> None:
        for row in rows:
            y = row + self.at.y
            cells = self.canvas.rows[y]
            for x in (column + self.at.x + 2, column + self.at.x - 1 - len(text)):
                space = cells[max(x - 1, 0) : x + len(text) + 1]
                free = x >= self.at.x and x + len(text) <= self.at.x + self.part.width and not any(space)
                if free and not any(other.y == y and self._touch(other, x, len(text)) for other in self.labels):
                    self.labels.append(Label(x, y, text, edge))
                    return

    @staticmethod
    def _touch(label: Label, x: int, width: int) -> bool:
        return label.x <= x + width and x <= label.x + len(label.text)
