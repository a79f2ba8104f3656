"""Durations, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.utils.durations import LONGEST_S, format_duration, parse_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0.0),
        (2, 2.0),
        (0.25, 0.25),
        ("2", 2.0),
        ("0.5", 0.5),
        (" 10s ", 10.0),
        ("500ms", 0.5),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1m500ms", 60.5),
        ("2d", 172_800.0),
        ("1d2h3m4s5ms", 93_784.005),
        ("1.5h", 5400.0),
        ("PT1S", 1.0),
        ("PT1.5S", 1.5),
        ("PT1,5S", 1.5),
        ("P1D", 86_400.0),
        ("P1W", 604_800.0),
        ("P1DT1H1M", 90_060.0),
        ("duration:5s", 5.0),
        ("duration:PT5S", 5.0),
    ],
)
def test_duration_is_read(value: object, seconds: float) -> None:
    """Numbers are seconds; texts have units or are ISO 8601."""
    assert seconds == pytest.approx(parse_duration(value))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "'' is no duration; write 500ms, 10s, 1h30m, 2d, PT1.5S or a number of seconds"),
        ("soon", "'soon' is no duration"),
        ("10x", "'10x' is no duration"),
        ("s", "'s' is no duration"),
        ("30m1h", "'30m1h' is no duration"),
        ("1s1s", "'1s1s' is no duration"),
        ("P", "'P' is no duration"),
        ("PT", "'PT' is no duration"),
        ("P1DT", "'P1DT' is no duration"),
        ("P1Y", "'P1Y' is no duration"),
        ("P1M", "'P1M' is no duration"),
        ("٣s", "'٣s' is no duration"),
        ("nan", "'nan' is no duration"),
        ("1e3", "'1e3' is no duration"),
        ("9" * 1000, "is no duration"),
        (True, "True is no duration"),
        (None, "None is no duration"),
        ([1], "[1] is no duration"),
        (float("nan"), "nan is no duration"),
        (-1, "-1.0 is negative; a duration is not"),
        ("-1", "'-1' is negative"),
        (float("-inf"), "-inf is negative"),
        (float("inf"), "inf is longer than a hundred years"),
        (10**400, "inf is longer than a hundred years"),
        ("40000d", "'40000d' is longer than a hundred years"),
        ("9" * 90 + "d", "is longer than a hundred years"),
    ],
)
def test_bad_duration_is_refused(value: object, said: str) -> None:
    """Anything else is refused in a sentence."""
    with pytest.raises(ValueError) as caught:
        parse_duration(value)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (0.44, "0.4s"),
        (2.3, "2.3s"),
        (59.99, "59.9s"),
        (60, "1m00s"),
        (127, "2m07s"),
        (723, "12m3s"),
        (754, "12m34"),
        (3599.9, "59m59"),
        (3720, "1h02m"),
        (45_000, "12h30"),
        (86_400 * 2 + 3600 * 3, "2d03h"),
        (86_400 * 400, "400d"),
        (-1, "-"),
        (float("nan"), "-"),
    ],
)
def test_duration_is_written(seconds: float, text: str) -> None:
    """Short, and never rounded up."""
    assert text == format_duration(seconds)


@given(st.floats(min_value=0, max_value=LONGEST_S))
def test_written_duration_fits_five_cells(seconds: float) -> None:
    """The time field of a chip is five cells wide."""
    assert 1 <= len(format_duration(seconds)) <= 6 - (seconds < 86_400 * 9999)


@given(st.text(max_size=20) | st.floats() | st.integers() | st.none() | st.booleans())
def test_any_value_is_a_duration_or_refused(value: object) -> None:
    """Nothing but a number of seconds or a ValueError comes back."""
    try:
        seconds = parse_duration(value)
    except ValueError:
        return

    assert 0 <= seconds <= LONGEST_S
