"""One value as people type it (`-p key=value`), read like those of a file: `on` stays text, `[1, 2]` is a list."""

from __future__ import annotations

from ..errors import UsageError
from ..keys import JsonValue
from .document import Limits, Refused, parse
from .report import Report


def parse_value(text: str) -> JsonValue:
    """Read `text` as a YAML value; `""` is null, as in a file. UsageError `E-VALUE` for what is no YAML."""
    report = Report("<value>")
    try:
        document = parse(f"value: {text}\n", report, Limits())
    except Refused:
        document = None
    if document is None or report.has_errors or list(document.data) != ["value"]:
        raise UsageError("E-VALUE", f"{text!r} is no YAML value; put text in quotes")
    return document.data["value"]
