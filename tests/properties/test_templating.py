"""Templates under arbitrary texts and values."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definition.static_analysis import check, references
from engine.definition.templating import evaluate, render
from engine.errors import TemplateError
from engine.keys import JsonValue

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    [
        *("memory", "results", "memory.n", "results.a.b", "memory.n-1", "self", "item", "__class__", "names"),
        *("1", "2.5", "'x'", '"10"', "'{{ memory.n }}'", "true", "none", "[", "]", "(", ")", "{", "}", "{{", "}}"),
        *("+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", "in", "not", "and", "or", "is", "if"),
        *("else", "defined", "|", "default", "length", "json", "from_json", "int", "sort", "map", "first", "join"),
        *("split", "replace", "round", "sum", "unique", "select", "quote", "trim", ".", ",", ":", "=", "[0]", ".a"),
    ]
)
EXPRESSIONS = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=30)
TEXTS = st.lists(EXPRESSIONS.map(lambda inner: f"{{{{ {inner} }}}}") | st.text(max_size=10), max_size=4).map("".join)
NAMES = st.fixed_dictionaries({"memory": VALUES, "results": VALUES, "item": VALUES})


def code_of(text: str, names: dict[str, object], *, condition: bool) -> str | None:
    """Return the code of the TemplateError that a text ends with; None where it has a value."""
    try:
        if condition:
            verdict = evaluate(text, names)
            assert isinstance(verdict.value, bool)
            assert len(verdict.shown) <= 200
        else:
            render(text, names)
    except TemplateError as error:
        return error.code
    return None


@given(text=TEXTS | EXPRESSIONS, condition=st.booleans(), names=NAMES)
def test_template_errors_are_all_that_is_raised(text: str, condition: bool, names: dict[str, object]) -> None:
    """Whatever stands in a text, a condition and the values: an outcome or a TemplateError with a code."""
    assert (code_of(text, names, condition=condition) or "E-").startswith("E-")


@given(text=TEXTS | EXPRESSIONS, condition=st.booleans())
def test_static_analysis_never_raises(text: str, condition: bool) -> None:
    """Any text can be checked; every place lies inside it."""
    issues = check(text, condition=condition)
    found = references(text, condition=condition)

    assert all(0 <= one.offset <= one.offset + one.length <= len(text) for one in issues)
    assert all(0 <= one.offset < one.offset + one.length <= len(text) for one in found)


@given(text=TEXTS | EXPRESSIONS, condition=st.booleans(), names=NAMES)
def test_checked_texts_fail_by_their_values_only(text: str, condition: bool, names: dict[str, object]) -> None:
    """What `check` passes raises no error of syntax; what it refuses never runs."""
    refused = bool(check(text, condition=condition))
    code = code_of(text, names, condition=condition)

    assert code is not None if refused else code not in {"E-TEMPLATE", "E-FILTER"}


@given(value=VALUES)
def test_values_are_never_rendered(value: JsonValue) -> None:
    """What a hole gives is data, braces and all, and it is given as it is."""
    assert value == render("{{ memory.value }}", {"memory": {"value": value}})


@given(
    before=st.text(alphabet=string.ascii_letters + " %#}'\"\r\n", max_size=10),
    value=st.text(max_size=20).map(lambda text: f"{{{{ {text} }}}}"),
    after=st.text(alphabet=string.ascii_letters + " %#{'\"\r\n", max_size=10).map(lambda text: text.replace("{{", "")),
)
def test_text_around_holes_is_kept(before: str, value: str, after: str) -> None:
    """Text around a hole and braces inside a value stay to the letter."""
    assert f"{before} {value} {after}" == render(
        f"{before} {{{{ memory.value }}}} {after}", {"memory": {"value": value}}
    )


@given(left=SCALARS, right=SCALARS)
def test_three_ways_to_write_a_condition_agree(left: JsonValue, right: JsonValue) -> None:
    """Holes around operands, around the whole, or none: the same outcome for any values."""
    names: dict[str, object] = {"memory": {"a": left, "b": right}}
    for operator in ("==", "!=", "<", ">="):
        outcomes = {
            code_of(text % operator, names, condition=True) or evaluate(text % operator, names).value
            for text in ("{{memory.a}} %s {{ memory.b }}", "{{ memory.a %s memory.b }}", "memory.a %s memory.b")
        }
        assert len(outcomes) == 1


@given(left=st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e9, max_value=1e9))
def test_numbers_and_their_texts_compare_alike(left: object) -> None:
    """A number equals the text that it reads as."""
    names = {"memory": {"text": str(left), "number": left if isinstance(left, int) else float(str(left))}}

    assert evaluate("memory.text == memory.number and memory.text <= memory.number", names).value


@given(name=st.text(min_size=1, max_size=10), names=NAMES)
def test_no_attribute_is_reached(name: str, names: dict[str, object]) -> None:
    """A step that is no key and no index leads nowhere, even to attributes that exist."""
    for attribute in (name, "__class__", "keys", "upper", "real", "append"):
        if isinstance(names["memory"], dict) and attribute in names["memory"]:
            continue
        if attribute.lstrip("-").isdigit():
            continue
        with pytest.raises(TemplateError):
            render("{{ memory[item] }}", {**names, "item": attribute})
