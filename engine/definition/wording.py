"""pydantic's findings in our words: one code, one sentence, a fix where one is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .models import OPERATORS, RUNTIMES, Keys, Operator, Task
from .names import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "duration_type": "a duration such as `30s`",
}
_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
}


class Wording(NamedTuple):
    """What is said about one finding."""

    code: str
    message: str
    fix: str | None = None


def kind(value: object) -> str:
    """Name the kind of a YAML value."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "a number"
    return "a map" if isinstance(value, dict) else "a list"


def shown(value: object) -> str:
    """Quote a value in a sentence, cut where it is long."""
    text = str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def wording(error: ErrorDetails, model: type[Keys], owner: str) -> Wording:
    """Say one finding of pydantic about `owner` (`the task `a``, say), which was read as `model`."""
    key = next((str(step) for step in reversed(error["loc"]) if isinstance(step, str)), "")
    value, found = error["input"], error["type"]
    if found == "extra_forbidden":
        return _unknown_key(key, model, owner, error["loc"])
    if found == "missing":
        return Wording("E-MISSING", f"{owner} has no `{key}`", f"add `{key}:`")
    if found in _EXPECTED:
        expected = _EXPECTED[found]
        return Wording("E-TYPE", f"`{key}`: expected {expected}, got {kind(value)}", _type_fix(expected, value))
    if found == "shape":
        return Wording("E-TYPE", f"`{key}`: {error['msg']}, got {kind(value)}")
    if found == "duration":
        message, _, fix = error["msg"].partition("; ")
        return Wording("E-DURATION", f"`{key}`: {message}", fix or None)
    if found == "literal_error":
        choices = str(error["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        fix = did_you_mean(str(value), choices) or f"write one of {', '.join(choices)}"
        return Wording("E-VALUE", f"`{key}` cannot be {shown(value)}", fix)
    if found in _BOUNDS:
        words, bound = _BOUNDS[found]
        return Wording("E-VALUE", f"`{key}` must be {words} {error['ctx'][bound]:g}, not {shown(value)}")
    return Wording("E-VALUE", f"`{key}`: {error['msg'].lower()}")


def _type_fix(expected: str, value: object) -> str | None:
    if expected == "a list" and isinstance(value, str) and "\n" not in value and len(value) <= 60:
        return f"write `[{value}]`"
    return None


def _unknown_key(key: str, model: type[Keys], owner: str, loc: tuple[int | str, ...]) -> Wording:
    message = f"unknown key `{key}`" + (f" of {owner}" if len(loc) == 1 else f" in `{loc[-2]}`")
    inner = model if len(loc) == 1 else _inner(model, loc[:-1])
    near = nearest(key, keys_of(inner))
    if len(loc) == 1 and issubclass(model, Operator):
        home = _home(key)
        if home is not None and near != key:
            return Wording("E-UNKNOWN-KEY", message, f"`{key}` belongs to {home}")
    return Wording(
        "E-UNKNOWN-KEY",
        message,
        f"did you mean `{near}`?" if near is not None else "remove it, or rename it to `x-...`",
    )


def _inner(model: type[Keys], path: Iterable[int | str]) -> type[Keys]:
    """Return the model of the map at `path`, as far as the models say."""
    for step in path:
        field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        found = None if field is None else next(keys_in(field.annotation), None)
        model = found or model
    return model


def keys_in(annotation: object) -> Iterator[type[Keys]]:
    """Yield the models of the language inside an annotation such as `dict[str, Secret] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from keys_in(part)


def keys_of(model: type[Keys]) -> tuple[str, ...]:
    """Every key that may be written for a model, aliases included."""
    names = (field.alias or name for name, field in model.model_fields.items())
    return (*names, *model.ALIASES, *sorted(model.NO_EFFECT))


def _home(key: str) -> str | None:
    """Say where a key belongs that another operator or runtime has."""
    for name, runtime in RUNTIMES.items():
        if key in keys_of(runtime) and key not in keys_of(Task):
            return f"`runtime: {name}`"
    return next((f"`operator_type: {name}`" for name, model in OPERATORS.items() if key in keys_of(model)), None)
