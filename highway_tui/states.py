"""How a state looks on a screen: the glyphs of `glyphs.py` with word and colour token.

Everything that paints a state asks here.

Keys are the words of `engine.RunStatus` and `engine.TaskStatus`; a test compares them. Every glyph is one cell wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from .glyphs import GLYPHS

SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SPINNER_ASCII: Final = "|/-\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one state is shown."""

    glyph: str
    ascii: str
    word: str
    token: str
    """Name of the colour: the theme variable `state-<token>`."""
    bold: bool = False


def _look(status: str, token: str, *, word: str = "", bold: bool = False) -> Look:
    glyph = GLYPHS[status]
    return Look(glyph=glyph.unicode, ascii=glyph.ascii, word=word or status, token=token, bold=bold)


TASK_LOOKS: Final[Mapping[str, Look]] = {
    "pending": _look("pending", "pending"),
    "queued": _look("queued", "queued"),
    "running": _look("running", "running", bold=True),
    "waiting": _look("waiting", "waiting"),
    "retry_wait": _look("retry_wait", "retry", word="retry wait"),
    "needs_attention": _look("needs_attention", "waiting", word="needs attention", bold=True),
    "interrupted": _look("interrupted", "waiting"),
    "succeeded": _look("succeeded", "succeeded"),
    "reused": _look("reused", "reused"),
    "skipped": _look("skipped", "skipped"),
    "failed": _look("failed", "failed", bold=True),
    "timed_out": _look("timed_out", "failed", word="timed out"),
    "cancelled": _look("cancelled", "cancelled"),
    "upstream_failed": _look("upstream_failed", "skipped", word="upstream failed"),
}

RUN_LOOKS: Final[Mapping[str, Look]] = {
    "created": _look("created", "pending"),
    "running": TASK_LOOKS["running"],
    "waiting": TASK_LOOKS["waiting"],
    "paused": _look("paused", "waiting"),
    "cancelling": _look("cancelling", "cancelled"),
    "interrupted": TASK_LOOKS["interrupted"],
    "succeeded": TASK_LOOKS["succeeded"],
    "failed": TASK_LOOKS["failed"],
    "timed_out": TASK_LOOKS["timed_out"],
    "cancelled": TASK_LOOKS["cancelled"],
}

OPERATOR_GLYPHS: Final[Mapping[str, tuple[str, str]]] = {
    "condition": ("◆", "?"),
    "switch": ("◇", "%"),
    "parallel": ("∥", "|"),
    "join": ("⊕", "+"),
    "while": ("⟳", "@"),
    "foreach": ("∀", "#"),
    "wait": ("◷", "~"),
    "wait_for_event": ("◷", "~"),
    "approval": ("☐", "="),
    "emit_event": ("»", ">"),
    "workflow": ("▣", "&"),
}
"""Unicode and ASCII mark of every operator but plain tasks, which have none."""

TOKENS: Final = tuple(dict.fromkeys(look.token for look in (*TASK_LOOKS.values(), *RUN_LOOKS.values())))
"""Every colour a theme has to set."""

_TWINS: Final = {
    ord(char): twin for char, twin in zip("›▸▾…·─│–▌▮▯↻⟳∀∥◆◷▣▲▼•←→↑↓", ">>v~.-|->#.r@#|?~&^v*<>^v", strict=True)
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The set of glyphs this terminal can draw."""

    ascii: bool = False

    def task(self, status: str, frame: int | None = None) -> str:
        """Give the mark of a task; `frame` turns the spinner of a running one, None keeps it still."""
        return self._mark(TASK_LOOKS[status], status, frame)

    def run(self, status: str, frame: int | None = None) -> str:
        """Give the mark of a run; `frame` as for tasks."""
        return self._mark(RUN_LOOKS[status], status, frame)

    def operator(self, operator: str) -> str:
        """Give the mark of an operator; empty for plain tasks."""
        pair = OPERATOR_GLYPHS.get(operator)
        return "" if pair is None else pair[self.ascii]

    def plain(self, text: str) -> str:
        """Give a text in the terminal's set: our ornaments have twins, every other foreign cell becomes `?`."""
        if not self.ascii or text.isascii():
            return text
        text = text.translate(_TWINS)
        return "".join(char if char.isascii() else "?" * cell_len(char) for char in text)

    def _mark(self, look: Look, status: str, frame: int | None) -> str:
        if status == "running" and frame is not None:
            frames = SPINNER_ASCII if self.ascii else SPINNER
            return frames[frame % len(frames)]
        return look.ascii if self.ascii else look.glyph
