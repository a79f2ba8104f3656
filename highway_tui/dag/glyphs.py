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
    ARROW_LEFT: Final = 4 << 4
    BACK: Final = 5 << 4
    """A line that runs back inside the frame of a loop: dashed in every look."""


class BoxGlyphs(NamedTuple):
    """A border: of a chip three or more rows high, or of a group."""

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
    frame: BoxGlyphs
    """The border of a group."""


def _table(arms: str, arrows: str, back: str) -> str:
    """A table from 16 characters, indexed by arms, three arrows (down, up, left), and the characters of BACK."""
    vertical = arms[Arm.UP | Arm.DOWN]
    rows = [arms, vertical * 16, *(arrow * 16 for arrow in arrows), back]
    return "".join(rows) + " " * (256 - 16 * len(rows))


#          none U D UD L UL DL UDL R UR DR UDR LR ULR DLR all
_DASHED = " ╵╷┆╴╯╮┤╶╰╭├┄┴┬┼"
_DOTTED = " :::.+++.+++.+++"
UNICODE: Final = Glyphs(
    light=_table(" ╵╷│╴╯╮┤╶╰╭├─┴┬┼", "▼▲◄", _DASHED),
    heavy=_table(" ╹╻┃╸┛┓┫╺┗┏┣━┻┳╋", "▼▲◄", _DASHED),
    dashed=_table(_DASHED, "▼▲◄", _DASHED),
    box=BoxGlyphs(*"╭╮╰╯─│┬"),
    frame=BoxGlyphs(*"┌┐└┘─│┬"),
)
ASCII: Final = Glyphs(
    light=_table(" |||-+++-+++-+++", "v^<", _DOTTED),
    heavy=_table(" ###=###=###=###", "v^<", _DOTTED),
    dashed=_table(_DOTTED, "v^<", _DOTTED),
    box=BoxGlyphs(*"++++-|+"),
    frame=BoxGlyphs(*"++++=|+"),
)
