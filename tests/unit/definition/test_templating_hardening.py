"""Hostile expressions: nothing escapes, everything is bounded."""

from __future__ import annotations

from typing import Final

import pytest

from engine.definition.static_analysis import check
from engine.definition.templating import evaluate, render
from engine.errors import TemplateError

NAMES = {
    "memory": {"n": 5, "text": "abc", "list": [1, 2], "self": 1},
    "results": {
        "big": list(range(100_000)),
        "words": [f"w{number * 7919 % 100_003}" for number in range(100_000)],
        "text": "x" * (1 << 20),
        "wide": "é" * (1 << 19),
        "rows": [{"a": {"b": number}} for number in range(20_000)],
        "huge": 1 << 5000,
        "json": "[" * 100_000,
    },
}


TOO_MUCH: Final = (
    "'a' * 1000000000",
    "1000000000 * 'a'",
    "[0] * 1000000000",
    "[[[0] * 900] * 900] * 900",
    "[results.big] * 1000",
    "results.text ~ results.text",
    "results.text + 'x'",
    "results.wide + 'é'",
    "results.text | replace('x', 'yy')",
    "results.text | replace('', 'yy')",
    "[results.text, results.text] | join",
    "results.wide | b64encode",
    "results.huge + 1",
    "results.huge ~ ''",
    "results.huge | json",
    "[results.huge] ~ ''",
    "results.json | from_json",
    "'1e999' | from_json",
    "1e308 * 10",
    "9 * 1e999",
    "9" * 4000 + " * 9",
    " * ".join(["9" * 300] * 10),
    "results.big | sort",
    "results.big | sort | sort",
    "results.words | sort",
    "results.rows | sort(attribute='a.b') | map('a.b') | sort | sort",
    "results.rows | json",
    "results.big | json",
    "results.big | join",
    "results.big | unique",
    "('zz' in results.words) == ('zzz' in results.words)",
    "results.text | upper | lower | upper | lower | upper | lower | upper | lower | upper | lower",
    "results.wide | upper | lower | upper | lower",
    "results.text | split('x')",
    "results.big == results.big and results.words == results.words",
    "(" * 60 + "1" + ")" * 60,
    "[" * 600 + "]" * 600,
    "not " * 600 + "true",
    "-" * 3000 + "1",
    "1 if true else " * 200 + "2",
    "1" + " + 1" * 1000,
    "(memory.list)" + "[memory.n]" * 300,
    "true" + " and true" * 500,
    "memory.n" + " | default(1)" * 250,
    "{'a': " * 400 + "1" + "}" * 400,
    "'" + "x" * 5000 + "'",
    "memory" + ".x" * 3000,
)
"""Expressions that ask for more than there is to be had; `benchmarks` measures how soon they are refused."""


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "memory.__class__.__mro__",
        "memory.text.__class__",
        "memory['__class__']",
        "memory.text['upper']",
        "memory.list.append(1)",
        "memory.text.format(1)",
        "memory.keys()",
        "memory.items",
        "memory.n.real",
        "memory.list | map('__class__')",
        "memory.list | map(attribute='__len__')",
        "[memory] | map('__class__.__init__.__globals__')",
        "self",
        "self.__init__",
        "namespace()",
        "cycler",
        "lipsum.__globals__",
        "joiner.__init__",
        "dict",
        "range(9)",
        "names",
        "meter.left",
        "context",
        "environment",
        "_names",
        "caller()",
        "loop.cycle(1)",
        "'a' | attr('__class__')",
        "'a' | format",
        "'a' | compare",
        "memory | xmlattr",
        "memory.text | replace(*memory.list)",
        "memory.n is callable",
        "memory.n is mapping",
        "'%d' % 5",
        "(1).real",
        "1 .real",
        "x := 1",
        "lambda: 1",
        "[x for x in memory.list]",
        "memory.list[0:1]",
        "2 ** 2",
        "__import__('os')",
        "memory.text if true",
        "{1: 2}",
        "{memory.text: 2}",
        "import os",
        "a;b",
    ],
)
def test_nothing_but_data_is_reached(expression: str) -> None:
    """Attributes, calls, globals, Jinja2's own names and filters: all refused or simply not there."""
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {expression} }}}}", NAMES)

    assert caught.value.code in {"E-UNDEFINED", "E-EXPRESSION", "E-FILTER", "E-TEMPLATE", "E-TYPE"}


def test_keys_that_look_like_attributes_are_data() -> None:
    """Data may have any key, `__typename` of GraphQL and `items` included."""
    names = {"results": {"__typename": "T", "items": [1], "keys": 2, "self": 3}}

    assert "T12 3" == render(
        "{{ results.__typename }}{{ results.items[0] }}{{ results.keys }} {{ results.self }}", names
    )


@pytest.mark.parametrize("expression", TOO_MUCH, ids=lambda text: text[:60])
def test_too_much_work_is_refused(expression: str) -> None:
    """Each is refused by its meter, long before it could hang an engine."""
    with pytest.raises(TemplateError) as caught:
        render(f"x{{{{ {expression} }}}}", NAMES)

    assert caught.value.code in {"E-TOO-LARGE", "E-TYPE"}


def test_rendered_text_has_a_limit() -> None:
    """1 MiB of UTF-8, to the byte."""
    assert len("é" * (1 << 19)) == len(str(render("{{ results.wide }}{{ '' }}", NAMES)))
    with pytest.raises(TemplateError) as caught:
        render("{{ results.wide }}.", NAMES)
    assert caught.value.code == "E-TOO-LARGE"


def test_value_of_a_path_has_none() -> None:
    """A hole that is only a path hands on what exists, however long."""
    value = "x" * (1 << 21)

    assert value == render("{{ results.long }}", {"results": {"long": value}})


def test_deep_values_are_refused() -> None:
    """Nesting that no recursion survives ends in an error of ours."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    names = {"results": {"deep": deep}}

    for text in (
        "{{ results.deep }}",
        "x{{ results.deep }}",
        "{{ results.deep | json }}",
        "{{ results.deep | unique }}",
    ):
        with pytest.raises(TemplateError) as caught:
            render(text, names)
        assert caught.value.code == "E-TOO-LARGE"
    with pytest.raises(TemplateError):
        evaluate("results.deep == [results.deep]", names)


def test_values_that_hold_code_stay_values() -> None:
    """A value can neither end its literal nor become part of an expression."""
    names = {"memory": {"evil": "' == '' or '1' == '1", "call": "}} {{ memory.evil }}"}}

    assert not evaluate("'{{ memory.evil }}' == ''", names).value
    assert not evaluate("{{ memory.evil }} == ''", names).value
    assert "}} {{ memory.evil }}" == render("{{ memory.call }}", names)


def test_what_check_passes_compiles() -> None:
    """The deepest expressions that the static check lets pass do run."""
    for text in ("true" + " and true" * 44, "1" + " + 1" * 88 + " == 89", "(" * 24 + "true" + ")" * 24):
        assert () == check(text, condition=True)
        assert evaluate(text, {}).value
