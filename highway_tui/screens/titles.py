"""What stands in the borders of the run screen's panes. Decides nothing but words."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from ..session import Session

TITLES: Final = {
    "tasks": "Tasks",
    "graph": "Graph",
    "log": "Log",
    "vars": "Vars",
    "resources": "Resources",
    "problems": "Problems",
}
"""By pane, in the order of the tabs."""


def titles_of(session: Session) -> dict[str, str]:
    """Title of each pane; that of the problems counts them."""
    titles = dict(TITLES)
    if session.problems:
        titles["problems"] = f"Problems {len(session.problems)}"
    return titles


def graph_note(session: Session, *, drawn: bool) -> str:
    """Say why the graph is old or not there; empty where all is well."""
    if session.stale:
        return f"stale · {session.errors} error{'s' if session.errors > 1 else ''}"
    return "" if drawn or session.view.total < 2000 else "too many tasks to draw"


def tabs(titles: dict[str, str], active: str, between: str) -> Content:
    """All titles in one line, the active one bright."""
    parts: list[Content | str | tuple[str, str]] = []
    for name, title in titles.items():
        if parts:
            parts.append((between, "$hw-dim not bold"))
        parts.append((title, "$primary bold" if name == active else "$hw-dim not bold"))
    return Content.assemble(*parts)
