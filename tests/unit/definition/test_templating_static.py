"""What is found in texts before anything runs."""

from __future__ import annotations

import pytest

from engine.definition.static_analysis import check, references


@pytest.mark.parametrize(
    ("text", "condition", "expected"),
    [
        ("no holes", False, []),
        ("{{ results.a | upper }} {{ memory.x }}", False, []),
        ("memory.n < 3 and results.a | length > 2", True, []),
        ("a {{ b", False, [("E-TEMPLATE", "'{{' is never closed by '}}'", 2, 2, None)]),
        ("a {{ 'b }} c", False, [("E-TEMPLATE", "'{{' is never closed by '}}'", 2, 2, None)]),
        ("{{}}", False, [("E-TEMPLATE", "the expression is empty", 2, 0, None)]),
        ("x {{ a b }}", False, [("E-TEMPLATE", "unexpected 'b'", 7, 1, None)]),
        ("{{ a ! }}", False, [("E-TEMPLATE", "unexpected char '!'", 5, 1, None)]),
        ("{{ a | uper }}", False, [("E-FILTER", "there is no filter 'uper'", 7, 4, "did you mean `upper`?")]),
        (
            "{{ a | upper(1) }}",
            False,
            [("E-FILTER", "the filter 'upper' cannot take this: too many positional arguments", 7, 5, None)],
        ),
        (
            "{{ range(3) }}",
            False,
            [("E-EXPRESSION", "calls are not part of the language; filters are: `value | upper`", 8, 1, None)],
        ),
        ("a ** 2 == 4", True, [("E-EXPRESSION", "`**` is not part of the language", 0, 1, None)]),
        ("a is none", True, [("E-EXPRESSION", "the only test is `is defined`", 2, 2, None)]),
        ("{{ a[1:2] }}", False, [("E-EXPRESSION", "slices are not part of the language", 4, 1, None)]),
        ("{{ ''.upper }}", False, [("E-EXPRESSION", "a literal has no attribute 'upper'", 5, 1, None)]),
        (
            "{{ 1 if a }}",
            False,
            [("E-EXPRESSION", "an `if` without `else` has no value when it is false", 3, 1, None)],
        ),
        (
            "{{ x() }} {{ y | nope }}",
            False,
            [
                ("E-EXPRESSION", "calls are not part of the language; filters are: `value | upper`", 4, 1, None),
                ("E-FILTER", "there is no filter 'nope'", 17, 4, None),
            ],
        ),
        (
            "{{ a | frist }} == 1 and {{ b | lats }} == 2",
            True,
            [
                ("E-FILTER", "there is no filter 'frist'", 7, 5, "did you mean `first`?"),
                ("E-FILTER", "there is no filter 'lats'", 32, 4, "did you mean `last`?"),
            ],
        ),
        (
            f"{{{{ a + {'1' * 4096} }}}}",
            False,
            [("E-TOO-LARGE", "the expression is longer than 4096 bytes", 2, 4102, None)],
        ),
        ("(" * 60 + "1" + ")" * 60, True, [("E-TOO-LARGE", "the expression is nested too deeply", 24, 1, None)]),
    ],
)
def test_issues(text: str, condition: bool, expected: list[tuple[str, str, int, int, str | None]]) -> None:
    """Every fault is found at its place, with a fix where one is known."""
    issues = check(text, condition=condition)

    assert expected == [(issue.code, issue.message, issue.offset, issue.length, issue.fix) for issue in issues]


@pytest.mark.parametrize(
    ("text", "condition", "expected"),
    [
        ("plain", False, []),
        ("prod", True, [(("prod",), "prod", False)]),
        ("a {{ results.my-key }}", False, [(("results", "my-key"), "results.my-key", False)]),
        ("{{ a.b.0.c }}", False, [(("a", "b", "0", "c"), "a.b.0.c", False)]),
        ('{{ a[-1]["c d"] | upper }}', False, [(("a", -1, "c d"), 'a[-1]["c d"]', False)]),
        ("{{ a[b.c].d }}", False, [(("a",), "a", False), (("b", "c"), "b.c", False)]),
        ("{{ a.b | default(c) }}", False, [(("a", "b"), "a.b", True), (("c",), "c", False)]),
        ("{{ a.b | upper | default(1) }}", False, [(("a", "b"), "a.b", False)]),
        ("{{ (a.b)[c].d | default(1) }}", False, [(("a", "b"), "a.b", True), (("c",), "c", False)]),
        ("{{x.y}} | default(0) > 1", True, [(("x", "y"), "x.y", True)]),
        (
            "a.b is defined and a.b.c == d",
            True,
            [(("a", "b"), "a.b", True), (("a", "b", "c"), "a.b.c", True), (("d",), "d", False)],
        ),
        ("'{{ a }}-{{ b }}' == c", True, [(("a",), "a", False), (("b",), "b", False), (("c",), "c", False)]),
        ("b if a else c", True, [(("b",), "b", False), (("a",), "a", False), (("c",), "c", False)]),
        ("true and none == 'x'", True, []),
    ],
)
def test_references(text: str, condition: bool, expected: list[tuple[tuple[str | int, ...], str, bool]]) -> None:
    """Every path that is read is found at its place, and whether its absence is handled."""
    found = [
        (one.path, text[one.offset : one.offset + one.length], one.guarded)
        for one in references(text, condition=condition)
    ]

    assert expected == found


def test_minus_may_be_part_of_a_name_or_not() -> None:
    """A path with a minus tells what else it could mean."""
    (reference,) = references("n = {{ memory.n-1 }}", condition=False)

    assert (("memory", "n-1"), 7, 10) == (reference.path, reference.offset, reference.length)
    assert [(("memory", "n"), 7, 8)] == [(one.path, one.offset, one.length) for one in reference.otherwise]
