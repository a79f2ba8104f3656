"""The filters of the expression language; there are no others. Each takes the value, the Meter, then its arguments.

Values are JSON data or lazy Mappings and Sequences. A filter never changes its input, and raises E-TYPE for a value it
has no meaning for: no filter turns nonsense into 0 or an empty text.
"""

from __future__ import annotations

import base64
import json
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ..errors import TemplateError
from ..keys import JsonValue
from .arithmetic import (
    MAX_TEXT_BYTES,
    Meter,
    Number,
    as_text,
    bounded_number,
    bounded_text,
    charge_texts,
    describe,
    mismatch,
    plain,
    present,
    read_number,
    truth,
)
from .list_filters import first, items_of, keys, last, map_, max_, min_, select, sort, sum_, unique, values
from .paths import Missing

Filter = Callable[..., object]

_ABSENT: Final = object()
_TRUE_WORDS: Final = frozenset({"true", "yes", "on", "1"})
_FALSE_WORDS: Final = frozenset({"false", "no", "off", "0", ""})


def _text(value: object, meter: Meter) -> str:
    if isinstance(value, str):
        return meter.text(value)
    raise mismatch(f"{describe(value)} is no text")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise mismatch(f"{describe(value)} is no whole number")


def default_(value: object, _meter: Meter, default_value: object = "", boolean: object = False) -> object:  # noqa: FBT002 - as in Jinja2
    """Return the default where the value is not there; with a true second argument also where it is empty or false."""
    if value.__class__ is Missing or (boolean and not truth(value)):
        return default_value
    return value


def length(value: object, _meter: Meter) -> int:
    """Count the characters of a text or the items of a list or map."""
    if isinstance(value, (Mapping, Sequence)):
        return len(value)
    raise mismatch(f"{describe(value)} has no length")


def to_json(value: object, meter: Meter) -> str:
    """Write JSON, unescaped and on one line; at most 1 MiB. NaN and infinity have no JSON."""
    data = plain(value, meter)
    charge_texts(data, meter)
    try:
        return bounded_text(json.dumps(data, ensure_ascii=False, allow_nan=False))
    except ValueError:
        raise mismatch("a number without a finite value has no JSON") from None


