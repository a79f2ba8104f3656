"""Templates over values: what holes and conditions mean at run time. Rendered once: values are never templates.

A text that is exactly one hole keeps the value's type; in any other text values are written as Python's `str` does. A
hole that is only a path never reaches Jinja2, nor its import. Every failure is a TemplateError: absence is never false,
and no hole is ever left in a text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, ParamSpec, TypeAlias, TypeVar

from ..errors import TemplateError
from ..keys import JsonValue
from .arithmetic import MAX_TEXT_BYTES, Meter, as_text, bounded_text, describe, plain, present, shorten
from .holes import OPEN, Hole, UnclosedHole, inserts, split
from .paths import Missing, Names, Path, lookup, parse_path, show_path

__all__ = ["Names", "TemplateError", "Verdict", "evaluate", "has_hole", "render"]

_LONGEST_CACHED: Final = 16_384
_SHOWN: Final = 200
_SHOWN_VALUE: Final = 40
_BOOLEANS: Final = {"true": True, "false": False}

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a condition."""

    value: bool
    shown: str
    """The condition with what it looked at, for reasons: "`memory.n < 3` was false, n = 5"; at most 200 characters."""


@dataclass(frozen=True, slots=True)
class _PathHole:
    """A hole that is only a path; `inner` is its text, which is an expression too where a minus stands in it."""

    path: Path
    inner: str


@dataclass(frozen=True, slots=True)
class _ExpressionHole:
    inner: str


_Part: TypeAlias = str | _PathHole | _ExpressionHole


def has_hole(text: str) -> bool:
    """Tell whether a text has anything to render."""
    return OPEN in text


def render(value: JsonValue, names: Names) -> JsonValue:
    """Return `value` with every hole in its texts replaced; keys of maps stay. What comes from names is copied.

    Raise TemplateError: E-UNDEFINED, E-TYPE, E-TOO-LARGE, E-EXPRESSION, and for faulty texts what `check` finds.
    """
    if isinstance(value, str):
        return _render_text(value, names) if OPEN in value else value
    if isinstance(value, list):
        return [render(item, names) for item in value]
    if isinstance(value, dict):
        return {key: render(item, names) for key, item in value.items()}
    return value


def evaluate(expression: str | bool, names: Names) -> Verdict:
    """Decide a condition. Raise TemplateError: as `render`, and E-NOT-BOOL for an outcome that is no boolean."""
    if isinstance(expression, bool):
        return Verdict(value=expression, shown=f"`{str(expression).lower()}`")
    return _only_template_errors(_evaluate, expression, names)


def _evaluate(expression: str, names: Names) -> Verdict:
    from .expressions import compiled_condition  # see `_compiled`

    value = present(compiled_condition(expression)(names, Meter()))
    if isinstance(value, str):
        value = _BOOLEANS.get(value.strip().lower(), value)
    if not isinstance(value, bool):
        raise TemplateError("E-NOT-BOOL", f"`{_view(expression).text}` is {describe(value)}, not true or false")
    return Verdict(value=value, shown=_shown(_view(expression), names, value=value))


def _render_text(text: str, names: Names) -> JsonValue:
    parts = _parts(text) if len(text) <= _LONGEST_CACHED else _parse(text)
    if len(parts) > 1:
        return _only_template_errors(_concatenated, parts, names)
    part = parts[0]
    if isinstance(part, _PathHole):
        value = lookup(names, part.path)
        if value.__class__ is str or value is None or isinstance(value, (int, float)):
            return value
    return _only_template_errors(_sole, part, names)


def _sole(part: _Part, names: Names) -> JsonValue:
    meter = Meter()
    value = _value(part, names, meter)
    # What a path leads to exists as it is, and passing it on makes nothing larger: no meter.
    return plain(value, meter if isinstance(part, _ExpressionHole) else None)


