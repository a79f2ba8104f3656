"""Durations as people write and read them; always seconds inside. Nothing here knows the clock."""

from __future__ import annotations

import math
import re
from typing import Final

LONGEST_S: Final = 100 * 366 * 86_400.0
"""A hundred years: longer is a slip of the keyboard, and dates after it cannot be shown."""

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_PARTS = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?",
    re.ASCII,
)
_ISO = re.compile(
    r"P(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?=\d)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_UNITS_S: Final = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_ISO_UNITS_S: Final = (604_800.0, 86_400.0, 3_600.0, 60.0, 1.0)
_LONGEST_TEXT: Final = 100


def parse_duration(value: object) -> float:
    """Return the seconds of a number, `"2"`, `500ms`, `10s`, `1h30m`, `2d`, `PT1.5S`, `P1D` or `duration:5s`.

    Raise ValueError with a sentence for anything else, negative and non-finite numbers and more than a hundred years.
    """
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        text = value.strip()
        seconds = _parse_text(text.removeprefix("duration:").strip())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        bounded = abs(value) <= LONGEST_S or (isinstance(value, float) and math.isnan(value))
        seconds = float(value) if bounded else math.inf if value > 0 else -math.inf
    else:
        seconds = None
    shown = repr(value)[:_LONGEST_TEXT] if isinstance(value, str) or seconds is None else str(seconds)
    if seconds is None or math.isnan(seconds):
        raise ValueError(f"{shown} is no duration; write 500ms, 10s, 1h30m, 2d, PT1.5S or a number of seconds")
    if seconds < 0:
        raise ValueError(f"{shown} is negative; a duration is not")
    if seconds > LONGEST_S:
        raise ValueError(f"{shown} is longer than a hundred years")
    return seconds


def _parse_text(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    if found := _PARTS.fullmatch(text):
        units = _UNITS_S
    elif found := _ISO.fullmatch(text):
        units = _ISO_UNITS_S
    else:
        return None
    parts = [(float(part.replace(",", ".")), unit) for part, unit in zip(found.groups(), units, strict=True) if part]
    return math.fsum(number * unit for number, unit in parts) if parts else None


def format_duration(seconds: float) -> str:
    """Write a duration in at most five cells: `0.4s`, `12.3s`, `2m07s`, `12m34`, `1h02m`, `12h`, `2d03h`, `400d`.

    Cut, never rounded up: a clock that counts never shows 60 seconds. Negative and non-finite values show as `-`.
    """
    # Binary fractions fall short of decimal ones: 2.3 * 10 is 22.999….
    if not math.isfinite(seconds) or seconds < 0:
        return "-"
    if seconds < 60:
        return f"{math.floor(seconds * 10 + 1e-6) / 10:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if minutes < 10 else f"{minutes}m{rest}s" if rest < 10 else f"{minutes}m{rest}"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m" if hours < 10 else f"{hours}h{minutes:02d}"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h" if days < 10 else f"{days}d"
