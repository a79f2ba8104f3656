"""What is wrong with the file: each problem with code, place and the line it is about, marked with a caret."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment

from engine import Problem

from .. import cells
from .text_pane import Line, TextPane

_TOKENS = {"error": "state-failed", "warning": "state-waiting", "info": "state-reused"}
_MARKS = {"error": "✗", "warning": "▲", "info": "•"}
_MAX_PROBLEMS = 200


class ProblemsPane(TextPane):
    """Shows the problems of one file."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start without any."""
        super().__init__(id=id)
        self._shown: tuple[Problem, ...] | None = None
        self._source: tuple[str, ...] = ()
        self._file = ""

    def show(self, problems: Sequence[Problem], source: str, file: str) -> None:
        """Take the problems of `file`, whose text is `source`; excerpts are made for that file only."""
        shown = tuple(problems)
        if shown != self._shown or file != self._file:
            self._shown, self._file = shown, file
            self._source = tuple(source.splitlines()) if shown else ()
            self.repaint()

    def repaint(self) -> None:
        """Make the lines again: new problems, or another theme."""
        problems = self._shown or ()
        if not problems:
            self.set_lines([[Segment(" no problems", self.ink("state-succeeded"))]])
            return
        lines: list[Line] = []
        for problem in problems[:_MAX_PROBLEMS]:
            lines += self._problem(problem)
        if len(problems) > _MAX_PROBLEMS:
            lines.append([Segment(f" … {len(problems) - _MAX_PROBLEMS} more", self.ink("hw-dim"))])
        self.set_lines(lines)

    def on_resize(self) -> None:
        """Wrap the messages again."""
        self.repaint()

    def _problem(self, problem: Problem) -> list[Line]:
        style = self.ink(_TOKENS[problem.severity], bold=True)
        dim, plain = self.ink("hw-dim"), self.ink("foreground")
        width = max(20, self.scrollable_content_region.width - 4)
        message = cells.clean(problem.message) + (f"; {cells.clean(problem.fix)}" if problem.fix else "")
        where = f"{cells.clean(problem.file).rpartition('/')[2]}:{problem.line}:{problem.column}"
        head: Line = [
            Segment(f" {_MARKS[problem.severity]} {problem.code}", style),
            Segment(f"  {where}", dim),
        ]
        lines = [head, *([Segment("   " + part, plain)] for part in cells.wrap(message, width))]
        return lines + self._excerpt(problem, width)

    def _excerpt(self, problem: Problem, width: int) -> list[Line]:
        if problem.file != self._file or not 1 <= problem.line <= len(self._source):
            return []
        raw = self._source[problem.line - 1]
        number = f"{problem.line:>5} │ "
        text = cells.clean(raw)
        before = cell_len(cells.clean(raw[: problem.column - 1]))
        marked = max(1, cell_len(cells.clean(raw[problem.column - 1 : problem.end_column - 1])))
        room = max(10, width - len(number))
        skip = max(0, min(before - room // 3, before + marked - room + 2)) if before + marked > room else 0
        dim, style = self.ink("hw-dim"), self.ink(_TOKENS[problem.severity], bold=True)
        shown = cells.fit(text[skip:], room).rstrip()
        caret = " " * (before - skip) + "^" * min(marked, room - (before - skip))
        return [
            [Segment(number, dim), Segment(shown, self.ink("foreground"))],
            [Segment(" " * 6 + "│ ", dim), Segment(caret, style)],
        ]
