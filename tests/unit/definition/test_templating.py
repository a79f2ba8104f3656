"""Rendering: holes, paths, types, filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from engine.definition.templating import has_hole, render
from engine.errors import TemplateError
from engine.keys import JsonValue


class Lazy(Mapping[str, object]):
    """A mapping that is no dict, as the engine gives for results."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> object:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


NAMES: Mapping[str, object] = {
    "memory": {"n": 5, "order_status": "paid", "hole": "{{ memory.n }}", "flag": True, "none": None, "dec": "2.50"},
    "results": Lazy(
        {
            "todo": {"status": 200, "data": {"title": "läuft", "tags": ["a", "b"]}},
            "my-key": "dashed",
            "rows": [{"name": "x", "n": 3, "on": True}, {"name": "y", "n": "10", "on": False}],
            "nested": Lazy({"deep": Lazy({"list": [1, 2]})}),
            "3rd": "third",
        }
    ),
    "variables": {"base": 100, "list": [3, 1, 2], "odd key": 1, "0": "zero", "a-b": 7, "names": ["b", "a", "b"]},
    "item": {"id": 7},
    "index": 0,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain {% if %} {# no #} ${#x} {single}", "plain {% if %} {# no #} ${#x} {single}"),
        ("{{ memory.n }}", 5),
        ("{{memory.n}}", 5),
        ("{{ memory.none }}", None),
        ("{{ memory.flag }}", True),
        ("{{ results.todo.data.tags }}", ["a", "b"]),
        ("{{ results.todo.data.tags.1 }}", "b"),
        ("{{ results.todo.data.tags[0] }}", "a"),
        ("{{ results.todo.data.tags[-1] }}", "b"),
        ('{{ results["todo"]["data"].title }}', "läuft"),
        ('{{ variables["odd key"] }}', 1),
        ("{{ variables.0 }}", "zero"),
        ("{{ results.my-key }}", "dashed"),
        ("{{ results.3rd }}", "third"),
        ("{{ item.id }}", 7),
        ("{{ results.nested }}", {"deep": {"list": [1, 2]}}),
        ("{{ memory.hole }}", "{{ memory.n }}"),
        (" {{ memory.n }}", " 5"),
        ("{{ memory.n }}\r\n", "5\r\n"),
        ("n={{ memory.n }}, {{ memory.none }}, {{ memory.flag }}", "n=5, None, True"),
        ("{{ item }}!", "{'id': 7}!"),
        ("{{ results.nested }}!", "{'deep': {'list': [1, 2]}}!"),
        ("{{ item | json }}!", '{"id": 7}!'),
        ("{{ memory.hole }}{{ memory.n }}", "{{ memory.n }}5"),
        ("{{ '{{' }}", "{{"),
        ("{{ '{{' }} x {{ '}}' }}", "{{ x }}"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("}} {{ memory.n }} {", "}} 5 {"),
    ],
)
def test_text_is_rendered(text: str, expected: JsonValue) -> None:
    """Only `{{ }}` is syntax; one hole keeps its type; other text is kept to the letter; values are never templates."""
    assert expected == render(text, NAMES)


def test_one_hole_keeps_the_type_of_a_number_text() -> None:
    """A text that looks like a number stays a text."""
    value = render("{{ memory.dec }}", NAMES)

    assert value == "2.50"
    assert isinstance(value, str)


def test_structures_are_rendered_and_keys_are_not() -> None:
    """Texts anywhere in lists and maps are rendered; keys stay."""
    expected = {"{{ index }}": [5, {"a": "i0"}], "n": 1, "x": None}

    assert expected == render({"{{ index }}": ["{{ memory.n }}", {"a": "i{{ index }}"}], "n": 1, "x": None}, NAMES)


def test_rendered_data_is_a_copy() -> None:
    """Changing what was rendered changes nothing in the names."""
    names = {"variables": {"list": [1]}}
    value = render("{{ variables.list }}", names)
    assert isinstance(value, list)

    value.append(2)

    assert names == {"variables": {"list": [1]}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("memory.n + 1", 6),
        ("memory.n-1", 4),
        ("variables.a-b", 7),
        ("variables.base-memory.n", 95),
        ("7 // 2 + 7 % 2 - 3 * 2", -2),
        ("7 / 2", 3.5),
        ("-memory.n", -5),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("'ab' * 3", "ababab"),
        ("memory.n ~ '/' ~ none", "5/None"),
        ("'yes' if memory.n > 3 else 'no'", "yes"),
        ("memory.nope | default('x')", "x"),
        ("memory.nope.further[0].still | default(1)", 1),
        ("nope.further | default(memory.n)", 5),
        ("'' | default('x', true)", "x"),
        ("memory.nope is defined", False),
        ("memory.nope.x is not defined", True),
        ("memory.none is defined", True),
        ("memory.nope or 1", "E-UNDEFINED"),
        ("'abc' | length", 3),
        ("results | length", 5),
        ("'{\"a\": [1]}' | from_json", {"a": [1]}),
        ("' 12 ' | int", 12),
        ("'3.9' | int", 3),
        ("'x' | int(default=0)", 0),
        ("'x' | int", "E-TYPE"),
        ("'1.5' | float", 1.5),
        ("'TRUE' | bool", True),
        ("'off' | bool", False),
        ("'perhaps' | bool", "E-TYPE"),
        ("' a ' | trim | upper", "A"),
        ("'aXbXc' | split('X')", ["a", "b", "c"]),
        ("'a b  c' | split", ["a", "b", "c"]),
        ("variables.list | join('-')", "3-1-2"),
        ("'aaa' | replace('a', 'b', 2)", "bba"),
        ("2.567 | round(2)", 2.57),
        ("variables.list | sum", 6),
        ("results.rows | sum(attribute='n')", 13),
        ("variables.list | min", 1),
        ("results.rows | map('n') | max", "10"),
        ("variables.list | sort", [1, 2, 3]),
        ("variables.list | sort(reverse=true)", [3, 2, 1]),
        ("results.rows | sort(attribute='n', reverse=true) | map(attribute='name')", ["y", "x"]),
        ("variables.names | unique", ["b", "a"]),
        ("[1, true, 1.0, '1'] | unique", [1, True, "1"]),
        ("item | keys", ["id"]),
        ("item | values", [7]),
        ("variables.list | first", 3),
        ("variables.list | last", 2),
        ("[] | first | default('none')", "none"),
        ("[] | first", "E-UNDEFINED"),
        ("[] | max", "E-UNDEFINED"),
        ("results.rows | select('on') | map('name')", ["x"]),
        ("results.rows | map('nope')", "E-UNDEFINED"),
        ('"it\'s" | quote', "'it'\"'\"'s'"),
        ("'/a/b.txt' | basename", "b.txt"),
        ("'ä' | b64encode", "w6Q="),
        ("memory.dec + 1", "E-TYPE"),
        ("true + 1", "E-TYPE"),
        ("'%s' % 1", "E-TYPE"),
        ("1 / 0", "E-EXPRESSION"),
        ("[1, 'a'] | sort", "E-TYPE"),
    ],
)
def test_expression_has_value(expression: str, expected: JsonValue) -> None:
    """Operators and filters give these values, or fail with this code."""
    if isinstance(expected, str) and expected.startswith("E-"):
        with pytest.raises(TemplateError) as caught:
            render(f"{{{{ {expression} }}}}", NAMES)
        assert expected == caught.value.code
    else:
        value = render(f"{{{{ {expression} }}}}", NAMES)
        assert (expected, type(expected)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ memory.ordr_status }}", "memory.ordr_status is not defined; did you mean memory.order_status?"),
        ("a {{ memori.n }}", "memori is not defined; did you mean memory?"),
        (
            "{{ results.todo.data.titel.x }}",
            "results.todo.data.titel is not defined; did you mean results.todo.data.title?",
        ),
        ("{{ results.todo.status.code | upper }}", "results.todo.status.code is not defined"),
        ("{{ variables.list[9] + 1 }}", "variables.list.9 is not defined"),
        ("{{ results.my-kez }}", "results.my-kez is not defined; did you mean results.my-key?"),
        ("{{ memory.upper }}", "memory.upper is not defined"),
    ],
)
def test_undefined_names_the_path_and_the_nearest(text: str, message: str) -> None:
    """Absence is an error that names the first step that leads nowhere and what is near it."""
    with pytest.raises(TemplateError) as caught:
        render(text, NAMES)

    assert ("E-UNDEFINED", message) == (caught.value.code, caught.value.message)


@pytest.mark.parametrize(("text", "expected"), [("a", False), ("{a}", False), ("{{ a }}", True), ("{{", True)])
def test_hole_is_seen(text: str, expected: bool) -> None:
    """Any `{{` makes a text a template."""
    assert expected == has_hole(text)


def test_errors_of_names_pass() -> None:
    """What the names raise of the engine's own errors is not turned into a template's fault."""

    class Broken(Lazy):
        def __getitem__(self, key: str) -> object:
            raise TemplateError("E-ELSEWHERE", "the store is gone")

    with pytest.raises(TemplateError, match="the store is gone"):
        render("{{ results.x }} {{ results.y | default(1) }}", {"results": Broken({})})
