"""References to stored values. A result lives once, in the store; everything else carries its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ..keys import JsonValue


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


def store_value(value: JsonValue) -> StoredValue:
    """Serialise `value`; raises ValueError or TypeError for what JSON cannot say (NaN, infinity, objects)."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    raw = text.encode("utf-8", "surrogatepass")
    return StoredValue(ResultRef(hashlib.sha256(raw).hexdigest()[:32], len(raw)), text)
