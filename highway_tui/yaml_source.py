"""Finds the lines of a file that define a task. Pure; works on indentation, so it never fails on any text."""

from __future__ import annotations

from textwrap import dedent

MOST_LINES = 80


def source_of(text: str, line: int) -> str:
    """Give the block that begins on `line` (from 1), without its indentation; empty where there is no such line.

    The block goes on while lines are indented deeper than its first one; blank lines at its end are left out.
    """
    lines = text.splitlines()
    if not 1 <= line <= len(lines):
        return ""
    depth = _indent(lines[line - 1])
    block = [lines[line - 1]]
    for following in lines[line:]:
        if following.strip() and _indent(following) <= depth:
            break
        block.append(following)
    while block and not block[-1].strip():
        block.pop()
    more = ["…"] if len(block) > MOST_LINES else []
    return "\n".join([*dedent("\n".join(block)).splitlines()[:MOST_LINES], *more])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