def _concatenated(parts: tuple[_Part, ...], names: Names) -> str:
    meter, size, texts = Meter(), 0, []
    for part in parts:
        piece = part if isinstance(part, str) else as_text(_value(part, names, meter), meter)
        size += len(piece)
        if size > MAX_TEXT_BYTES:
            raise TemplateError("E-TOO-LARGE", "the rendered text is longer than 1 MiB")
        texts.append(piece)
    return bounded_text("".join(texts))


def _value(part: _Part, names: Names, meter: Meter) -> object:
    if isinstance(part, str):
        return part
    if isinstance(part, _PathHole):
        value = lookup(names, part.path)
        if value.__class__ is not Missing or "-" not in part.inner:
            return present(value)
    return present(_compiled(part.inner)(names, meter))


def _compiled(inner: str) -> Callable[[Names, Meter], object]:
    from .expressions import compiled  # Jinja2 takes 75 ms to import, and most texts have only paths

    return compiled(inner)


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[_Part, ...]:
    return _parse(text)


def _parse(text: str) -> tuple[_Part, ...]:
    try:
        return tuple(_part(part) if isinstance(part, Hole) else part for part in split(text))
    except UnclosedHole as error:
        raise TemplateError("E-TEMPLATE", f"{error} (character {error.offset + 1})") from None


def _part(hole: Hole) -> _Part:
    path = parse_path(hole.inner)
    return _ExpressionHole(hole.inner) if path is None else _PathHole(path, hole.inner)


@dataclass(frozen=True, slots=True)
class _View:
    """How a condition is shown: its text on one line, and the paths it reads, each with its shortest unique word."""

    text: str
    paths: tuple[tuple[str, Path], ...]


@lru_cache(maxsize=4096)
def _view(expression: str) -> _View:
    from .static_analysis import references  # see `_compiled`

    paths = list(dict.fromkeys(one.path for one in references(expression, condition=True) if one.path[0] != "secrets"))
    lasts = [str(path[-1]) for path in paths]
    words = [
        last if lasts.count(last) == 1 and not last.lstrip("-").isdigit() else show_path(path)
        for path, last in zip(paths, lasts, strict=True)
    ]
    return _View(shorten(_condition_text(expression), _SHOWN // 2), tuple(zip(words, paths, strict=True)))


def _shown(view: _View, names: Names, *, value: bool) -> str:
    sentence = f"`{view.text}` was {'true' if value else 'false'}"
    for word, path in view.paths:
        sentence += f", {word} {_shown_value(lookup(names, path))}"
    return shorten(sentence, _SHOWN)


def _shown_value(value: object) -> str:
    if isinstance(value, str):
        return f"= {shorten(repr(value[:_SHOWN_VALUE]), _SHOWN_VALUE)}"
    if value is None or isinstance(value, (bool, int, float)):
        return f"= {shorten(as_text(value, Meter()), _SHOWN_VALUE)}"
    return "is not defined" if isinstance(value, Missing) else f"is {describe(value)}"


def _condition_text(expression: str) -> str:
    """Write a condition on one line, without the braces of its holes."""
    text, position = "", 0
    for insert in inserts(expression):
        if isinstance(insert, Hole):
            inner = insert.inner.strip()
            alone = not (expression[: insert.start] + expression[insert.end :]).strip()
            text += expression[position : insert.start] + (inner if alone or parse_path(inner) else f"({inner})")
            position = insert.end
    return " ".join((text + expression[position:]).split())


def _only_template_errors(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Turn what Python says about an operation into a TemplateError; what names raise of our own tree passes."""
    try:
        return function(*args, **kwargs)
    except (RecursionError, MemoryError):
        raise TemplateError("E-TOO-LARGE", "a value or an expression is nested too deeply or too large") from None
    except (TypeError, ValueError, ArithmeticError, LookupError, SyntaxError) as error:
        raise TemplateError("E-TYPE", f"the expression cannot be evaluated: {error}") from None
