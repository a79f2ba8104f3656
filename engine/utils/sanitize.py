"""Make foreign text safe to print: what leaves here is printable text, newline, tab and, where asked, colour (SGR).

- Escape sequences vanish: OSC, DCS, APC, PM, SOS (7- and 8-bit), CSI other than SGR, `ESC c` and its like. A control
  string that is never closed ends with its line, so it hides at most one line.
- A carriage return becomes a newline, CR LF one newline: every state of a progress bar is a line of its own.
- Other control characters vanish. Characters that hide or reorder text (bidi controls, zero-width ones, line ends other
  than newline) are shown as `<U+202E>`. Half of a surrogate pair becomes the replacement character.

The result does not depend on how the text was cut into chunks; a few hundred characters at most are kept between them.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST_CSI: Final = 256
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_CONTROLS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_SPECIAL = re.compile(f"[{_CONTROLS}{_INVISIBLE}\ud800-\udfff]")
_UNIT = re.compile(
    rf"""(?:\x1b\[|\x9b)(?P<parameters>[0-?]{{0,{_LONGEST_CSI}}})(?P<between>[\x20-/]{{0,16}})(?P<final>[@-~]?)
    |(?P<string>\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])
    |(?P<escape>\x1b)[\x20-/]{{0,16}}(?P<letter>[0-~]?)
    |(?P<newline>\r+\n?)
    |(?P<invisible>[{_INVISIBLE}])
    |(?P<surrogate>[\ud800-\udfff])
    |[{_CONTROLS}]""",
    re.VERBOSE,
)
_COLOUR = re.compile(r"[0-9;:]*")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b\x9c\n\r]")


class Sanitizer:
    """Sanitizes a stream chunk by chunk. Owned by whoever feeds it."""

    def __init__(self, *, keep_sgr: bool = True) -> None:
        """`keep_sgr` lets colour and text attributes through."""
        self._keep_sgr = keep_sgr
        self._held = ""
        """The start of a sequence whose end has not come yet."""
        self._in_string = False
        """Inside a control string: everything is dropped up to its end."""

    def feed(self, chunk: str) -> str:
        """Return what can be shown of `chunk` and of what was held back; may be empty."""
        if not self._held and not self._in_string and not _SPECIAL.search(chunk):
            return chunk
        text, self._held = self._held + chunk, ""
        shown: list[str] = []
        position = self._skip_string(text, 0) if self._in_string else 0
        while found := _UNIT.search(text, position):
            shown.append(text[position : found.start()])
            position = found.end()
            if position == len(text) and _is_open(found):
                self._held = "\r" if found["newline"] else found.group()
            elif found["string"]:
                self._in_string = True
                position = self._skip_string(text, position)
            else:
                shown.append(self._replacement(found))
        shown.append(text[position:])
        return "".join(shown)

    def finish(self) -> str:
        """Return what was held back at the end of the stream: a carriage return is a newline, all else is dropped."""
        held, self._held, self._in_string = self._held, "", False
        return "\n" if held == "\r" else ""

    def _skip_string(self, text: str, position: int) -> int:
        """Return where the control string that goes on at `position` ends."""
        end = _STRING_END.search(text, position)
        if end is None:
            return len(text)
        after = end.end()
        if end.group() == "\x1b" and after == len(text):
            self._held = "\x1b"
            return after
        self._in_string = False
        if end.group() in "\n\r":
            return end.start()
        if end.group() == "\x1b":
            return after + 1 if text[after] == "\\" else end.start()
        return after

    def _replacement(self, found: re.Match[str]) -> str:
        if found["newline"]:
            return "\n"
        if found["invisible"]:
            return f"<U+{ord(found.group()):04X}>"
        if found["surrogate"]:
            return "\ufffd"
        if self._keep_sgr and found["final"] == "m" and not found["between"] and _COLOUR.fullmatch(found["parameters"]):
            return f"\x1b[{found['parameters']}m"
        return ""


def _is_open(found: re.Match[str]) -> bool:
    """Tell whether more text could still belong to this match, which ends with the text."""
    if found["newline"]:
        return not found.group().endswith("\n")
    if found["escape"]:
        return not found["letter"]
    return found["parameters"] is not None and not found["final"]


def sanitize(text: str, *, keep_sgr: bool = True) -> str:
    """Return the whole of `text` made safe to print; see the module."""
    sanitizer = Sanitizer(keep_sgr=keep_sgr)
    return sanitizer.feed(text) + sanitizer.finish()
