"""New run ids, and which ids a caller may choose."""

from __future__ import annotations

import re
import secrets

from ..errors import UsageError
from ..keys import RunId

_ALLOWED = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def new_run_id() -> RunId:
    """Draw an id of 12 hex digits; random, so that a short prefix is enough to name a run."""
    return RunId(secrets.token_hex(6))


def checked_run_id(text: str) -> RunId:
    """Accept an id that a caller chose; UsageError `E-RUN-ID` where it could not name a folder."""
    if not _ALLOWED.fullmatch(text):
        raise UsageError("E-RUN-ID", f"{text!r} is no run id: use lower-case letters, digits and dashes, 64 at most")
    return RunId(text)
