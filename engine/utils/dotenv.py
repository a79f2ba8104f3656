r"""Reads the text of a dotenv file: one `NAME=value` a line. Nothing is expanded, no value reaches over lines.

`export` in front of a name, empty lines and lines that begin with `#` are skipped. A value in single quotes is taken
as it is; in double quotes `\n`, `\t`, `\r`, `\"`, `\\` and `\$` are read; without quotes it ends before ` #` and
loses the blanks around it.
"""

from __future__ import annotations

import re
from typing import Final

_LINE: Final = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>[^'"\s#][^\n]*?|))\s*(?:(?<=\s)\#.*|)""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\([ntr\"\\$])")
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


def parse_dotenv(text: str) -> dict[str, str]:
    """Return the variables, the last of a name winning. ValueError names a line that is none, never what it holds."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or "\0" in line:
            raise ValueError(f"line {number} is no `NAME=value`")
        double = match["double"]
        if double is not None:
            value = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), double)
        else:
            value = match["single"] if match["single"] is not None else match["plain"] or ""
        found[match["name"]] = value
    return found
