"""Which layout fits a terminal. Pure. Layouts change with the size; nothing is ever squeezed."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Layout: TypeAlias = Literal["note", "tiny", "narrow", "normal", "wide"]
LAYOUTS: Final[tuple[Layout, ...]] = ("note", "tiny", "narrow", "normal", "wide")


def layout_for(width: int, height: int) -> Layout:
    """Choose: `note` below 40x10, `tiny` below 60x16 (one pane), `narrow` (one pane and a log strip), `normal`

    (2x2), `wide`.
    """
    if width < 40 or height < 10:
        return "note"
    if width < 60 or height < 16:
        return "tiny"
    if width < 100 or height < 30:
        return "narrow"
    return "normal" if width < 150 else "wide"
