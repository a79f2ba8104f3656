"""What a plain scalar means: the core schema of YAML 1.2. `yes`, `no`, `on`, `off`, dates and `1_000` are text."""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

Scalar: TypeAlias = "bool | int | float | str | None"

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SPECIAL_START: Final = frozenset("~nNtTfF+-.0123456789")
_INT: Final = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL: Final = re.compile(r"0o[0-7]+\Z")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_MAX_DIGITS: Final = 1_000
"""Longest number that is read as one; Python refuses to print integers beyond 4,300 digits."""


class BadNumber(ValueError):
    """A number that cannot be stored as JSON."""


def resolve(text: str) -> Scalar:
    """Return the value of a plain scalar; BadNumber for infinity, NaN and absurdly long numbers."""
    if text and text[0] not in _SPECIAL_START:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.match(text):
        return _int(text, 10)
    if _FLOAT.match(text):
        return _float(text)
    if _OCTAL.match(text):
        return _int(text[2:], 8)
    if _HEX.match(text):
        return _int(text[2:], 16)
    if _NOT_FINITE.match(text):
        raise BadNumber("infinity and NaN are no numbers that can be stored")
    return text


def _int(digits: str, base: int) -> int:
    if len(digits) > _MAX_DIGITS:
        raise BadNumber(f"a number may have {_MAX_DIGITS} digits, this one has {len(digits)}")
    return int(digits, base)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise BadNumber("the number is too large to be stored")
    return value
