"""How every state looks: glyph, ASCII stand-in and hue. The one table; lists, graph and command line all read it.

Each glyph is one cell wide in every terminal that draws it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Hue: TypeAlias = Literal["grey", "purple", "blue", "orange", "yellow", "green", "red"]


class Glyph(NamedTuple):
    """One state's look."""

    unicode: str
    ascii: str
    hue: Hue


GLYPHS: Final[dict[str, Glyph]] = {
    "created": Glyph("○", ".", "grey"),
    "pending": Glyph("○", ".", "grey"),
    "queued": Glyph("◔", "q", "purple"),
    "running": Glyph("◐", "*", "blue"),
    "waiting": Glyph("◷", "~", "orange"),
    "retry_wait": Glyph("↻", "r", "yellow"),
    "needs_attention": Glyph("!", "!", "orange"),
    "interrupted": Glyph("↯", "i", "orange"),
    "paused": Glyph("‖", "p", "orange"),
    "cancelling": Glyph("◼", "c", "grey"),
    "succeeded": Glyph("✓", "v", "green"),
    "reused": Glyph("≡", "=", "blue"),
    "skipped": Glyph("⊘", "-", "grey"),
    "failed": Glyph("✗", "x", "red"),
    "timed_out": Glyph("⧖", "T", "red"),
    "cancelled": Glyph("◼", "c", "grey"),
    "upstream_failed": Glyph("⊘", "u", "grey"),
}
"""By the status word of a task or of a run."""
