"""The filters over lists and maps; `filters.py` lists them under their names and says how filters are called."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from .arithmetic import Meter, Number, bounded_number, describe, mismatch, plain, read_number, truth
from .paths import Missing, Path, parse_path, step


def _list(value: object, meter: Meter) -> list[object]:
    """Return the items of a list, the keys of a map or the characters of a text."""
    if isinstance(value, (Mapping, Sequence)):
        meter.charge(1 + len(value))
        return list(value)
    raise mismatch(f"{describe(value)} is no list")


def items_of(value: object, meter: Meter, attribute: object = None) -> list[object]:
    """Return the items of a list, the keys of a map or the characters of a text; or a dotted attribute of each."""
    items = _list(value, meter)
    if attribute is None:
        return items
    path: Path = (isinstance(attribute, str) and parse_path(attribute)) or (str(attribute),)
    meter.charge(len(items) * 8 * len(path))
    try:
        for key in path:
            items = [step(item, key) for item in items]
    except LookupError:
        raise Missing({}, (), f"an item has no attribute {describe(attribute)}").error() from None
    return items


def _sort_keys(values: Sequence[object], meter: Meter) -> list[Number] | list[str]:
    """Return what `values` are ordered by: numbers if all read as numbers, texts if all are texts. Raise E-TYPE."""
    meter.charge(len(values) * (8 + len(values).bit_length() // 2))
    numbers = [number for number in map(read_number, values) if number is not None]
    if len(numbers) == len(values):
        return numbers
    texts = [meter.text(value) for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        return texts
    raise mismatch("only numbers, or only texts, have an order")


def sum_(value: object, meter: Meter, attribute: object = None, start: object = 0) -> object:
    """Add up numbers; numeric texts count as numbers."""
    total = read_number(start)
    items = items_of(value, meter, attribute)
    meter.charge(len(items) * 6)
    for item in items:
        number = read_number(item)
        if number is None or total is None:
            raise mismatch(f"{describe(start if total is None else item)} is no number")
        total = bounded_number(total + number)
    return start if total is None else total


def min_(value: object, meter: Meter, attribute: object = None) -> object:
    """Return the smallest item; of an empty list there is none."""
    return _extreme(value, meter, attribute, min)


def max_(value: object, meter: Meter, attribute: object = None) -> object:
    """Return the largest item; of an empty list there is none."""
    return _extreme(value, meter, attribute, max)


def _extreme(value: object, meter: Meter, attribute: object, choose: Callable[..., int]) -> object:
    items = items_of(value, meter)
    if not items:
        return Missing({}, (), f"an empty list has no {choose.__name__}")
    keys = _sort_keys(items if attribute is None else items_of(items, meter, attribute), meter)
    return items[choose(range(len(keys)), key=keys.__getitem__)]


def sort(value: object, meter: Meter, reverse: object = False, attribute: object = None) -> list[object]:  # noqa: FBT002 - as in Jinja2
    """Order numbers by size, texts by their characters; stable."""
    items = items_of(value, meter)
    keys = _sort_keys(items if attribute is None else items_of(items, meter, attribute), meter)
    return [items[index] for index in sorted(range(len(keys)), key=keys.__getitem__, reverse=bool(reverse))]


def unique(value: object, meter: Meter, attribute: object = None) -> list[object]:
    """Keep the first of equal items, in order."""
    items = items_of(value, meter)
    compared = items if attribute is None else items_of(items, meter, attribute)
    meter.charge(len(items) * 12)
    first = {_frozen(key, meter): index for index, key in reversed(list(enumerate(compared)))}
    return [items[index] for index in sorted(first.values())]


def _frozen(value: object, meter: Meter) -> object:
    """Return something hashable that is equal exactly where the values are."""
    data = plain(value, meter)
    if isinstance(data, (list, dict)):
        return ("json", json.dumps(data, sort_keys=True))
    return (isinstance(data, bool), data)


def keys(value: object, meter: Meter) -> list[object]:
    """List the keys of a map."""
    if isinstance(value, Mapping):
        return _list(value, meter)
    raise mismatch(f"{describe(value)} is no map")


def values(value: object, meter: Meter) -> list[object]:
    """List the values of a map."""
    if isinstance(value, Mapping):
        meter.charge(1 + len(value))
        return list(value.values())
    raise mismatch(f"{describe(value)} is no map")


def first(value: object, _meter: Meter) -> object:
    """Return the first item of a list or character of a text; of an empty one there is none."""
    return _end(value, 0, "first")


def last(value: object, _meter: Meter) -> object:
    """Return the last item of a list or character of a text; of an empty one there is none."""
    return _end(value, -1, "last")


def _end(value: object, index: int, word: str) -> object:
    if not isinstance(value, Sequence):
        raise mismatch(f"{describe(value)} has no {word} item")
    if not value:
        return Missing({}, (), f"an empty list or text has no {word} item")
    item: object = value[index]
    return item


def map_(value: object, meter: Meter, attribute: object) -> list[object]:
    """Take the attribute of every item."""
    return items_of(value, meter, attribute)


def select(value: object, meter: Meter, attribute: object) -> list[object]:
    """Keep the items whose attribute is true."""
    items = items_of(value, meter)
    return [item for item, chosen in zip(items, items_of(items, meter, attribute), strict=True) if truth(chosen)]
