"""The channel between two layers: every net gets a horizontal trunk on a track, so that no line can be misread.

A net is one source with all its targets, or all sources whose only target is the same item; its lines may share cells,
those of two nets never do, they cross. Where net A leaves from the column in which net B arrives, A's trunk must lie
above B's. If such demands run in a circle, one net is split over two tracks, joined in a column of its own.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

__all__ = ["Net", "Trunk", "route_channel"]


class Net(NamedTuple):
    """The columns a net leaves from (above) and arrives at (below); both sorted, one of them single."""

    tops: tuple[int, ...]
    bottoms: tuple[int, ...]

    @property
    def is_straight(self) -> bool:
        """One line straight down; it needs no track."""
        return len(self.tops) == 1 and self.tops == self.bottoms


class Trunk(NamedTuple):
    """Where a net runs sideways. Tracks count from 0, the highest."""

    track: int
    jog: int | None = None
    """Column in which a split net goes down from `track` to `second`."""
    second: int = 0

    @property
    def last(self) -> int:
        """The track from which the targets hang."""
        return self.track if self.jog is None else self.second

    def moved(self, columns: int) -> "Trunk":
        return self if self.jog is None else Trunk(self.track, self.jog + columns, self.second)


class _Piece(NamedTuple):
    """What lies on one track: a net or half of a split one."""

    low: int
    high: int
    slant: float
    """Targets' mean column minus sources' mean column."""


def route_channel(nets: Sequence[Net]) -> tuple[list[Trunk | None], int]:
    """Trunk of each net (None: straight, needs none) and the number of tracks used."""
    return _Channel(nets).route()


class _Channel:
    """Places pieces in topological order: piece `n` is net `n`, or its upper half; lower halves are appended."""

    def __init__(self, nets: Sequence[Net]) -> None:
        self.nets = nets
        self.pieces = [_piece(net.tops, net.bottoms) for net in nets]
        self.lower_half: dict[int, int] = {}
        self.jogs: dict[int, int] = {}
        self.below: list[set[int]] = [set() for _ in nets]
        """Pieces whose trunk must lie below that of each piece."""
        self.waiting = [0] * len(nets)
        """How many pieces each one must still lie below."""
        arriving = {column: number for number, net in enumerate(nets) for column in net.bottoms}
        for number, net in enumerate(nets):
            for column in net.tops:
                other = arriving.get(column, number)
                if other != number and other not in self.below[number]:
                    self.below[number].add(other)
                    self.waiting[other] += 1
        self.taken = set(arriving).union(*(net.tops for net in nets))
        """Columns in which some line ends or a split net goes down."""

    def route(self) -> tuple[list[Trunk | None], int]:
        track_of: dict[int, int] = {}
        undone = {number for number, net in enumerate(self.nets) if not net.is_straight}
        ready = [(self._rank(number), number) for number in sorted(undone) if not self.waiting[number]]
        heapify(ready)
        skyline = _Skyline(
            min((piece.low for piece in self.pieces), default=0), max((piece.high for piece in self.pieces), default=0)
        )
        while undone:
            if not ready:
                number = min(undone, key=lambda stuck: (self.waiting[stuck], self._rank(stuck), stuck))
                undone.add(self._split(number))
                heappush(ready, (self._rank(number), number))
            _, number = heappop(ready)
            undone.remove(number)
            track_of[number] = skyline.put(self.pieces[number].low, self.pieces[number].high)
            for other in sorted(self.below[number]):
                self.waiting[other] -= 1
                if not self.waiting[other]:
                    heappush(ready, (self._rank(other), other))
        trunks: list[Trunk | None] = []
        for number in range(len(self.nets)):
            if number not in track_of:
                trunks.append(None)
            elif number in self.jogs:
                trunks.append(Trunk(track_of[number], self.jogs[number], track_of[self.lower_half[number]]))
            else:
                trunks.append(Trunk(track_of[number]))
        return trunks, 1 + max(track_of.values(), default=-1)

    def _rank(self, number: int) -> tuple[int, int]:
        """Smaller lies higher. Collecting nets high, spreading nets low, so that their many ends cross little;

        among lines that run to the right the rightmost first, to the left the leftmost: neighbours need not cross.
        """
        piece = self.pieces[number]
        if number >= len(self.nets) or number in self.jogs:
            width = 0
        else:
            width = len(self.nets[number].bottoms) - len(self.nets[number].tops)
        return (width > 0) - (width < 0), -piece.low if piece.slant > 0 else piece.high

    def _split(self, number: int) -> int:
        """Frees a net from what it must lie below: its targets move to a lower half, the piece that is returned."""
        net, piece = self.nets[number], self.pieces[number]
        jog = self._free_column((piece.low + piece.high) // 2)
        self.taken.add(jog)
        self.jogs[number] = jog
        lower = self.lower_half[number] = len(self.pieces)
        self.pieces[number] = _piece(net.tops, (jog,))
        self.pieces.append(_piece((jog,), net.bottoms))
        for other in range(len(self.below)):
            if number in self.below[other]:
                self.below[other].remove(number)
                self.below[other].add(lower)
        self.below.append(set())
        self.below[number].add(lower)
        self.waiting.append(self.waiting[number] + 1)
        self.waiting[number] = 0
        return lower

    def _free_column(self, near: int) -> int:
        distance = 0
        while True:
            for column in (near + distance, near - distance):
                if column not in self.taken:
                    return column
            distance += 1


def _piece(tops: Sequence[int], bottoms: Sequence[int]) -> _Piece:
    slant = sum(bottoms) / len(bottoms) - sum(tops) / len(tops)
    return _Piece(min(tops[0], bottoms[0]), max(tops[-1], bottoms[-1]), slant)


class _Skyline:
    """For each column the first track below all trunks put over it. Grows on both sides: a split may lead outside."""

    def __init__(self, low: int, high: int) -> None:
        self._first = low - 1
        self._heights = [0] * (high - low + 3)

    def put(self, low: int, high: int) -> int:
        """The highest track on which a trunk lies below all earlier ones that it overlaps or touches."""
        if low <= self._first:
            self._heights[:0] = [0] * (self._first - low + 1)
            self._first = low - 1
        start, end = low - self._first, high - self._first
        self._heights += [0] * (end + 2 - len(self._heights))
        track = max(self._heights[start - 1 : end + 2])
        self._heights[start : end + 1] = [track + 1] * (end - start + 1)
        return track
