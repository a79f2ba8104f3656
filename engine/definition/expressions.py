"""Expressions, read: every node of the syntax tree is checked against an allow-list and rewritten for the sandbox.

One reading serves all: `static_analysis.py` shows its issues and references, `templating.py` compiles its tree. So what
was checked is what runs. A node type, filter or test that is not listed here does not exist.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from jinja2 import TemplateSyntaxError, nodes

from ..errors import TemplateError
from .arithmetic import MAX_INT_BITS
from .filters import SIGNATURES
from .findings import Reference, TemplateIssue, path_reference
from .holes import Hole, Insert, UnclosedHole, inserts
from .names import did_you_mean
from .paths import RESERVED, Path, parse_path
from .sandbox import (
    COMPARE,
    CONCATENATE,
    Compiled,
    call_tree,
    compile_tree,
    defined_tree,
    parse,
    path_tree,
    truth_tree,
)

MAX_EXPRESSION_BYTES: Final = 4096
MAX_NESTING: Final = 90
"""Depth of the tree: CPython compiles at most 200 parentheses inside each other, and each node makes one."""

_CACHED: Final = 4096
_EXTENT = re.compile(
    r"""[^\W\d]\w*(?:\s*\.\s*\w+|\s*\[\s*(?:-?\d+|'[^'\\]*'|"[^"\\]*")\s*\])*|'[^'\\]*'|"[^"\\]*"|\w+|.""", re.DOTALL
)
_FILTER_ARGUMENTS: Final = {name: inspect.signature(function) for name, function in SIGNATURES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One expression, read; offsets count from its own start. `tree` is None where there are issues."""

    tree: nodes.Expr | None
    issues: tuple[TemplateIssue, ...] = ()
    references: tuple[Reference, ...] = ()

    def moved(self, by: int) -> Reading:
        """Return the same reading with offsets counted from the start of the text around it."""
        return replace(
            self,
            issues=tuple(issue.moved(by) for issue in self.issues),
            references=tuple(reference.moved(by) for reference in self.references),
        )


def refuse(code: str, message: str, offset: int, length: int, fix: str | None = None) -> Reading:
    """Return the reading of something that has one fault and no tree."""
    return Reading(
        tree=None, issues=(TemplateIssue(code=code, message=message, offset=offset, length=length, fix=fix),)
    )


@lru_cache(maxsize=_CACHED)
def read(inner: str) -> Reading:
    """Read the inside of a hole: first as a path, else as an expression."""
    reference = path_reference(inner)
    if reference is None:
        return _read_expression(inner, {})
    path = reference.path
    if "-" not in inner or not (other := _read_expression(inner, {})).tree:
        return Reading(tree=path_tree(path), references=(reference,))
    return Reading(tree=_either(path, other), references=(replace(reference, otherwise=other.references),))


@lru_cache(maxsize=_CACHED)
def read_condition(text: str) -> Reading:
    """Read a condition: holes, and quoted literals with holes in them, are values in one expression around them."""
    if parse_path(text) is not None:
        return read(text)
    try:
        found = inserts(text)
    except UnclosedHole as error:
        return refuse("E-TEMPLATE", str(error), error.offset, 2)
    source, values = text, {}
    for number, insert in enumerate(found):
        # A name of the insert's own length, blanks around it: offsets stay, and nothing beside it can join it.
        source = source[: insert.start] + f" _{number} ".ljust(insert.end - insert.start) + source[insert.end :]
        values[insert.start + 1] = _read_insert(insert)
    return _read_expression(source, values)


@lru_cache(maxsize=_CACHED)
def compiled(inner: str) -> Compiled:
    """Return what evaluates the inside of a hole. Raise TemplateError with its first issue."""
    return _compile(read(inner))


@lru_cache(maxsize=_CACHED)
def compiled_condition(text: str) -> Compiled:
    """Return what evaluates a condition. Raise TemplateError with its first issue."""
    return _compile(read_condition(text))


def _compile(reading: Reading) -> Compiled:
    if reading.tree is None:
        raise TemplateError(reading.issues[0].code, reading.issues[0].message)
    return compile_tree(reading.tree)


def _either(path: Path, other: Reading) -> nodes.Expr:
    """Read `memory.n-1` as a path, or as a subtraction where only that is defined."""
    test: nodes.Expr = nodes.Not(defined_tree(path))
    for reference in other.references:
        test = nodes.And(test, defined_tree(reference.path))
    return nodes.CondExpr(test, other.tree, path_tree(path))


def _read_insert(insert: Insert) -> Reading:
    if isinstance(insert, Hole):
        return read(insert.inner).moved(insert.inner_start)
    readings = [
        read(part.inner).moved(part.inner_start)
        if isinstance(part, Hole)
        else _read_expression(f"{insert.quote}{part}{insert.quote}", {}).moved(insert.start)
        for part in insert.parts
    ]
    trees = [reading.tree for reading in readings if reading.tree is not None]
    issues = tuple(issue for reading in readings for issue in reading.issues)
    return Reading(
        tree=None if issues else call_tree(CONCATENATE, nodes.Const(""), trees, []),
        issues=issues,
        references=tuple(reference for reading in readings for reference in reading.references),
    )


def _read_expression(source: str, values: Mapping[int, Reading]) -> Reading:
    """Read an expression; `values` are what stands at the names at these offsets."""
    size = len(source)
    if not source.strip():
        return refuse("E-TEMPLATE", "the expression is empty", 0, size)
    if len(source.encode("utf-8", "surrogatepass")) > MAX_EXPRESSION_BYTES:
        return refuse("E-TOO-LARGE", f"the expression is longer than {MAX_EXPRESSION_BYTES} bytes", 0, size)
    try:
        tree = parse(source)
        if _depth(tree) > MAX_NESTING:
            return refuse("E-TOO-LARGE", "the expression is nested too deeply", 0, size)
        return _Reader(source, values).read(tree)
    except TemplateSyntaxError as error:
        message = error.message or "the expression cannot be read"
        code = "E-TOO-LARGE" if "nested" in message else "E-TEMPLATE"
        offset = min(error.lineno, size)
        return refuse(code, message, offset, 1 if offset < size else 0)
    except (RecursionError, MemoryError):
        return refuse("E-TOO-LARGE", "the expression is nested too deeply", 0, size)
    except (ValueError, OverflowError) as error:
        return refuse("E-TEMPLATE", f"a literal cannot be read: {error}", 0, size)


def _depth(tree: nodes.Node) -> int:
    """Measure a tree without recursion."""
    deepest, pending = 0, [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        pending += [(child, depth + 1) for child in node.iter_child_nodes()]
    return deepest


class _Reader:
    """Checks and rewrites one tree, and collects what it finds."""

    def __init__(self, source: str, values: Mapping[int, Reading]) -> None:
        self._source = source
        self._values = values
        self._issues: list[TemplateIssue] = []
        self._references: list[Reference] = []
        self._tested: set[Path] = set()

    def read(self, tree: nodes.Expr) -> Reading:
        """Return the reading of the whole tree."""
        rewritten = self._rewrite(tree)
        if not self._issues and _depth(rewritten) > MAX_NESTING:
            self._issue("E-TOO-LARGE", "the expression is nested too deeply", 0)
        references = tuple(
            replace(one, guarded=one.guarded or any(one.path[:n] in self._tested for n in range(1, len(one.path) + 1)))
            for one in sorted(self._references, key=lambda one: one.offset)
        )
        issues = tuple(sorted(self._issues, key=lambda one: one.offset))
        return Reading(tree=None if issues else rewritten, issues=issues, references=references)

    def _issue(self, code: str, message: str, offset: int, fix: str | None = None) -> None:
        length = len(self._extent(offset))
        self._issues.append(TemplateIssue(code=code, message=message, offset=offset, length=length, fix=fix))

    def _extent(self, offset: int) -> str:
        found = _EXTENT.match(self._source, offset)
        return found.group() if found else ""

    def _rewrite(self, node: nodes.Expr, *, guarded: bool = False) -> nodes.Expr:
        """Return the tree to run; `guarded` where the absence of this very value is handled."""
        path = self._path(node)
        if path is not None:
            return self._rewrite_path(path, _root(node).lineno, guarded=guarded)
        match node:
            case nodes.Name():
                return self._rewrite_value(node, guarded=guarded)
            case nodes.Getattr():
                self._check_attribute(node)
                return nodes.Getattr(self._rewrite(node.node, guarded=guarded), node.attr, "load")
            case nodes.Getitem(arg=nodes.Slice()):
                self._issue("E-EXPRESSION", "slices are not part of the language", node.lineno)
            case nodes.Getitem():
                return nodes.Getitem(self._rewrite(node.node, guarded=guarded), self._rewrite(node.arg), "load")
            case nodes.Const():
                self._check_literal(node)
                return node
            case nodes.List() | nodes.Tuple():
                return nodes.List([self._rewrite(item) for item in node.items])
            case nodes.Dict():
                return nodes.Dict([self._rewrite_pair(pair) for pair in node.items])
            case nodes.Filter():
                return self._rewrite_filter(node)
            case nodes.Test():
                return self._rewrite_test(node)
            case _:
                return self._rewrite_operator(node)
        return nodes.Const(None)

    def _rewrite_operator(self, node: nodes.Expr) -> nodes.Expr:
        match node:
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Div() | nodes.FloorDiv() | nodes.Mod():
                return type(node)(self._rewrite(node.left), self._rewrite(node.right))
            case nodes.Neg() | nodes.Pos():
                return type(node)(self._rewrite(node.node))
            case nodes.Not():
                return nodes.Not(truth_tree(self._rewrite(node.node)))
            case nodes.And() | nodes.Or():
                return type(node)(truth_tree(self._rewrite(node.left)), self._rewrite(node.right))
            case nodes.Compare():
                return self._rewrite_compare(node)
            case nodes.Concat():
                first, *others = [self._rewrite(item) for item in node.nodes]
                return call_tree(CONCATENATE, first, others, [])
            case nodes.CondExpr(expr2=nodes.Expr() as otherwise):
                test = truth_tree(self._rewrite(node.test))
                return nodes.CondExpr(test, self._rewrite(node.expr1), self._rewrite(otherwise))
            case nodes.CondExpr():
                self._issue("E-EXPRESSION", "an `if` without `else` has no value when it is false", node.lineno)
            case nodes.Call():
                self._issue(
                    "E-EXPRESSION", "calls are not part of the language; filters are: `value | upper`", node.lineno
                )
            case nodes.Pow():
                self._issue("E-EXPRESSION", "`**` is not part of the language", node.lineno)
            case _:
                self._issue("E-EXPRESSION", f"{type(node).__name__} is not part of the language", node.lineno)
        return nodes.Const(None)

    def _path(self, node: nodes.Expr) -> Path | None:
        """Return the whole path that names, attributes and constant items make; None where a step is computed."""
        match node:
            case nodes.Name():
                return None if node.lineno in self._values or node.name in RESERVED else (node.name,)
            case nodes.Getattr():
                before = self._path(node.node)
                return None if before is None else (*before, node.attr)
            case nodes.Getitem(arg=nodes.Const(value=str() | int() as key)) if not isinstance(key, bool):
                before = self._path(node.node)
                return None if before is None else (*before, key)
            case nodes.Getitem(arg=nodes.Neg(node=nodes.Const(value=int() as key))):
                before = self._path(node.node)
                return None if before is None else (*before, -key)
            case _:
                return None

    def _rewrite_path(self, path: Path, offset: int, *, guarded: bool) -> nodes.Expr:
        length = len(self._extent(offset))
        self._references.append(Reference(path=path, offset=offset, length=length, guarded=guarded))
        return path_tree(path)

    def _rewrite_value(self, node: nodes.Name, *, guarded: bool) -> nodes.Expr:
        reading = self._values.get(node.lineno)
        if reading is None:
            self._issue("E-TEMPLATE", f"unexpected {node.name!r}", node.lineno)
            return node
        self._issues += reading.issues
        self._references += [replace(one, guarded=one.guarded or guarded) for one in reading.references]
        return reading.tree or nodes.Const(None)

    def _rewrite_pair(self, pair: nodes.Pair) -> nodes.Pair:
        if not (isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str)):
            self._issue("E-EXPRESSION", "the keys of a map are quoted texts", pair.key.lineno)
        return nodes.Pair(pair.key, self._rewrite(pair.value))

    def _rewrite_compare(self, node: nodes.Compare) -> nodes.Expr:
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        quoted = [isinstance(side, nodes.Const) and isinstance(side.value, str) for side in sides]
        operators = tuple((operand.op, quoted[index] and quoted[index + 1]) for index, operand in enumerate(node.ops))
        first, *others = [self._rewrite(side) for side in sides]
        return call_tree(COMPARE, first, [nodes.Const(operators), *others], [])

    def _rewrite_filter(self, node: nodes.Filter) -> nodes.Expr:
        arguments = [self._rewrite(argument) for argument in node.args]
        named = [nodes.Keyword(keyword.key, self._rewrite(keyword.value)) for keyword in node.kwargs]
        value = nodes.Const(None) if node.node is None else self._rewrite(node.node, guarded=node.name == "default")
        signature = _FILTER_ARGUMENTS.get(node.name)
        if signature is None:
            fix = did_you_mean(node.name, _FILTER_ARGUMENTS)
            self._issue("E-FILTER", f"there is no filter {node.name!r}", node.lineno, fix)
        elif node.dyn_args is not None or node.dyn_kwargs is not None:
            self._issue("E-EXPRESSION", "`*` and `**` arguments are not part of the language", node.lineno)
        else:
            try:
                signature.bind(None, None, *arguments, **{keyword.key: None for keyword in named})
            except TypeError as error:
                self._issue("E-FILTER", f"the filter {node.name!r} cannot take this: {error}", node.lineno)
        return call_tree(node.name, value, arguments, named)

    def _rewrite_test(self, node: nodes.Test) -> nodes.Expr:
        if node.name != "defined" or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._issue("E-EXPRESSION", "the only test is `is defined`", node.lineno)
        path = self._path(node.node)
        if path is not None:
            self._tested.add(path)
        return nodes.Test(self._rewrite(node.node, guarded=True), "defined", [], [], None, None)

    def _check_attribute(self, node: nodes.Getattr) -> None:
        if isinstance(node.node, (nodes.Const, nodes.List, nodes.Tuple)):
            self._issue("E-EXPRESSION", f"a literal has no attribute {node.attr!r}", node.lineno)

    def _check_literal(self, node: nodes.Const) -> None:
        value = node.value
        if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
            self._issue("E-TOO-LARGE", f"a number has more than {MAX_INT_BITS} bits", node.lineno)
        elif isinstance(value, float) and not math.isfinite(value):
            self._issue("E-TOO-LARGE", "a number has no finite value", node.lineno)


def _root(node: nodes.Expr) -> nodes.Expr:
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        node = node.node
    return node
