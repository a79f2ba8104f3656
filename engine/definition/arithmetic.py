"""What operators do with values: comparing, calculating, joining. Operations are charged to a Meter before they happen.

Comparing: two numbers, or texts that read as finite decimal numbers, compare as numbers; otherwise equality is by
value, and only texts have an order besides. A boolean is no number. Sizes are bounded: no
expression uses up memory or time.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from ..errors import TemplateError
from ..keys import JsonValue
from .paths import Missing

MAX_TEXT_BYTES: Final = 1 << 20
"""Longest text that an expression or a rendered string may make, in bytes of UTF-8."""
MAX_INT_BITS: Final = 4096
MAX_DEPTH: Final = 200
"""Deepest nesting of a value that is copied, compared or turned into text."""

_NUMBER = re.compile(r"\s*[+-]?(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?\s*", re.ASCII)
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_LONGEST_NUMBER = 1024
_SHOWN = 60

Number: TypeAlias = int | float


class Meter:
    """What one evaluation may still cost. One unit is about one list item or 32 characters: some 100 ns."""

    __slots__ = ("left",)

    BUDGET: Final = 160_000
    """Spent in less than 50 ms on a machine of 2020."""

    def __init__(self) -> None:
        self.left = self.BUDGET

    def charge(self, units: int) -> None:
        """Pay `units`; raise E-TOO-LARGE when nothing is left."""
        self.left -= units
        if self.left < 0:
            raise TemplateError("E-TOO-LARGE", "the expression works on more data than one evaluation may")

    def text(self, text: str) -> str:
        """Pay for one pass over `text` and return it."""
        self.charge(1 + (len(text) >> (5 if text.isascii() else 3)))
        return text


def mismatch(message: str) -> TemplateError:
    """Return E-TYPE: the operation has no meaning for these values."""
    return TemplateError("E-TYPE", message)


def present(value: object) -> object:
    """Return `value`; raise E-UNDEFINED if it is not there."""
    if value.__class__ is Missing:
        raise value.error()
    return value


def describe(value: object) -> str:
    """Name a value and its type in an error, shortly: `text 'abc'`."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {value}"
        case int() | float():
            return f"the number {number_text(value)}"
        case str():
            return f"the text {shorten(repr(value[:_SHOWN]))}"
        case Mapping():
            return "a map"
        case _:
            return "a list"


def shorten(text: str, limit: int = _SHOWN) -> str:
    """Cut `text` to `limit` characters, marked by an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def number_text(value: Number) -> str:
    """Write a number; one too long to be written is refused by bounds elsewhere and shown as its size here."""
    if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
        return f"of {value.bit_length()} bits"
    return shorten(str(value))


def is_number(value: object) -> bool:
    """Tell whether `value` is an int or a float; a boolean is neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_number(value: object) -> Number | None:
    """Return the number that a value is, or that a text reads as (finite, decimal, blanks around it allowed)."""
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or (found := _NUMBER.fullmatch(value)) is None:
        return None
    number = int(value) if found.lastindex is None else float(value)
    return number if math.isfinite(number) else None


def bounded_number(value: Number) -> Number:
    """Return `value` if it is finite and of at most 4,096 bits; raise E-TOO-LARGE else."""
    if isinstance(value, int):
        if value.bit_length() > MAX_INT_BITS:
            raise TemplateError("E-TOO-LARGE", f"a number has more than {MAX_INT_BITS} bits")
    elif not math.isfinite(value):
        raise TemplateError("E-TOO-LARGE", "a number has no finite value")
    return value


def bounded_text(text: str) -> str:
    """Return `text` if it has at most 1 MiB as UTF-8; raise E-TOO-LARGE else."""
    size = len(text)
    if size * 4 > MAX_TEXT_BYTES and not text.isascii() and size <= MAX_TEXT_BYTES:
        size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT_BYTES:
        raise TemplateError("E-TOO-LARGE", "the text is longer than 1 MiB")
    return text


