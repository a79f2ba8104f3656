"""Colours of the current theme as styles for lines. A widget with `Ink` paints with names, never with colours."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.strip import Strip
from textual.widget import Widget

from ..states import RUN_LOOKS, TASK_LOOKS, Glyphs


class Ink(Widget):
    """What every painting widget shares. The app gives the glyphs before the first paint."""

    glyphs: Glyphs = Glyphs()
    _paper: tuple[str, Style] = ("", Style.null())

    def ink(self, name: str, *, bold: bool = False, back: str | None = None) -> Style:
        """Give the style of a theme variable such as `foreground` or `state-failed`, on the widget's own background

        or on `back`.
        """
        cache: dict[tuple[str, str, bool, str | None], Style] = _CACHE
        key = (self.app.theme, name, bold, back)
        style = cache.get(key)
        if style is None:
            style = cache[key] = Style(
                color=self._color(name), bold=bold or None, bgcolor=None if back is None else self._color(back)
            )
        return style

    def task_ink(self, status: str, *, back: str | None = None) -> Style:
        """Give the style of a task's state."""
        look = TASK_LOOKS[status]
        return self.ink(f"state-{look.token}", bold=look.bold, back=back)

    def run_ink(self, status: str) -> Style:
        """Give the style of a run's state."""
        look = RUN_LOOKS[status]
        return self.ink(f"state-{look.token}", bold=look.bold)

    def finish(self, segments: list[Segment], width: int, *, left: int = 0) -> Strip:
        """Make a line of exactly `width` cells on the widget's background, scrolled by `left` cells."""
        if self.glyphs.ascii:
            segments = [Segment(self.glyphs.plain(text), style) for text, style, _ in segments]
        strip = Strip(segments)
        if left:
            strip = strip.crop(left, left + width)
        return strip.adjust_cell_length(width).apply_style(self.paper)

    @property
    def paper(self) -> Style:
        """The widget's own colours; computing them costs more than a line does."""
        theme, style = self._paper
        if theme != self.app.theme:
            style = self.rich_style
            self._paper = (self.app.theme, style)
        return style

    def _color(self, name: str) -> str | None:
        value = self.app.theme_variables.get(name, "")
        try:
            return Color.parse(value).rich_color.name
        except ColorParseError:
            return None


_CACHE: dict[tuple[str, str, bool, str | None], Style] = {}
"""By theme and name. Only the UI's thread paints."""
