"""Parts of a plan that talk to the world outside: requests, and where secrets come from. Texts stay as written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..keys import JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """`runtime: http`: a request. Any text may have holes."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    json: JsonValue = None
    """None: no JSON body."""
    body: str | None = None
    expect_status: JsonValue = "2xx"
    """A status, a class of them (`2xx`), or a list of such."""
    idempotency_key: str | None = None
    """Sent as `Idempotency-Key`; `auto` is the engine's own. None: no such header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSpec:
    """Where one secret of a workflow comes from."""

    name: str
    source: Literal["env", "file", "command"]
    key: str
    """Name of the variable, absolute path of the file, or the command as written."""
