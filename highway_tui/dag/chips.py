"""Text of fixed width: chips and names cut to cells, and a whole drawing as plain text.

Widths are cells, never characters: a wide character is never cut in half, a blank stands in for the half that does
not fit. Nothing here is markup.
"""

from collections.abc import Collection, Mapping

from rich.cells import cell_len, set_cell_size

from .drawing import Box, Drawing, Frame
from .glyphs import UNICODE, Glyphs

__all__ = ["chip_text", "chip_width", "fit", "frame_bottom", "frame_title", "render_text", "short_names"]

_TIME_CELLS = 5
"""`0.4s`, `12m3s`, `1h02m`."""
_NAME_CELLS_LEAST = 8


def fit(text: str, width: int, *, keep_end: bool = False) -> str:
    """Exactly `width` cells of a text: filled with blanks, or cut with `…`, at its end or in its middle."""
    clean = "".join([char if char.isprintable() else "·" for char in text])
    size = cell_len(clean)
    if size <= width:
        return clean + " " * (width - size)
    if width < 2:
        return "…"[:width]
    tail = (width - 1) // 2 if keep_end else 0
    head = set_cell_size(clean, width - 1 - tail).rstrip()
    end = set_cell_size(clean[::-1], tail)[::-1].lstrip() if tail else ""
    cut = f"{head}…{end}"
    return cut + " " * (width - cell_len(cut))


def short_names(names: Collection[str], width: int) -> dict[str, str]:
    """Each name in exactly `width` cells; those whose beginnings do not tell them apart are cut in the middle."""
    cut = {name: fit(name, width) for name in names}
    times: dict[str, int] = {}
    for short in cut.values():
        times[short] = times.get(short, 0) + 1
    return {name: fit(name, width, keep_end=True) if times[short] > 1 else short for name, short in cut.items()}


def chip_width(names: Collection[str], *, name_cells: int = 18, brackets: bool = True) -> int:
    """Cells of every chip: as wide as the longest name needs, its name field at most `name_cells` (an operator's glyph

    and a blank included).
    """
    longest = max((cell_len(name) for name in names), default=0)
    field = min(max(longest, _NAME_CELLS_LEAST), name_cells)
    return field + 2 + 1 + _TIME_CELLS + 2 * brackets


def chip_text(glyph: str, operator_glyph: str, name: str, time_text: str, width: int, *, brackets: bool = True) -> str:
    """One line of exactly `width` cells: `[✓ ◆ name       0.4s]`.

    Args:
        glyph: of the state; one cell.
        operator_glyph: one or two cells; "" for a plain task, or if it stands in for the state.
        name: cut where it does not fit; give it through `short_names` to tell like names apart.
        time_text: at most 5 cells, right-aligned; "" leaves its field blank, so nothing moves when it comes.
        width: in cells; below 12 the time is left out.
        brackets: for screens without colour; else the whole width is text.
    """
    inner = width - 2 * brackets
    before = f"{glyph} {operator_glyph} " if operator_glyph else f"{glyph} "
    time_cells = _TIME_CELLS + 1 if width >= 12 else 0
    time = " " + fit(" " * (_TIME_CELLS - cell_len(time_text)) + time_text, _TIME_CELLS) if time_cells else ""
    text = fit(before + fit(name, max(0, inner - time_cells - cell_len(before))) + time, inner)
    return f"[{text}]" if brackets else text


def render_text(drawing: Drawing, labels: Mapping[str, str], glyphs: Glyphs = UNICODE) -> str:
    """The whole drawing as lines of text, blanks at their ends cut off.

    Args:
        drawing: what to render.
        labels: text of each node's chip, on its middle row; an id that is missing is its own text.
        glyphs: how lines look; chips three or more rows high get its border.
    """
    lines: list[str] = []
    for y, row in enumerate(drawing.rows(glyphs)):
        for name, frame in drawing.frames_in(y):
            upper = frame_title(labels.get(name, name), "", frame.box.width, glyphs)
            lower = frame_bottom(frame.box, drawing.ports[name][1], glyphs)
            row = _framed(row, frame, y, {frame.box.y: upper, frame.bottom: lower}, glyphs.frame.side)  # noqa: PLW2901 - over it
        pieces: list[str] = []
        end = 0
        for x, name in drawing.nodes_in(y):
            pieces += (row[end:x], _box_row(drawing, name, y, labels.get(name, name), glyphs))
            end = x + drawing.nodes[name].width
        lines.append("".join([*pieces, row[end:]]).rstrip())
    return "\n".join(lines)


def frame_title(title: str, note: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """The upper border of a group: its title on the left, a note on the right; cut where they do not fit."""
    line = glyphs.frame.line
    right = f" {note} " if note and cell_len(note) + 8 <= width else ""
    room = width - 4 - cell_len(right)
    left = fit(title, room).rstrip() if cell_len(title) > room else title
    filling = line * (width - 4 - cell_len(left) - cell_len(right))
    return f"{glyphs.frame.top_left} {left} {filling}{right}{glyphs.frame.top_right}"


def frame_bottom(box: Box, ports: Collection[int], glyphs: Glyphs = UNICODE) -> str:
    """The lower border of a group, with a port in each column in which a line leaves."""
    edge = [glyphs.frame.bottom_left, *glyphs.frame.line * (box.width - 2), glyphs.frame.bottom_right]
    for column in ports:
        edge[column - box.x] = glyphs.frame.port
    return "".join(edge)


def _framed(row: str, frame: Frame, y: int, borders: Mapping[int, str], side: str) -> str:
    box = frame.box
    end = box.x + box.width
    if y in borders:
        return row[: box.x] + borders[y] + row[end:]
    row = row[: box.x] + side + row[box.x + 1 : end - 1] + side + row[end:]
    for column in frame.columns if frame.titled and y == box.y + 1 else ():
        row = row[: column.x] + fit(column.title, column.width) + row[column.x + column.width :]
    return row


def _box_row(drawing: Drawing, name: str, y: int, text: str, glyphs: Glyphs) -> str:
    box = drawing.nodes[name]
    if box.height < 3:
        return fit(text, box.width) if y == box.y else " " * box.width
    border = glyphs.box
    if y == box.y:
        return border.top_left + border.line * (box.width - 2) + border.top_right
    if y == box.y + box.height - 1:
        edge = [border.bottom_left, *border.line * (box.width - 2), border.bottom_right]
        for column in drawing.ports[name][1]:
            edge[column - box.x] = border.port
        return "".join(edge)
    middle = box.y + (box.height - 1) // 2
    return border.side + (fit(" " + text, box.width - 2) if y == middle else " " * (box.width - 2)) + border.side
