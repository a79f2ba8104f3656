"""Conditions: holes are values, comparing, truth, what is shown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.definition.templating import evaluate
from engine.errors import TemplateError

NAMES: Mapping[str, object] = {
    "memory": {
        "n": 2,
        "text": "2",
        "big": "10",
        "status": "prod",
        "code": "x' or 'a' == 'a",
        "flag": "False",
        "yes": True,
        "count": "       7",
        "many": [1, 2],
        "my-key": 3,
    },
    "results": {"fetch": {"status": 200, "body": {"a": [1, "x"]}}},
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{{memory.n}} < 3", True),
        ("{{ memory.n < 3 }}", True),
        ("memory.n < 3", True),
        ("{{memory.n}}<3 and {{ memory.n }} > 2", False),
        ("{{memory.gone | default(0)}} < 2", True),
        ("{{memory.gone}} is defined", False),
        ("{{memory.gone}} | default(7) == 7", True),
        ("'{{memory.status}}' == 'prod'", True),
        ('"{{memory.status}}-{{ memory.n }}" == "prod-2"', True),
        ("'{{memory.n}}' == '2.0'", True),
        ("'{{memory.code}}' == 'a'", False),
        ("{{memory.code}} == 'a'", False),
        ("{{ memory.my-key }} == 3", True),
        ("memory.n-1 == 1", True),
        ("{{ results.fetch }}.status == 200", True),
        ("(memory.n == 2)", True),
        ("true", True),
        ("'fAlSe'", False),
        ("{{ memory.flag }}", False),
        ("memory.yes", True),
        # comparing
        ("'1' <= 3", True),
        ("memory.text == 2", True),
        ("memory.big > '9'", True),
        ("'10' > '9'", False),
        ("'1.0' == '1'", False),
        ("memory.text == '2.0'", True),
        ("'1e3' == 1000", True),
        ("memory.count < 10", True),
        ("'1_0' == 10", False),
        ("'inf' == 'inf'", True),
        ("'abc' < 'b'", True),
        ("memory.status == 'prod'", True),
        ("memory.status != 5", True),
        ("memory.yes == 1", False),
        ("none == none", True),
        ("results.fetch.body == {'a': [1, 'x']}", True),
        ("results.fetch.body == {'a': ['1', 'x']}", False),
        ("1 < memory.n < 3", True),
        ("1 < memory.n < 2", False),
        ("3 > memory.n == '2'", True),
        ("200 in [404, '200']", True),
        ("memory.n not in [1, 3]", True),
        ("'ro' in memory.status", True),
        ("'status' in results.fetch", True),
        # truth
        ("not memory.flag", True),
        ("memory.flag or memory.yes", True),
        ("memory.many and memory.yes", True),
        ("memory.gone is defined and memory.gone.x == 1", False),
        ("not (memory.n == 2 and memory.yes)", False),
    ],
)
def test_condition_is_decided(condition: str, expected: bool) -> None:
    """Conditions mean this; a value can never become part of the expression."""
    assert expected == evaluate(condition, NAMES).value


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("memory.n", "E-NOT-BOOL"),
        ("memory.status", "E-NOT-BOOL"),
        ("memory.many", "E-NOT-BOOL"),
        ("none", "E-NOT-BOOL"),
        ("memory.yes and memory.n", "E-NOT-BOOL"),
        ("memory.gone == 1", "E-UNDEFINED"),
        ("not memory.gone", "E-UNDEFINED"),
        ("memory.gone in [1]", "E-UNDEFINED"),
        ("memory.status == prod", "E-UNDEFINED"),
        ("'{{ memory.gone }}' == ''", "E-UNDEFINED"),
        ("memory.status < 3", "E-TYPE"),
        ("none < 3", "E-TYPE"),
        ("memory.many < memory.many", "E-TYPE"),
        ("memory.yes < 3", "E-TYPE"),
        ("3 in 'a3'", "E-TYPE"),
        ("3 in 3", "E-TYPE"),
        ("", "E-TEMPLATE"),
        ("{{ }}", "E-TEMPLATE"),
        ("{{memory.n}}{{memory.n}} == 22", "E-TEMPLATE"),
        ("memory{{memory.n}} == 22", "E-TEMPLATE"),
        ("{{memory.n < 3", "E-TEMPLATE"),
        ("{% if x %}", "E-TEMPLATE"),
        ("memory.n < ", "E-TEMPLATE"),
        ("memory.n = 3", "E-TEMPLATE"),
        ("'open == 3", "E-TEMPLATE"),
    ],
)
def test_condition_fails(condition: str, code: str) -> None:
    """Whatever is no clear true or false is an error, never "false"."""
    with pytest.raises(TemplateError) as caught:
        evaluate(condition, NAMES)

    assert code == caught.value.code


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("memory.n < 3", "`memory.n < 3` was true, n = 2"),
        ("{{memory.n}}  >  {{ memory.text }}", "`memory.n > memory.text` was false, n = 2, text = '2'"),
        ("{{memory.gone | default(0)}} < 2", "`(memory.gone | default(0)) < 2` was true, gone is not defined"),
        ("{{ memory.yes }}", "`memory.yes` was true, yes = True"),
        (
            "results.fetch.body == memory.many",
            "`results.fetch.body == memory.many` was false, body is a map, many is a list",
        ),
        ("secrets.key == 'x'", "`secrets.key == 'x'` was true"),
    ],
)
def test_verdict_shows_what_decided(condition: str, shown: str) -> None:
    """A reason names the values that a condition looked at, and no secret."""
    assert shown == evaluate(condition, {**NAMES, "secrets": {"key": "x"}}).shown


def test_verdict_is_short() -> None:
    """A long condition over long values still makes a sentence of at most 200 characters."""
    names = {"memory": {f"key{number}": "x" * 1000 for number in range(20)}}
    verdict = evaluate(" and ".join(f"memory.key{number} != 'y'" for number in range(20)), names)

    assert verdict.value
    assert len(verdict.shown) <= 200


@pytest.mark.parametrize("value", [True, False])
def test_boolean_stands_for_itself(value: bool) -> None:
    """A condition may be written as a boolean of YAML."""
    assert value is evaluate(value, {}).value
