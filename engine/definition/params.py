"""Checks the inputs of a workflow against what it declares. Pure; used for runs and for nested workflows alike."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from ..errors import UsageError
from ..keys import JsonValue
from .plan import ParamSpec

REFERENCE = "$secret"
"""The one key of a map that stands for a text with secrets."""
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "map": dict,
}
_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list"}


def check_params(declared: Mapping[str, ParamSpec], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return every declared param with its value; UsageError (`E-PARAM`) names the first that does not fit."""
    for name in given:
        if name not in declared:
            raise UsageError("E-PARAM", f"unknown param {name!r}{_suggestion(name, declared)}")
    values: dict[str, JsonValue] = {}
    for name, spec in declared.items():
        if name in given:
            values[name] = _checked(spec, given[name])
        elif spec.required:
            raise UsageError("E-PARAM", f"param {name!r} is required")
        else:
            values[name] = spec.default
    return values


def check_variables(declared: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the overridden variables; UsageError (`E-PARAM`) for one that the workflow does not have."""
    for name in given:
        if name not in declared:
            raise UsageError("E-PARAM", f"unknown variable {name!r}{_suggestion(name, declared)}")
    return dict(given)


def _checked(spec: ParamSpec, value: JsonValue) -> JsonValue:
    if value is None and not spec.required:
        return value
    if spec.secret:
        return _checked_secret(spec, value)
    _check_type(spec, value)
    if spec.enum and value not in spec.enum:
        allowed = ", ".join(str(option) for option in spec.enum)
        raise UsageError("E-PARAM", f"param {spec.name!r} must be one of {allowed}, not {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if spec.min is not None and value < spec.min:
            raise UsageError("E-PARAM", f"param {spec.name!r} must be at least {spec.min:g}, not {value!r}")
        if spec.max is not None and value > spec.max:
            raise UsageError("E-PARAM", f"param {spec.name!r} must be at most {spec.max:g}, not {value!r}")
    if spec.pattern is not None and isinstance(value, str) and not re.fullmatch(spec.pattern, value):
        raise UsageError("E-PARAM", f"param {spec.name!r} must match {spec.pattern!r}, not {value!r}")
    return value


def _checked_secret(spec: ParamSpec, value: JsonValue) -> JsonValue:
    """Check a secret as far as it is here; a reference from an outer workflow is not. No message repeats the value."""
    if isinstance(value, dict) and value.keys() == {REFERENCE}:
        return value
    try:
        return _checked(replace(spec, secret=False), value)
    except UsageError as error:
        words = f"param {spec.name!r} is secret and does not fit what the workflow declares for it"
        raise UsageError(error.code, words) from None


def _check_type(spec: ParamSpec, value: JsonValue) -> None:
    wanted = _KINDS.get(spec.type)
    if wanted is None:
        return
    fits = isinstance(value, wanted) and (spec.type == "bool" or not isinstance(value, bool))
    if not fits:
        raise UsageError("E-PARAM", f"param {spec.name!r} must be {_WORDS.get(spec.type, 'a map')}, not {value!r}")


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
