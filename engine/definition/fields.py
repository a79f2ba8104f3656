"""Kinds of values that keys of the language may have, as annotated types. Each refuses with one sentence of ours."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import pydantic
from annotated_types import Ge
from pydantic import AfterValidator, BeforeValidator, SkipValidation, Strict
from pydantic_core import PydanticCustomError

from ..utils.durations import parse_duration

Data: TypeAlias = Annotated[pydantic.JsonValue, SkipValidation]
"""User data: any YAML value, not looked into."""
Text: TypeAlias = Annotated[str, Strict()]
Texts: TypeAlias = tuple[Text, ...]


def _flag(value: object) -> object:
    """Read what YAML 1.1 took for booleans, where a boolean is meant."""
    if isinstance(value, str):
        return {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}.get(
            value.lower(), value
        )
    return value


def _seconds(value: object) -> object:
    """Read a duration; only text and numbers can be one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("duration_type", "expected a duration")
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from error


def shape(words: str, *types: type) -> AfterValidator:
    """Check the kind of a value with one sentence for all that is allowed; booleans are no numbers."""

    def check(value: object) -> object:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise PydanticCustomError("shape", "expected {words}", {"words": words})
        return value

    return AfterValidator(check)


def _text_list(value: object) -> object:
    """Check the entries of a list of text; what is no list is somebody else's."""
    if isinstance(value, list) and not all(isinstance(entry, str) for entry in value):
        raise PydanticCustomError("shape", "expected {words}", {"words": "a list of text"})
    return tuple(value) if isinstance(value, list) else value


Flag: TypeAlias = Annotated[bool, Strict(), BeforeValidator(_flag)]
Count: TypeAlias = Annotated[int, Strict(), Ge(1)]
Whole: TypeAlias = Annotated[int, Strict()]
Number: TypeAlias = Annotated[float, Strict()]
Duration: TypeAlias = Annotated[float, BeforeValidator(_seconds)]

Expression: TypeAlias = Annotated[bool | str, SkipValidation, shape("an expression", str, bool)]
TextOrList: TypeAlias = Annotated[
    str | tuple[str, ...], SkipValidation, shape("text or a list of text", str, list), AfterValidator(_text_list)
]
