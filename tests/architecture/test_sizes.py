"""Maxima, not targets: what grows over one of them is split by noun."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .sources import modules, shown

MAX_FUNCTION_LINES: Final = 50
MAX_PARAMETERS: Final = 6
MAX_MODULE_LINES: Final = 400
MAX_MODULE_LINES_OF: Final = {"highway_tui/app.py": 250}

EXCEPTIONS: Final[dict[str, str]] = {}
"""`file` or `file:function` -> why it may be longer."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(path: Path) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{shown(path)}:{node.name}", node


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _parameters(node: Function) -> int:
    """Everything a caller may pass: `self` and `cls` are no parameters, `*args` and `**kwargs` are one each."""
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args]
    own = named[1:] if named and named[0].arg in {"self", "cls"} else named
    return len(own) + len(arguments.kwonlyargs) + bool(arguments.vararg) + bool(arguments.kwarg)


def test_modules_are_short() -> None:
    """A module has at most 400 lines, the app 250."""
    lines = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    too_long = {name: n for name, n in lines.items() if n > MAX_MODULE_LINES_OF.get(name, MAX_MODULE_LINES)}

    assert {} == {name: n for name, n in too_long.items() if name not in EXCEPTIONS}
    assert len(lines) > 1


def test_functions_are_short() -> None:
    """A function has at most 50 lines and 6 parameters."""
    sizes = {name: (_lines(node), _parameters(node)) for path in modules() for name, node in _functions(path)}

    too_big = {n: size for n, size in sizes.items() if size[0] > MAX_FUNCTION_LINES or size[1] > MAX_PARAMETERS}

    assert {} == {name: size for name, size in too_big.items() if name not in EXCEPTIONS}


def test_exceptions_are_needed() -> None:
    """An exception names something that exists and gives its reason."""
    known = {shown(path) for path in modules()} | {name for path in modules() for name, _ in _functions(path)}

    assert set() == {name for name, reason in EXCEPTIONS.items() if name not in known or not reason.strip()}


def test_measure() -> None:
    """Lines count from `def` to the end, parameters without `self`: the ruler itself is right."""
    tree = ast.parse("class A:\n    @x\n    def f(self, a, /, b, *c, d=1, **e):\n        return 1\n")
    node = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))

    assert (2, 5) == (_lines(node), _parameters(node))