def plain(value: object, meter: Meter | None = None, depth: int = 0) -> JsonValue:
    """Copy a value, lazy parts included, into plain JSON data. Without a meter the size has no bound; the depth has."""
    if value.__class__ in _SCALARS:
        return value  # type: ignore[return-value]  # mypy does not read `__class__ in`
    if depth >= MAX_DEPTH:
        raise TemplateError("E-TOO-LARGE", f"a value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Missing):
        raise value.error()
    if not isinstance(value, (Mapping, Sequence)):
        raise mismatch(f"a value of type {type(value).__name__} is no data")
    if meter:
        meter.charge(len(value) + 12)
    if isinstance(value, Mapping):
        return {
            str(key): item if item.__class__ in _SCALARS else plain(item, meter, depth + 1)
            for key, item in value.items()
        }
    return [item if item.__class__ in _SCALARS else plain(item, meter, depth + 1) for item in value]


def as_text(value: object, meter: Meter) -> str:
    """Write a value inside other text, as Python's `str` does; dicts and lists as their repr."""
    if isinstance(value, str):
        return meter.text(value)
    meter.charge(4)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(bounded_number(value))
    if value is None or isinstance(value, (bool, float)):
        return str(value)
    data = plain(present(value), meter)
    charge_texts(data, meter)
    return str(data)


def truth(value: object) -> object:
    """Turn the texts true and false, in any case, into booleans for `and`, `or`, `not`, `if`; hand on anything else."""
    if isinstance(value, str) and len(value) <= 5:
        return {"true": True, "false": False}.get(value.lower(), value)
    return present(value)


def equal(left: object, right: object, meter: Meter, depth: int = 0) -> bool:
    """Compare by value: lazy parts as their data, booleans apart from numbers."""
    if left.__class__ in _SCALARS and right.__class__ in _SCALARS:
        meter.charge(2)
        return (left.__class__ is bool) == (right.__class__ is bool) and left == right
    meter.charge(8)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return (
            _check_depth(depth)
            and len(left) == len(right)
            and all(key in right and equal(value, right[key], meter, depth + 1) for key, value in left.items())
        )
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        return (
            _check_depth(depth)
            and len(left) == len(right)
            and all(equal(one, other, meter, depth + 1) for one, other in zip(left, right, strict=True))
        )
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def loosely_equal(left: object, right: object, meter: Meter) -> bool:
    """Compare as `==` does: as numbers where both read as numbers, else by value."""
    meter.charge(10)
    one, other = read_number(left), read_number(right)
    return one == other if one is not None and other is not None else equal(left, right, meter)


_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


def compare(first: object, meter: Meter, operators: Sequence[tuple[str, bool]], *others: object) -> bool:
    """Evaluate `first op other op other …`, chained; each operator says whether both its sides are quoted literals."""
    left = present(first)
    for other in others:
        present(other)
    for (name, literal), right in zip(operators, others, strict=True):
        if not _compare_two(name, left, right, meter, literal=literal):
            return False
        left = right
    return True


def _compare_two(name: str, left: object, right: object, meter: Meter, *, literal: bool) -> bool:
    if name in {"in", "notin"}:
        return _contains(right, left, meter) == (name == "in")
    if name in {"eq", "ne"}:
        same = left == right if literal else loosely_equal(left, right, meter)
        return same == (name == "eq")
    return order(name, left, right, literal=literal)


def order(name: str, left: object, right: object, *, literal: bool = False) -> bool:
    """Order two numbers or two texts; raise E-TYPE for anything else. `name` is lt, lteq, gt or gteq."""
    one, other = (None, None) if literal else (read_number(left), read_number(right))
    if one is not None and other is not None:
        return _ORDER[name](one, other)
    if isinstance(left, str) and isinstance(right, str):
        return _ORDER[name](left, right)
    raise mismatch(f"{describe(left)} and {describe(right)} have no order")


def _contains(container: object, item: object, meter: Meter) -> bool:
    if isinstance(container, str):
        if not isinstance(item, str):
            raise mismatch(f"only text can be in a text, not {describe(item)}")
        meter.text(item)
        return item in meter.text(container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, Sequence):
        wanted = read_number(item)
        same = equal if wanted is None else loosely_equal
        return any(same(item if wanted is None else wanted, one, meter) for one in container)
    raise mismatch(f"nothing can be in {describe(container)}")


def negate(value: object) -> Number:
    """Return `-value` of a number."""
    if is_number(present(value)):
        return -value  # type: ignore[operator,no-any-return]  # the line above says that it is a number
    raise mismatch(f"{describe(value)} has no negative")


_CALCULATE: Final[Mapping[str, Callable[[Number, Number], Number]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def calculate(name: str, left: object, right: object, meter: Meter) -> object:
    """Apply `+ - * / // %` to two numbers, `+` to two texts or two lists, `*` to a text or list and a whole number."""
    meter.charge(4)
    if is_number(present(left)) and is_number(present(right)):
        return _calculate_numbers(name, left, right)  # type: ignore[arg-type]  # the line above says that both are numbers
    if name == "+" and isinstance(left, str) and isinstance(right, str):
        return _bounded_sum(left, right, meter)
    if name == "+" and _is_list(left) and _is_list(right):
        both = [*_items(left, meter), *_items(right, meter)]
        meter.charge(len(both))
        return both
    if name == "*":
        if isinstance(left, int):
            left, right = right, left
        if isinstance(right, int) and not isinstance(right, bool) and (isinstance(left, str) or _is_list(left)):
            return _repeat(left, right, meter)
    hint = "; `| int` makes a number of a text" if isinstance(left, str) != isinstance(right, str) else ""
    raise mismatch(f"{describe(left)} {name} {describe(right)} has no meaning{hint}")


def _calculate_numbers(name: str, left: Number, right: Number) -> Number:
    bounded_number(left)
    bounded_number(right)
    try:
        return bounded_number(_CALCULATE[name](left, right))
    except ZeroDivisionError:
        raise TemplateError("E-EXPRESSION", f"{number_text(left)} {name} 0 is a division by zero") from None
    except OverflowError:
        raise TemplateError("E-TOO-LARGE", f"the result of {name} is too large a number") from None


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _items(value: object, meter: Meter) -> list[object]:
    if not isinstance(value, Sequence):
        raise mismatch(f"{describe(value)} is no list")
    meter.charge(len(value))
    return list(value)


def _bounded_sum(left: str, right: str, meter: Meter) -> str:
    return bounded_text(meter.text(left) + meter.text(right))


def _repeat(value: object, times: int, meter: Meter) -> object:
    times = max(0, times)
    if isinstance(value, str):
        if len(value) * times > MAX_TEXT_BYTES:
            raise TemplateError("E-TOO-LARGE", "the text is longer than 1 MiB")
        return bounded_text(meter.text(value * times))
    items = _items(value, meter)
    meter.charge(len(items) * times)
    return items * times


def concatenate(first: object, meter: Meter, *others: object) -> str:
    """Evaluate `a ~ b ~ c`: the texts of all values, one after the other."""
    size, texts = 0, []
    for value in (first, *others):
        text = as_text(value, meter)
        size += len(text)
        if size > MAX_TEXT_BYTES:
            raise TemplateError("E-TOO-LARGE", "the text is longer than 1 MiB")
        texts.append(text)
    return bounded_text("".join(texts))


def _check_depth(depth: int) -> bool:
    if depth >= MAX_DEPTH:
        raise TemplateError("E-TOO-LARGE", f"a value is nested deeper than {MAX_DEPTH} levels")
    return True


def charge_texts(data: JsonValue, meter: Meter) -> None:
    """Pay for `data` before all of it becomes one text; refuse numbers too long to write."""
    pending: list[JsonValue] = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            meter.charge(4 + (len(item) >> (5 if item.isascii() else 3)))
        elif isinstance(item, dict):
            meter.charge(8)
            pending += item.keys()
            pending += item.values()
        elif isinstance(item, list):
            meter.charge(8)
            pending += item
        else:
            meter.charge(5)
            if item.__class__ is int:
                bounded_number(item)
