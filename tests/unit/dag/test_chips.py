"""Chips: text of exact width, whatever the names are."""

import pytest
from rich.cells import cell_len

from highway_tui.dag import chip_text, chip_width, fit, short_names


@pytest.mark.parametrize(
    ("text", "width", "keep_end", "cut"),
    [
        pytest.param("abc", 5, False, "abc  ", id="filled"),
        pytest.param("abcdef", 6, False, "abcdef", id="exact"),
        pytest.param("abcdefgh", 6, False, "abcde…", id="end"),
        pytest.param("abcdefgh", 6, True, "abc…gh", id="middle"),
        pytest.param("日本語", 4, False, "日… ", id="wide-not-halved"),
        pytest.param("abc", 1, False, "…", id="one-cell"),
        pytest.param("abc", 0, False, "", id="no-cell"),
        pytest.param("a\nb\x1b[1m", 8, False, "a·b·[1m ", id="control-characters"),
    ],
)
def test_text_is_cut_to_cells(text: str, width: int, keep_end: bool, cut: str) -> None:
    """Filled with blanks or cut with an ellipsis; what would move the cursor is shown as a dot."""
    assert cut == fit(text, width, keep_end=keep_end)


@pytest.mark.parametrize("width", range(14))
@pytest.mark.parametrize("text", ["plain_ascii_name", "日本語の名前です", "a日b本c語d", ""])
def test_text_always_fills_its_cells(text: str, width: int) -> None:
    """Whatever the text, both ways of cutting give exactly the width."""
    assert width == cell_len(fit(text, width))
    assert width == cell_len(fit(text, width, keep_end=True))


def test_names_that_begin_alike_are_cut_in_the_middle() -> None:
    """The beginnings do not tell them apart, the ends do; other names keep their beginning."""
    names = ["calc_alpha_part_one", "calc_alpha_part_two", "validate_everything"]

    assert {
        "calc_alpha_part_one": "calc_al…rt_one",
        "calc_alpha_part_two": "calc_al…rt_two",
        "validate_everything": "validate_ever…",
    } == short_names(names, 14)


@pytest.mark.parametrize(
    ("chip", "text"),
    [
        pytest.param(("✓", "", "name", "0.4s", 24), "[✓ name            0.4s]", id="done"),
        pytest.param(("✓", "◆", "name", "12m3s", 24), "[✓ ◆ name         12m3s]", id="operator"),
        pytest.param(("○", "", "name", "", 24), "[○ name                ]", id="no-time-yet"),
        pytest.param(("○", "", "a_rather_long_name", "1.0s", 20), "[○ a_rather_…  1.0s]", id="cut"),
        pytest.param(("○", "", "name", "1.0s", 10), "[○ name  ]", id="no-room-for-time"),
    ],
)
def test_a_chip_has_its_fields_in_their_places(chip: tuple[str, str, str, str, int], text: str) -> None:
    """State, operator, name, time; a change of state moves nothing."""
    assert text == chip_text(*chip)


def test_chips_are_as_wide_as_the_longest_name_but_not_wider_than_asked() -> None:
    """All are equally wide; short names still leave room to read."""
    assert [18, 22, 28] == [chip_width(["a"]), chip_width(["a" * 12]), chip_width(["a" * 40])]
