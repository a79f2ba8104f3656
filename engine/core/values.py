"""References to stored values. A result lives once, in the store; everything else carries its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from ..keys import JsonValue

# `json.dumps` with options builds an encoder at every call.
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class ResultRef:
    """Where a value is: its digest and the size of its JSON text."""

    digest: str
    """First 32 hex digits of the SHA-256 of the canonical JSON text."""
    size: int
    """Bytes of the JSON text in UTF-8."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value on its way into the store."""

    ref: ResultRef
    text: str
    """Canonical JSON: no spaces, keys in the order given, non-ASCII kept."""


def json_text(value: JsonValue) -> str:
    """Serialise `value`; raises ValueError or TypeError for what JSON cannot say (NaN, infinity, objects)."""
    return _encode(value)


def store_value(value: JsonValue) -> StoredValue:
    """Serialise `value` and name it by its content; errors as in `json_text`."""
    text = json_text(value)
    raw = text.encode("utf-8", "surrogatepass")
    return StoredValue(ResultRef(hashlib.sha256(raw).hexdigest()[:32], len(raw)), text)
