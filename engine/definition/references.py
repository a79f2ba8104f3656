"""Names in templates and conditions: each must be something that can exist when the text is rendered."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from .findings import Reference
from .holes import Hole, UnclosedHole, split
from .models import PythonTask
from .paths import parse_path, show_path
from .static_analysis import check, references
from .templating import TemplateError, evaluate, render
from .texts import TemplateText, texts_of
from .upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .context import Context
    from .upstream import Name

_LOOP_NAMES: Final = ("index", "item", "loop", "loop_context")
_ROOTS: Final = ("variables", "params", "results", "memory", "env", "secrets", "tasks", "run", "workflow")
_FIELDS: Final = {
    "run": ("id", "name", "started_at"),
    "workflow": ("description", "file", "name", "version"),
}
_FOREACH_FIELDS: Final = ("first", "index", "item", "iteration", "last", "length", "parent")
_WHILE_FIELDS: Final = ("first", "index", "iteration", "parent")
_MEMORY_WRITERS: Final = frozenset({"memory.add", "memory.append", "memory.increment", "memory.set"})


class Finding(NamedTuple):
    """What is wrong with one reference."""

    message: str
    fix: str | None


class Use(NamedTuple):
    """One path in one text."""

    text: TemplateText
    reference: Reference


def check_references(context: Context) -> None:
    """Report faulty templates, and paths that lead nowhere."""
    uses: list[Use] = []
    for text in texts_of(context):
        plain = _plain_paths(text)
        if plain:
            uses += (Use(text, reference) for reference in plain)
            continue
        issues = check(text.text, condition=text.is_condition)
        for issue in issues:
            place = context.source.place(text.spot, issue.offset, issue.length)
            context.report.add(issue.code, issue.message, place, issue.fix)
        found = references(text.text, condition=text.is_condition)
        uses += (Use(text, reference) for reference in found)
        if not found and not issues and text.key != "switch_on":
            _try_constant(context, text)
    checker = _Checker(context, uses)
    for use in uses:
        finding = checker.finding(use.text, use.reference)
        if finding is not None:
            at = context.source.place(use.text.spot, use.reference.offset, use.reference.length)
            context.report.add("E-UNDEFINED", finding.message, at, finding.fix)


def _plain_paths(text: TemplateText) -> list[Reference]:
    """Return the references of a text whose holes are nothing but paths, as most are; empty for every other text."""
    if text.is_condition:
        return []
    found: list[Reference] = []
    try:
        parts = split(text.text)
    except UnclosedHole:
        return []
    for part in parts:
        if isinstance(part, Hole):
            path = None if "-" in part.inner else parse_path(part.inner)
            if path is None:
                return []
            start = part.inner_start + len(part.inner) - len(part.inner.lstrip())
            found.append(Reference(path=path, offset=start, length=len(part.inner.strip())))
    return found


def _try_constant(context: Context, text: TemplateText) -> None:
    """Compute a text that reads no name: what it fails with now, it fails with in every run."""
    try:
        if text.is_condition:
            evaluate(text.text, {})
        else:
            render(text.text, {})
    except TemplateError as error:
        context.add(error.code, error.message, text.spot)


class _Checker:
    """Lives while the references of one file are checked."""

    def __init__(self, context: Context, uses: Iterable[Use]) -> None:
        workflow = context.source.workflow
        self._suggest = context.report.suggest
        self._variables = workflow.variables
        self._params = context.source.params
        self._secrets = workflow.secrets
        self._writers: dict[str, str] = {}
        self._memory: dict[str, None] = {}
        self._any_memory = False
        for item in context.items():
            if item.operator.result_key is not None:
                self._writers.setdefault(item.operator.result_key, item.id)
            if isinstance(item.operator, PythonTask):
                self._note_memory(item.operator)
        wanted = {name: None for use in uses for path in _paths(use.reference) if (name := _wanted(path)) is not None}
        self._upstream = None if context.cyclic else Upstream(context.root, wanted)

    def _note_memory(self, task: PythonTask) -> None:
        """Note the memory keys that a task writes; a key with a hole, or a function of the author's, may write any."""
        if ":" in task.function:
            self._any_memory = True
        elif task.function.removeprefix("tools.") in _MEMORY_WRITERS:
            key = task.args[0] if task.args else task.kwargs.get("key")
            if isinstance(key, str) and "{{" not in key:
                self._memory.setdefault(key)
            else:
                self._any_memory = True

    def finding(self, text: TemplateText, reference: Reference) -> Finding | None:
        """Return what is wrong with a path; a guarded one may always be absent."""
        if reference.guarded:
            return None
        path = tuple(str(step) for step in reference.path)
        found = self._path(text, path)
        if found is not None and reference.otherwise:
            others = [self.finding(text, other) for other in reference.otherwise]
            if not any(others):
                return None
        return found

    def _path(self, text: TemplateText, path: tuple[str, ...]) -> Finding | None:
        root = path[0]
        if root in _LOOP_NAMES:
            return self._loop(text, path)
        if root not in _ROOTS:
            return self._bare(text, root)
        if len(path) == 1:
            return None
        if root in _FIELDS:
            return self._among(path, _FIELDS[root])
        if root == "variables":
            return self._among(path, self._variables)
        if root == "params":
            return self._among(path, self._params)
        if root == "secrets":
            return self._among(path, self._secrets)
        if root == "results":
            return self._result(text, path)
        return self._task(text, path) if root == "tasks" else None

    def _result(self, text: TemplateText, path: tuple[str, ...]) -> Finding | None:
        key = path[1]
        if key not in self._writers:
            return self._among(path, self._writers, f"no task has `result_key: {key}`")
        if self._is_upstream(text, ("result", key)):
            return None
        writer = self._writers[key]
        return Finding(
            f"`results.{key}` is written by `{writer}`, which does not run before this", f"depend on `{writer}`"
        )

    def _task(self, text: TemplateText, path: tuple[str, ...]) -> Finding | None:
        task_id = path[1]
        if not any(task_id in scope.index for scope in text.scope.outward):
            return self._among(path, [name for scope in text.scope.outward for name in scope.index])
        if path[2:3] != ("result",) or self._is_upstream(text, ("task", task_id)):
            return None
        return Finding(f"`{task_id}` does not run before this, so it has no result yet", f"depend on `{task_id}`")

    def _is_upstream(self, text: TemplateText, name: Name) -> bool:
        if self._upstream is None:
            return True
        in_while = text.key == "condition" and text.position is not None and text.scope.items[text.position].body != ()
        return self._upstream.has(text.scope, text.position, name, body=in_while)

    def _loop(self, text: TemplateText, path: tuple[str, ...]) -> Finding | None:
        kinds = [scope.kind for scope in text.scope.outward if scope.kind in ("foreach", "while")]
        if any(path[0] in names for names in (self._variables, self._params, self._writers)):
            return None
        if not kinds or (path[0] == "item" and "foreach" not in kinds):
            return Finding(f"`{path[0]}` exists only inside a {'foreach' if path[0] == 'item' else 'loop'}", None)
        depth = 1
        while path[0] in ("loop", "loop_context") and depth < len(path):
            if not kinds:
                return Finding(f"`{show_path(path[: depth + 1])}`: there is no such loop around this", None)
            fields = _FOREACH_FIELDS if kinds[0] == "foreach" else _WHILE_FIELDS
            if path[depth] not in fields:
                return self._among(path[: depth + 1], fields)
            if path[depth] != "parent":
                return None
            kinds, depth = kinds[1:], depth + 1
            if not kinds:
                return Finding(f"`{show_path(path[:depth])}`: there is no loop around this one", None)
        return None

    def _among(self, path: tuple[str, ...], known: Collection[str], message: str | None = None) -> Finding | None:
        """Return a finding when the last step of `path` that is looked at is none of `known`."""
        step = len(path) - 1 if path[0] in ("loop", "loop_context") else 1
        if path[step] in known:
            return None
        said = f"`{show_path(path[: step + 1])}` is not defined"
        near = self._suggest(path[step], known, show_path(path[:step]) + ".")
        return Finding(f"{said}: {message}" if message else said, near)

    def _bare(self, text: TemplateText, word: str) -> Finding | None:
        known = (self._writers, self._variables, self._params, self._memory)
        if self._any_memory or any(word in names for names in known):
            return None
        message = f"nothing in the file defines `{word}`"
        near = self._suggest(word, chain(*known, _ROOTS))
        if text.is_condition:
            return Finding(message, f"put it in quotes if it is text: `'{word}'`" + (f"; or {near}" if near else ""))
        return Finding(message, near)


def _paths(reference: Reference) -> Iterator[tuple[str, ...]]:
    yield tuple(str(step) for step in reference.path)
    for other in reference.otherwise:
        yield from _paths(other)


def _wanted(path: tuple[str, ...]) -> Name | None:
    if len(path) > 1 and path[0] == "results":
        return ("result", path[1])
    return ("task", path[1]) if len(path) > 1 and path[0] == "tasks" else None
