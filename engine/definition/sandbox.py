"""Jinja2, hardened: parses the inside of a hole and runs trees that `expressions.py` has checked and rewritten.

No globals; steps are keys and indexes, never attributes; no calls but the filters of `filters.py`; comparisons, `~` and
truth go through `arithmetic.py`, binary operators through the sandbox's hook. The optimizer is off, since it computes
while it compiles. Each evaluation pays from one Meter, so its time and the size of what it makes are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.environment import TemplateExpression
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import TemplateError
from . import arithmetic
from .arithmetic import Meter
from .filters import FILTERS
from .paths import Missing, Names, Path, lookup, step

MAX_BRACKETS: Final = 24
"""Brackets inside brackets, signs in a row, `else` in one expression: each takes the parser a dozen calls deep."""

COMPARE: Final = "compare"
CONCATENATE: Final = "~"
TRUTH: Final = "?"
"""Names under which rewritten trees call operators as filters; `expressions.py` lets no author use them."""

_NAMES: Final = "names"
_METER: Final = "meter"

Compiled: TypeAlias = Callable[[Names, Meter], object]


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox without globals and attributes. The `lineno` of its nodes is their offset in the expression."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"-", "+"})

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        def placed() -> Iterator[tuple[int, str, str]]:
            offset = 0
            try:
                for _, kind, text in self.lexer.tokeniter(source, name, filename, state):
                    yield offset, kind, text
                    offset += len(text)
            except TemplateSyntaxError as error:
                raise TemplateSyntaxError((error.message or "syntax error").partition(" at ")[0], offset) from None

        return TokenStream(self.lexer.wrap(_shallow(placed()), name, filename), name, filename)

    def getitem(self, obj: object, argument: object) -> object:
        """Follow a whole path from the names (`path_tree` writes paths as tuples), or take one step into data."""
        if argument.__class__ is tuple:
            return lookup(obj, argument)  # type: ignore[arg-type]  # only `path_tree` makes tuples
        if obj.__class__ is Missing:
            return obj
        try:
            return step(obj, arithmetic.present(argument))
        except LookupError:
            return Missing({}, (), f"{arithmetic.describe(obj)} has no item {arithmetic.describe(argument)}")

    def getattr(self, obj: object, attribute: str) -> object:
        """Take one step into data: objects have no attributes here."""
        return self.getitem(obj, attribute)

    def call(*_: object, **__: object) -> NoReturn:
        """Refuse: nothing is ever called."""
        raise TemplateError("E-EXPRESSION", "an expression cannot call anything")

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Calculate within the bounds of `arithmetic.py`."""
        return arithmetic.calculate(operator, left, right, context.parent[_METER])

    def call_unop(self, context: Context, operator: str, arg: object) -> object:  # noqa: ARG002 - the sandbox's signature
        """Apply a sign to a number."""
        return arithmetic.negate(arg) if operator == "-" else -arithmetic.negate(arg)


def _shallow(tokens: Iterator[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """Pass tokens on, and refuse those that would send the parser into deep recursion."""
    depth = signs = branches = 0
    for offset, kind, text in tokens:
        if kind == "operator" and text in "([{":
            depth += 1
        elif kind == "operator" and text in ")]}":
            depth -= 1
        elif text == "else":
            branches += 1
        if kind != "whitespace":
            signs = signs + 1 if text in {"not", "-", "+"} else 0
        if max(depth, signs, branches) > MAX_BRACKETS:
            raise TemplateSyntaxError("the expression is nested too deeply", offset)
        yield offset, kind, text


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(optimized=False, undefined=StrictUndefined, autoescape=False, cache_size=0)
    environment.globals.clear()
    environment.filters = {
        **FILTERS,
        COMPARE: arithmetic.compare,
        CONCATENATE: arithmetic.concatenate,
        TRUTH: arithmetic.truth,
    }
    environment.tests = {"defined": _is_defined}
    return environment


def _is_defined(value: object) -> bool:
    return value.__class__ is not Missing


def parse(source: str) -> nodes.Expr:
    """Parse one expression. Raise TemplateSyntaxError, whose `lineno` is the offset, and RecursionError."""
    parser = Parser(_environment(), source, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        token = parser.stream.current
        raise TemplateSyntaxError(f"unexpected {token.value!r}", token.lineno)
    return tree


def path_tree(path: Path) -> nodes.Expr:
    """Return the tree that looks a path up in the names."""
    return nodes.Getitem(nodes.Name(_NAMES, "load"), nodes.Const(path), "load")


def call_tree(name: str, value: nodes.Expr, arguments: list[nodes.Expr], named: list[nodes.Keyword]) -> nodes.Expr:
    """Return the tree that calls a filter or an operator of ours; all take the meter after the value."""
    return nodes.Filter(value, name, [nodes.Name(_METER, "load"), *arguments], named, None, None)


def truth_tree(value: nodes.Expr) -> nodes.Expr:
    """Return the tree for the truth of a value: texts true and false are booleans."""
    return nodes.Filter(value, TRUTH, [], [], None, None)


def defined_tree(path: Path) -> nodes.Expr:
    """Return the tree that tells whether a path leads to a value."""
    return nodes.Test(path_tree(path), "defined", [], [], None, None)


def compile_tree(tree: nodes.Expr) -> Compiled:
    """Compile a checked tree, as `compile_expression(undefined_to_none=False)` does with one that it has parsed."""
    environment = _environment()
    tree.set_environment(environment)
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)]
    run = TemplateExpression(environment.from_string(nodes.Template(body, lineno=1)), undefined_to_none=False)
    return lambda names, meter: run(names=names, meter=meter)
