"""States, themes, cells, layouts: what everything else is painted with."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.theme import Theme

from engine import RunStatus, TaskStatus
from highway_tui import cells
from highway_tui.layouts import layout_for
from highway_tui.resources import themes_dir
from highway_tui.states import OPERATOR_GLYPHS, RUN_LOOKS, SPINNER, TASK_LOOKS, TOKENS, Glyphs
from highway_tui.themes import ThemeInvalid, parse_theme, read_themes

THEMES, BAD = read_themes(themes_dir())


def test_every_status_has_a_look() -> None:
    """The tables know exactly the engine's states."""
    assert {status.value for status in TaskStatus} == set(TASK_LOOKS)
    assert {status.value for status in RunStatus} == set(RUN_LOOKS)


def test_every_glyph_is_one_cell_and_has_an_ascii_twin() -> None:
    """No glyph shifts what stands behind it, in either set."""
    looks = [*TASK_LOOKS.values(), *RUN_LOOKS.values()]
    glyphs = [look.glyph for look in looks] + list(SPINNER) + [pair[0] for pair in OPERATOR_GLYPHS.values()]
    twins = [look.ascii for look in looks] + [pair[1] for pair in OPERATOR_GLYPHS.values()]

    assert {1} == {cell_len(glyph) for glyph in glyphs}
    assert all(len(twin) == 1 and twin.isascii() for twin in twins)


def test_ascii_glyphs_replace_every_foreign_cell() -> None:
    """On a terminal without Unicode nothing else is sent, and widths stay."""
    text = "› ▸ … 日本 ✓"

    assert Glyphs(ascii=True).plain(text).isascii()
    assert cell_len(text) == len(Glyphs(ascii=True).plain(text))


def test_there_is_a_dark_and_a_light_theme() -> None:
    """Both are read without complaint."""
    assert [] == BAD
    assert {True, False} == {theme.dark for theme in THEMES}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_colour_has_enough_contrast(theme: Theme) -> None:
    """Each state and the dim text reach 4.5 on every background they are painted on, the cursor's included."""
    variables = theme.variables
    backs = [str(theme.background), str(theme.surface), str(theme.panel), variables["hw-cursor"]]
    texts = [f"state-{token}" for token in TOKENS] + ["hw-dim"]
    weak = [
        (name, back, round(ratio, 2))
        for name in texts
        for back in backs
        if (ratio := contrast(variables[name], back)) < 4.5
    ]

    assert [] == weak


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    """The relative luminance of WCAG 2."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('"#5fb3f7"', '"#zzz"'), "colors.primary"),
        (("  failed:", "  failde:"), "states.failde"),
        (("dark: true", "dark: maybe"), "dark"),
        (("colors:", "colours:"), "colors"),
        (("name:", "name: ["), "not YAML"),
    ],
)
def test_a_bad_theme_is_refused_by_name(change: tuple[str, str], named: str) -> None:
    """A colour that cannot be parsed, a key that is unknown: the sentence says which, and nothing is registered."""
    text = (themes_dir() / "highway-dark.yaml").read_text(encoding="utf-8").replace(*change, 1)

    with pytest.raises(ThemeInvalid) as caught:
        parse_theme(text, "mine.yaml")

    assert "mine.yaml" in str(caught.value)
    assert named in str(caught.value)


def test_a_bad_theme_does_not_keep_the_others_out(tmp_path: Path) -> None:
    """The folder's good themes are read, each bad one gives a sentence."""
    good = (themes_dir() / "highway-dark.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text("nonsense", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(good, encoding="utf-8")
    themes, bad = read_themes(tmp_path)

    assert ["highway-dark"] == [theme.name for theme in themes]
    assert 1 == len(bad)


@pytest.mark.parametrize("width", range(12))
@pytest.mark.parametrize("text", ["abc", "長い名前", "a長b", "", "e\u0301e\u0301e\u0301"])
def test_fit_gives_exactly_the_width(text: str, width: int) -> None:
    """Cut or padded, a field is as wide as its column."""
    assert width == cell_len(cells.fit(text, width))


@pytest.mark.parametrize("width", range(5, 30))
def test_shorten_keeps_beginning_and_end(width: int) -> None:
    """Names that share their beginnings stay apart."""
    shown = cells.shorten("validate_items_availability", width)

    assert cell_len(shown) <= width
    assert shown.startswith("va")
    assert shown.endswith("y")


def test_clean_removes_what_could_act() -> None:
    """Escapes, titles, line ends and bidi controls leave one harmless line."""
    shown = cells.clean("a\x1b[2J\x1b]0;t\x07b\nc\td\x9b1m\u202ee")

    assert "\n" not in shown
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert "\u202e" not in shown


def test_wrap_breaks_between_words() -> None:
    """No line is wider than asked for, and nothing is lost."""
    lines = cells.wrap("  the quick brown fox jumpsoverthelazydog", 12)

    assert all(cell_len(line) <= 12 for line in lines)
    assert "thequickbrownfoxjumpsoverthelazydog" == "".join(lines).replace(" ", "")
    assert lines[0].startswith("  the")


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        ((36, 9), "note"),
        ((59, 40), "tiny"),
        ((80, 24), "narrow"),
        ((120, 24), "narrow"),
        ((120, 40), "normal"),
        ((160, 45), "wide"),
        ((200, 60), "wide"),
    ],
)
def test_layouts_change_with_the_size(size: tuple[int, int], layout: str) -> None:
    """Each terminal gets a layout that fits it."""
    assert layout == layout_for(*size)
