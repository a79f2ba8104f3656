"""References to secrets: what stands in the journal, in memory and in calls where a secret will be.

While a text is rendered, a secret is a mark that nobody outside can guess; right after, the text becomes
`{"$secret": ["Bearer ", {"name": "secrets.token"}]}`. The value itself is put in by the one who hands a call to its
executor, so nothing that decides, stores or shows ever holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from ..definition.params import REFERENCE as KEY
from ..definition.plan import Plan
from ..errors import TemplateError
from ..keys import JsonValue

Kind: TypeAlias = Literal["secrets", "params"]

HIDDEN: Final = "***"
"""What everything but `env`, headers and `stdin` sees of a secret param."""


def secret_name(kind: Kind, name: str, plan: Plan, root: Plan) -> str:
    """Name a secret of a run: `secrets.token`; those of a nested workflow carry its digest."""
    return f"{kind}.{name}" if plan is root else f"{kind}.{name}@{plan.digest[:12]}"


def reference(name: str) -> JsonValue:
    """Return a text that is one secret."""
    return {KEY: [{"name": name}]}


def is_reference(value: object) -> bool:
    """Say whether a param's value is a text with secrets."""
    return isinstance(value, dict) and value.keys() == {KEY}


def filled(text: JsonValue, values: Mapping[str, str]) -> str:
    """Return a text with the values of its secrets; KeyError for one that `values` lacks."""
    parts = text[KEY] if isinstance(text, dict) else [text]
    return "".join(
        values[str(part["name"])] if isinstance(part, dict) else str(part)
        for part in (parts if isinstance(parts, list) else [])
    )


class SecretMarks:
    """Writes and finds the marks of one run. Frozen; `nonce` is random and leaves memory in no way."""

    def __init__(self, nonce: str) -> None:
        """`nonce` is text that no value holds."""
        self._nonce: Final = nonce
        self._mark: Final = re.compile(f"\ue000{re.escape(nonce)}:([^\ue001]*)\ue001")

    def mark(self, name: str) -> str:
        """Return what stands for a secret while a text is rendered."""
        return f"\ue000{self._nonce}:{name}\ue001"

    def marked(self, text: JsonValue) -> str:
        """Return a text with secrets as one with marks."""
        parts = text[KEY] if isinstance(text, dict) else [text]
        return "".join(
            self.mark(str(part["name"])) if isinstance(part, dict) else str(part)
            for part in (parts if isinstance(parts, list) else [])
        )

    def hide(self, text: str) -> JsonValue:
        """Return a rendered text fit for the journal: itself, or with references where it had marks.

        TemplateError (`E-SECRET-PLACE`) where a filter has changed a mark.
        """
        if self._nonce not in text:
            return text
        pieces = self._mark.split(text)
        if any(self._nonce in piece for piece in pieces[::2]):
            raise TemplateError("E-SECRET-PLACE", "a secret cannot be changed by a filter")
        parts: list[JsonValue] = []
        for position, piece in enumerate(pieces):
            if position % 2:
                parts.append({"name": piece})
            elif piece:
                parts.append(piece)
        return {KEY: parts}
