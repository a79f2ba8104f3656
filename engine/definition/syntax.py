"""The scanner's words in ours: one sentence, the exact place, and what to write instead where that is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .report import Place, Report

if TYPE_CHECKING:
    import yaml

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)

_SENTENCES: Final = {
    "mapping values are not allowed in this context": (
        "a `:` cannot stand here",
        "put the text in quotes, or begin a new line for a new key",
    ),
    "did not find expected key": ("expected a key, or a line that is indented like the ones before it", None),
    "did not find expected '-' indicator": (
        "expected `- ` like the list's other lines, or a line that ends the list",
        None,
    ),
    "did not find expected ',' or ']'": ("the list that began with `[` is not closed", "write `,` or `]`"),
    "did not find expected ',' or '}'": ("the map that began with `{` is not closed", "write `,` or `}`"),
    "did not find expected node content": ("expected a value", None),
    "could not find expected ':'": ("expected `key: value`, and there is no `:`", None),
    "found unexpected end of stream": ("the quoted text is not closed", "write the closing quote"),
    "found invalid Unicode character escape code": ("the `\\u` escape is no character", None),
    "found unknown escape character": ("the escape after `\\` is unknown", "use single quotes, or write `\\\\`"),
    "found incompatible YAML document": ("the YAML version is not supported", "remove the `%YAML` line"),
    "block sequence entries are not allowed in this context": (
        "a list item cannot stand here",
        "begin a new line for the list",
    ),
    "did not find expected <document start>": ("expected the end of the file, or a key", None),
    "found undefined tag handle": ("tags are not allowed", "remove the tag"),
}


def decode(source: bytes, report: Report) -> str | None:
    """Return the text of a file without its byte-order mark; None, and a report, when it is no clean UTF-8."""
    for mark, name in _BOMS:
        if source.startswith(mark):
            report.add("E-ENCODING", f"the file is {name}, not UTF-8", Place(), "save it as UTF-8")
            return None
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8-sig")
        message = f"the byte 0x{source[error.start]:02x} is no UTF-8"
        report.add("E-ENCODING", message, _place_at(before, len(before)), "save the file as UTF-8")
        return None
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        message = f"the character U+{ord(bad.group()):04X} is not allowed"
        report.add(
            "E-CHARACTER",
            message,
            _place_at(text, bad.start(), 1),
            "remove it, or write it as an escape in double quotes",
        )
        return None
    return _SURROGATES.sub(_join_surrogates, text) if "\\ud" in text or "\\uD" in text else text


def _join_surrogates(match: re.Match[str]) -> str:
    """Write JSON's pair of escapes as the one escape that YAML knows."""
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _place_at(text: str, index: int, length: int = 0) -> Place:
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    return Place(text.count("\n", 0, index) + 1, column, column + length)


def explain(error: yaml.MarkedYAMLError, text: str, mark: yaml.Mark | None) -> tuple[str, str | None, Place]:
    """Return sentence, fix and place of a syntax error."""
    if mark is None:
        return "the file is no YAML", None, Place()
    if error.context_mark is not None and mark.index >= len(text.rstrip()):
        mark = error.context_mark  # the end of the file says nothing; the quote or bracket that is open does
    character = text[mark.index : mark.index + 1].strip(" \n")
    place = Place(mark.line + 1, mark.column + 1, mark.column + 1 + len(character))
    problem = error.problem or "the file is no YAML"
    if problem == "found character that cannot start any token":
        fix = "indent with spaces" if character == "\t" else "put the text in quotes"
        name = "a tab" if character == "\t" else f"`{character}`"
        return f"{name} cannot stand here", fix, place
    sentence, hint = _SENTENCES.get(problem, (problem, None))
    if error.context_mark is not None and error.context_mark.line != mark.line:
        sentence = f"{sentence} ({error.context} from line {error.context_mark.line + 1})"
    return sentence.replace("while ", ""), hint, place
