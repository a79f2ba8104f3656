"""The one compiler: bytes -> problems and, where none is an error, a Plan. Everybody who loads a workflow comes here.

Nested workflows enter through a Loader, so that a run is rebuilt from stored bytes by the same code that reads files.
"""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import Problem, WorkflowInvalid
from .build import build
from .context import Context
from .document import Document, Limits, Refused, parse
from .files import Unreadable, beside, disk_loader, source_key, stored_loader
from .graphs import find_cycles
from .models import Nested
from .reading import read
from .report import Place, Report
from .scopes import resolve
from .syntax import decode
from .validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .files import Loader
    from .items import Item, Source
    from .plan import Plan

_MAX_NESTED: Final = 32
"""Workflow files that may call each other in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One definition after compiling."""

    path: str
    """As the caller named it; `<text>` when there is none."""
    absolute_path: str
    """The same, from the root of the file system."""
    source: bytes
    """Exact bytes; empty when the file cannot be read."""
    sha256: str
    """Of `source`, in hex."""
    problems: tuple[Problem, ...]
    """Errors, warnings and infos in file order; those of nested files after those of this one."""
    plan: Plan | None
    """None exactly when a problem is an error."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the workflow from running."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def require(self) -> Plan:
        """Return the plan; WorkflowInvalid with all problems when there is none."""
        if self.plan is None:
            raise WorkflowInvalid(self.problems)
        return self.plan


def load_workflow(path: str, *, tools: frozenset[str] | None = None, limits: Limits | None = None) -> Loaded:
    """Read and compile a file; never raises for what it is or holds. `tools` are the known tools, None checks none."""
    limits = limits or Limits()
    loader = disk_loader(limits.size_bytes)
    try:
        source = loader(path)
    except Unreadable as error:
        problem = Problem(code=error.code, severity="error", message=error.message, file=path)
        return _loaded(path, b"", _Outcome(problems=(problem,)))
    with _no_collection():
        return _loaded(path, source, _Compiler(loader, tools, limits).compile(source, path, ()))


def load_text(
    source: bytes,
    path: str = "<text>",
    *,
    sources: Mapping[str, bytes] | None = None,
    tools: frozenset[str] | None = None,
    limits: Limits | None = None,
) -> Loaded:
    """Compile bytes that were read elsewhere: an editor's buffer, or (with `sources`) a stored definition.

    Nested workflows are looked up in `sources` (`Plan.sources`), or on disk beside `path` where it is None.
    """
    limits = limits or Limits()
    loader = disk_loader(limits.size_bytes) if sources is None else stored_loader(sources)
    with _no_collection():
        return _loaded(path, source, _Compiler(loader, tools, limits).compile(source, path, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What compiling one file gave, nested files included."""

    problems: tuple[Problem, ...]
    plan: Plan | None = None


def _loaded(path: str, source: bytes, outcome: _Outcome) -> Loaded:
    try:
        absolute = str(Path(path).absolute())
    except (OSError, ValueError):  # the working folder is gone, or the name is none
        absolute = path
    digest = hashlib.sha256(source).hexdigest()
    return Loaded(
        path=path,
        absolute_path=absolute,
        source=source,
        sha256=digest,
        problems=outcome.problems,
        plan=outcome.plan,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector away from a growing tree of fresh objects: it finds nothing and doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Compiler:
    """Compiles one file and those it calls. Lives for one load."""

    def __init__(self, loader: Loader, tools: frozenset[str] | None, limits: Limits) -> None:
        self._loader = loader
        self._tools = tools
        self._limits = limits
        self._done: dict[str, _Outcome] = {}
        self._sources: dict[str, bytes] = {}

    def compile(self, source: bytes, path: str, callers: tuple[str, ...]) -> _Outcome:
        """Compile one file; `callers` are the files that led here, outermost first."""
        report = Report(path)
        try:
            document = self._document(source, report)
            read_source = read(document, report, self._limits)
        except Refused:
            return _Outcome(problems=report.problems)
        return self._checked(read_source, source, report, callers)

    def _document(self, source: bytes, report: Report) -> Document:
        if len(source) > self._limits.size_bytes:
            report.add("E-TOO-BIG", f"the file is larger than {self._limits.size_bytes:,} bytes", Place())
            raise Refused("E-TOO-BIG")
        text = decode(source, report)
        if text is None:
            raise Refused("E-ENCODING")
        return parse(text, report, self._limits)

    def _checked(self, source: Source, raw: bytes, report: Report, callers: tuple[str, ...]) -> _Outcome:
        root = resolve(source, report)
        is_cyclic = find_cycles(root, source, report)
        nested: dict[Item, Plan] = {}
        inner_problems: dict[Problem, None] = {}
        for item in (item for scope in root.walk() for item in scope.items if item.kind == "workflow"):
            outcome = self._nested(item, source, report, callers)
            if outcome is not None:
                inner_problems.update(dict.fromkeys(outcome.problems))
                if outcome.plan is not None:
                    nested[item] = outcome.plan
        validate(Context(source=source, root=root, report=report, tools=self._tools, nested=nested, cyclic=is_cyclic))
        plan = None
        if not report.has_errors:
            sources = dict(self._sources) if not callers else {}
            plan = build(source, root, file=report.file, text=raw, nested=nested, sources=sources)
        return _Outcome(problems=(*report.problems, *inner_problems), plan=plan)

    def _nested(self, item: Item, source: Source, report: Report, callers: tuple[str, ...]) -> _Outcome | None:
        """Compile the file that an operator `workflow` names; None where it names none."""
        written = item.operator.workflow if isinstance(item.operator, Nested) else ""
        place = source.place(item.spot.find("workflow"))
        if "{{" in written or not written or "\0" in written:
            if "\0" not in written:
                report.add("E-VALUE", "`workflow` must be the path of a file, without holes", place)
            return None
        path = beside(report.file, written)
        chain = (*callers, beside("", report.file))
        if path in chain:
            circle = " -> ".join((*chain[chain.index(path) :], path))
            report.add("E-CYCLE", f"these workflows call each other in a circle: {circle}", place)
            return None
        if len(chain) >= _MAX_NESTED:
            report.add("E-DEPTH", f"workflows call each other more than {_MAX_NESTED} deep", place)
            return None
        outcome = self._done.get(path)
        if outcome is None:
            try:
                text = self._loader(path)
            except Unreadable as error:
                report.add(error.code, f"`{path}`: {error.message}", place)
                return None
            self._sources[source_key(path)] = text
            outcome = self._done[path] = self.compile(text, path, chain)
        if outcome.plan is None:
            count = sum(problem.severity == "error" for problem in outcome.problems)
            report.add("E-NESTED", f"the workflow `{path}` has {count} error{'s' if count > 1 else ''}", place)
        return outcome
