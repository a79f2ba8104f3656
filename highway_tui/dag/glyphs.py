"""How a cell of a drawing looks: one byte tells which arms it has, a table of 256 characters draws it.

The low four bits are the arms, the high four a mark. Tables work with `str.translate`, as do the bytes of a row
decoded as Latin-1.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["ASCII", "UNICODE", "Arm", "BoxGlyphs", "Glyphs", "Mark"]


class Arm:
    """Low bits of a cell: the sides at which a line leaves it."""

    UP: Final = 1
    DOWN: Final = 2
    LEFT: Final = 4
    RIGHT: Final = 8
    ALL: Final = 15


class Mark:
    """High bits of a cell."""

    NONE: Final = 0
    BRIDGE: Final = 1 << 4
    """A vertical line; another net runs through under it, from side to side."""
    ARROW_DOWN: Final = 2 << 4
    ARROW_UP: Final = 3 << 4


class BoxGlyphs(NamedTuple):
    """The border of a chip three or more rows high."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    line: str
    side: str
    port: str
    """In the lower border, where a line leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One look of all cells: tables of 256 characters, indexed by the byte of a cell."""

    light: str
    """Lines as they are."""
    heavy: str
    """Lines taken."""
    dashed: str
    """Lines skipped, and those that run against the flow. Corners and junctions are those of `light`."""
    box: BoxGlyphs


def _table(arms: str, down: str, up: str) -> str:
    """A table from 16 characters, indexed by arms, and two arrows."""
    vertical = arms[Arm.UP | Arm.DOWN]
    rows = [arms, vertical * 16, down * 16, up * 16]
    return "".join(rows) + " " * (256 - 16 * len(rows))


UNICODE: Final = Glyphs(
    #              none U D UD L UL DL UDL R UR DR UDR LR ULR DLR all
    light=_table(" ╵╷│╴╯╮┤╶╰╭├─┴┬┼", "▼", "▲"),
    heavy=_table(" ╹╻┃╸┛┓┫╺┗┏┣━┻┳╋", "▼", "▲"),
    dashed=_table(" ╵╷┆╴╯╮┤╶╰╭├┄┴┬┼", "▼", "▲"),
    box=BoxGlyphs(*"╭╮╰╯─│┬"),
)
ASCII: Final = Glyphs(
    light=_table(" |||-+++-+++-+++", "v", "^"),
    heavy=_table(" ###=###=###=###", "v", "^"),
    dashed=_table(" :::.+++.+++.+++", "v", "^"),
    box=BoxGlyphs(*"++++-|+"),
)
