"""Problems of a file: for people with the marked line, for programs as `highway.problems/1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from engine import Loaded, Problem, load_workflow

from .output import Output, cells, clean

_WINDOW: Final = 100
"""Characters of a source line that are shown."""


def print_problems(out: Output, problems: Iterable[Problem], loaded: Loaded | None = None) -> None:
    """Write each problem, with an excerpt of its line where `loaded` is given; nested files are read again for it."""
    sources: dict[str, list[str]] = {}
    for problem in problems:
        severity = out.paint(f"{problem.severity} {problem.code}", problem.severity)
        out.line(f"{clean(problem.place)}: {severity}: {clean(problem.message)}")
        if loaded is not None:
            if problem.file not in sources:
                source = loaded.source if problem.file == loaded.path else load_workflow(problem.file).source
                sources[problem.file] = source.decode("utf-8", "replace").split("\n")
            lines = sources[problem.file]
            if 0 < problem.line <= len(lines) and lines[problem.line - 1].strip():
                _excerpt(out, problem, lines[problem.line - 1].rstrip("\r"))
        if problem.fix:
            out.line(f"      = {clean(problem.fix)}")


def summary(file: str, problems: Iterable[Problem]) -> str:
    """`flow.yaml: 2 errors, 1 warning`, or that there are none."""
    counts = Counter(problem.severity for problem in problems)
    said = [f"{counts[word]} {word}{'s' if counts[word] > 1 else ''}" for word in ("error", "warning") if counts[word]]
    if counts["info"]:
        said.append(f"{counts['info']} info")
    if not counts["error"]:
        said.insert(0, "valid")
    return f"{clean(file)}: {', '.join(said)}"


def problem_document(problem: Problem) -> dict[str, object]:
    """One entry of `highway.problems/1`."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.end_column,
        "fix": problem.fix,
    }


def _excerpt(out: Output, problem: Problem, line: str) -> None:
    """Write the line, and below it a caret under each marked cell; a long line is cut around the mark."""
    first = problem.column - 1
    last = min(max(problem.end_column - 1, first + 1), max(len(line), first + 1))
    start = 0 if last <= _WINDOW else max(0, first - _WINDOW // 3)
    before, marked = clean(line[start:first]), clean(line[first : min(last, start + _WINDOW)])
    after = clean(line[last : start + _WINDOW]) if last < start + _WINDOW else ""
    number = f"{problem.line:5}"
    edge = out.paint("|", "dim")
    out.line(f"{number} {edge} {before}{marked}{after}")
    carets = out.paint("^" * max(1, cells(marked)), problem.severity)
    out.line(f"      {edge} {' ' * cells(before)}{carets}")