def from_json(value: object, meter: Meter) -> JsonValue:
    """Read a JSON text."""
    text = _text(value, meter)
    if len(text) > MAX_TEXT_BYTES:
        raise TemplateError("E-TOO-LARGE", "the JSON text is longer than 1 MiB")
    meter.charge(2 * (text.count(",") + text.count("[") + text.count("{")))
    try:
        return plain(json.loads(text, parse_constant=_no_constant, parse_float=_finite), meter)
    except json.JSONDecodeError as error:
        raise mismatch(f"the text is no JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except ValueError:
        raise mismatch("the text is no JSON: a number is out of range") from None


def _no_constant(name: str) -> object:
    raise mismatch(f"the text is no JSON: {name}")


def _finite(text: str) -> float:
    return float(bounded_number(float(text)))


def to_int(value: object, meter: Meter, default: object = _ABSENT) -> object:
    """Make a whole number of a number, boolean or numeric text, cut towards zero; else the default, else E-TYPE."""
    number = _number_of(value, meter)
    if number is None:
        return _otherwise(value, default, "whole number")
    return bounded_number(int(number))


def to_float(value: object, meter: Meter, default: object = _ABSENT) -> object:
    """Make a floating-point number of a number, boolean or numeric text; else the default, else E-TYPE."""
    number = _number_of(value, meter)
    if number is None:
        return _otherwise(value, default, "number")
    try:
        return float(number)
    except OverflowError:
        raise TemplateError("E-TOO-LARGE", f"{describe(value)} is too large for a floating-point number") from None


def _number_of(value: object, meter: Meter) -> Number | None:
    if isinstance(value, str):
        meter.text(value)
    number = int(value) if isinstance(value, bool) else read_number(value)
    return number if number is not None and math.isfinite(bounded_number(number)) else None


def _otherwise(value: object, fallback: object, wanted: str) -> object:
    if fallback is _ABSENT:
        raise mismatch(f"{describe(value)} is no {wanted}")
    return fallback


def to_bool(value: object, _meter: Meter) -> bool:
    """Make a boolean of true/false, yes/no, on/off, 1/0 (texts in any case), a number, null, list or map."""
    if isinstance(value, str):
        word = value.strip().lower() if len(value) <= 32 else value
        if word in _TRUE_WORDS or word in _FALSE_WORDS:
            return word in _TRUE_WORDS
        raise mismatch(f"{describe(value)} is neither true nor false")
    return bool(value)


def upper(value: object, meter: Meter) -> str:
    """Write in capitals."""
    return bounded_text(_text(value, meter).upper())


def lower(value: object, meter: Meter) -> str:
    """Write in small letters."""
    return bounded_text(_text(value, meter).lower())


def trim(value: object, meter: Meter, chars: object = None) -> str:
    """Cut blanks and line ends, or the given characters, off both ends."""
    return _text(value, meter).strip(None if chars is None else _text(chars, meter)[:256])


def split(value: object, meter: Meter, separator: object = None, maximum: object = -1) -> list[str]:
    """Split at the separator, or at blanks and line ends; at most `maximum` times."""
    mark = None if separator is None else _text(separator, meter)
    if not mark and mark is not None:
        raise mismatch("a text cannot be split at an empty text")
    text = _text(value, meter)
    meter.charge(text.count(mark) if mark else len(text) >> 1)
    return text.split(mark, _whole(maximum))


def join(value: object, meter: Meter, d: object = "", attribute: object = None) -> str:
    """Join the texts of a list's items with `d` between them."""
    mark, size, texts = _text(d, meter), 0, []
    for item in items_of(value, meter, attribute):
        texts.append(as_text(item, meter))
        size += len(texts[-1]) + len(mark)
        if size - len(mark) > MAX_TEXT_BYTES:
            raise TemplateError("E-TOO-LARGE", "the text is longer than 1 MiB")
    return bounded_text(mark.join(texts))


def replace(value: object, meter: Meter, old: object, new: object, count: object = -1) -> str:
    """Replace one text by another everywhere, or the first `count` times."""
    text, before, after, most = _text(value, meter), _text(old, meter), _text(new, meter), _whole(count)
    found = text.count(before)
    times = found if most < 0 else min(found, most)
    meter.charge(times >> 1)
    if len(text) + times * (len(after) - len(before)) > MAX_TEXT_BYTES:
        raise TemplateError("E-TOO-LARGE", "the text is longer than 1 MiB")
    return bounded_text(text.replace(before, after, times))


def round_(value: object, _meter: Meter, precision: object = 0) -> object:
    """Round a number or numeric text, as Python does; a whole number stays one."""
    number, digits = read_number(value), _whole(precision)
    if number is None:
        raise mismatch(f"{describe(value)} is no number")
    if abs(digits) > 1000:
        raise mismatch("the precision is at most 1000 digits")
    try:
        return bounded_number(round(bounded_number(number), digits))
    except OverflowError:
        raise TemplateError("E-TOO-LARGE", "a number has no finite value") from None


def quote(value: object, meter: Meter) -> str:
    """Quote for a POSIX shell."""
    return bounded_text(shlex.quote(meter.text(as_text(value, meter))))


def basename(value: object, meter: Meter) -> str:
    """Return what follows the last slash of a path."""
    return _text(value, meter).rpartition("/")[2]


def b64encode(value: object, meter: Meter) -> str:
    """Encode the text's UTF-8 in base64."""
    return bounded_text(base64.b64encode(as_text(value, meter).encode("utf-8", "surrogatepass")).decode("ascii"))


def _checked(function: Filter) -> Filter:
    """Refuse a value or argument that is not there, before the filter sees it."""

    def checked(value: object, meter: Meter, *arguments: object, **named: object) -> object:
        for argument in (value, *arguments, *named.values()):
            present(argument)
        return function(value, meter, *arguments, **named)

    return checked


def _with_fallback(value: object, meter: Meter, *arguments: object, **named: object) -> object:
    for argument in (*arguments[1:], *named.values()):
        present(argument)
    return default_(value, meter, *arguments, **named)


SIGNATURES: Final[Mapping[str, Filter]] = {
    "b64encode": b64encode,
    "basename": basename,
    "bool": to_bool,
    "default": default_,
    "first": first,
    "float": to_float,
    "from_json": from_json,
    "int": to_int,
    "join": join,
    "json": to_json,
    "keys": keys,
    "last": last,
    "length": length,
    "lower": lower,
    "map": map_,
    "max": max_,
    "min": min_,
    "quote": quote,
    "replace": replace,
    "round": round_,
    "select": select,
    "sort": sort,
    "split": split,
    "sum": sum_,
    "trim": trim,
    "unique": unique,
    "upper": upper,
    "values": values,
}
"""Every filter by its name, with the signature that static checks hold calls against."""

FILTERS: Final[Mapping[str, Filter]] = {
    name: _with_fallback if name == "default" else _checked(function) for name, function in SIGNATURES.items()
}
"""The filters as expressions call them."""
