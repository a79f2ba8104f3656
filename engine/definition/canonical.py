"""One spelling for every key: aliases, null values, keys without effect, numbers meant as text. Pydantic checks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, TypeVar, get_args, get_origin

from pydantic import ValidationError

from .models import Keys, Retry, Timeout, WaitKeys
from .wording import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..keys import JsonValue
    from .document import Document, Spot
    from .report import Report

_K = TypeVar("_K", bound=Keys)
BAD: Final = "\0"
"""Stands for a required text that is missing or of the wrong type, so that the rest of the file is still checked.

No file can hold this character.
"""
_Shape: TypeAlias = "str | type[Keys]"
_EMPTY: Final[Mapping[str, object]] = {"loop_body": (), "join_tasks": (), "tasks": {}}


class Canonical:
    """Reads maps of the language for one file; what is wrong goes to its report."""

    def __init__(self, document: Document, report: Report) -> None:
        self.document = document
        self.report = report

    def read(
        self, model: type[_K], data: Mapping[str, JsonValue], spot: Spot, *, owner: str, name_spot: Spot
    ) -> _K | None:
        """Return the model; wrong keys are reported and left out, missing ones become BAD. None: nothing is left."""
        return self.validate(model, self.keys(model, data, spot), spot, owner=owner, name_spot=name_spot)

    def keys(self, model: type[Keys], data: Mapping[str, JsonValue], spot: Spot) -> dict[str, object]:
        """Translate one map to canonical keys."""
        shapes, result = _shapes(model), dict[str, object]()
        for key, value in data.items():
            if value is None or key.startswith("x-"):
                continue
            if key in model.NO_EFFECT or key.startswith(model.PREFIXES):
                place = self.document.place(spot.key(key))
                self.report.add("I-NO-EFFECT", f"`{key}` is accepted and has no effect", place)
                continue
            name = model.ALIASES.get(key, key)
            if name in result:
                message = f"`{key}` says the same as another key of this map"
                self.report.add("E-ALIAS", message, self.document.place(spot.key(key)), f"keep `{name}`")
                continue
            if name != key:
                spot.rename(key, name)
            shape = shapes.get(name)
            result[name] = value if shape is None else self._shaped(shape, value, spot.find(key))
        return result

    def _shaped(self, shape: _Shape, value: JsonValue, spot: Spot) -> object:
        """Bring one value into the form its model wants; what does not fit stays as it is for pydantic to name."""
        if shape == "text":
            return _as_text(value, spot)
        if shape == "texts" and isinstance(value, list):
            return [_as_text(entry, spot.find(position)) for position, entry in enumerate(value)]
        if shape == "text map" and isinstance(value, dict):
            return {key: _as_text(entry, spot.find(key)) for key, entry in value.items()}
        if shape is Retry and isinstance(value, int) and not isinstance(value, bool):
            return {"max_attempts": value}
        if shape is Timeout and not isinstance(value, dict):
            return {"timeout": value}
        if shape is WaitKeys and isinstance(value, dict):
            return self.read(WaitKeys, value, spot, owner="`wait_for`", name_spot=spot) or WaitKeys()
        if isinstance(shape, type) and shape is not WaitKeys and isinstance(value, dict):
            return self.keys(shape, value, spot)
        return value

    def validate(
        self, model: type[_K], keys: dict[str, object], spot: Spot, *, owner: str, name_spot: Spot
    ) -> _K | None:
        """Let pydantic check canonical keys, and say what it finds."""
        try:
            return model.model_validate(keys)
        except ValidationError as error:
            findings = error.errors(include_url=False)
        for finding in findings:
            loc = finding["loc"]
            said = wording(finding, model, owner)
            if finding["type"] == "missing":
                at = name_spot if len(loc) == 1 else spot.key(*loc[:-1])
            elif finding["type"] == "extra_forbidden":
                at = spot.key(*loc)
            else:
                at = spot.find(*loc)
            self.report.add(said.code, said.message, self.document.place(at), said.fix)
        wrong = {str(finding["loc"][0]) for finding in findings if finding["loc"]}
        saved = {key: value for key, value in keys.items() if key not in wrong}
        for name, field in model.model_fields.items():
            if field.is_required() and name not in saved:
                saved[name] = _EMPTY.get(name, BAD)
        try:
            return model.model_validate(saved)
        except ValidationError:
            return None


def _as_text(value: JsonValue, spot: Spot) -> JsonValue:
    """Take numbers and booleans as they were written: `version: 1.10` is no number there."""
    if isinstance(value, str) or spot.raw is None:
        return value
    return spot.raw if isinstance(value, (bool, int, float)) else value


@cache
def _shapes(model: type[Keys]) -> Mapping[str, _Shape]:
    """Return what must be brought into form, by canonical key."""
    found = ((field.alias or name, _shape(field.annotation)) for name, field in model.model_fields.items())
    return {name: shape for name, shape in found if shape is not None}


def _shape(annotation: object) -> _Shape | None:
    if get_origin(annotation) is Annotated:
        return _shape(get_args(annotation)[0])
    if annotation is str:
        return "text"
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    parts = [part for part in get_args(annotation) if part is not type(None) and part is not Ellipsis]
    origin = get_origin(annotation)
    if WaitKeys in parts:
        return WaitKeys
    if origin is tuple and _shape(parts[0]) == "text":
        return "texts"
    if origin is dict and _shape(parts[1]) == "text":
        return "text map"
    if origin not in (tuple, dict) and len(parts) == 1:
        return _shape(parts[0])
    return None
