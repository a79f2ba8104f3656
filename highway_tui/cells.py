"""Text in terminal cells. Everything that comes from a run is cleaned here before it is painted; widths are cells,
never characters.
"""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

ELLIPSIS = "…"


def clean(text: str) -> str:
    """Make one printable line of any text: escapes removed, line ends and tabs shown as one space."""
    if text.isascii() and text.isprintable():
        return text
    from engine import sanitize

    return " ".join(sanitize(text, keep_sgr=False).split("\n")).replace("\t", " ")


def fit(text: str, width: int) -> str:
    """Pad or cut cleaned `text` to exactly `width` cells; a cut ends in an ellipsis."""
    if width <= 0:
        return ""
    length = len(text) if text.isascii() else cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ELLIPSIS


def shorten(text: str, width: int) -> str:
    """Cut cleaned `text` in its middle if it is wider than `width`: names often share their beginnings."""
    if cell_len(text) <= width:
        return text
    if width < 5:
        return fit(text, width).rstrip()
    tail = (width - 1) // 3
    return set_cell_size(text, width - 1 - tail).rstrip() + ELLIPSIS + text[-tail:]


def right(text: str, width: int) -> str:
    """Set short plain text flush right in `width` cells."""
    return " " * max(0, width - cell_len(text)) + text


def wrap(text: str, width: int) -> list[str]:
    """Break cleaned `text` between words into lines of at most `width` cells; a longer word is broken inside."""
    lines: list[str] = []
    body = text.lstrip(" ")
    line = " " * min(len(text) - len(body), width // 2)
    for word in body.split(" "):
        for part in chop_cells(word, width) or [""]:
            longer = f"{line} {part}" if line.strip(" ") else line + part
            if cell_len(longer) <= width:
                line = longer
            else:
                lines.append(line)
                line = part
    return [*lines, line] if line or not lines else lines
