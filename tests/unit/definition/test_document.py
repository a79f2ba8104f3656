"""YAML text -> Document: data, places, and never anything but data or problems."""

import gc
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definition.document import Document, Limits, Refused, parse
from engine.definition.loading import Loaded, load_text
from engine.definition.report import Place, Report

_MARKUP: Final = "abcé😀 \n\t:-[]{},&*!|>'\"%@`#?<~\\/0123.\r\x00\x85\u2028"


def _parse(text: str) -> Document:
    return parse(text, Report("flow.yaml"), Limits())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("=", "="),
        ("0x", "0x"),
        ("-", None),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, expected: object) -> None:
    """A plain scalar is what YAML 1.2 says, a quoted one always text."""
    value = _parse(f"a: {text}\n").data["a"] if text != "-" else None

    assert expected == value
    assert type(expected) is type(value)


def test_keys_are_text_as_they_are_written() -> None:
    """Numbers, booleans and null stay their own spelling when they are keys."""
    assert ["404", "true", "null", "1.10", "on"] == list(_parse("{404: a, true: b, null: c, 1.10: d, on: e}").data)


def test_json_is_read_the_same_way() -> None:
    """Tabs, escapes and surrogate pairs of JSON are understood."""
    loaded = load_text(b'{\n\t"name": "\\ud83d\\ude00 \\/ \\\\ud83d",\n\t"tasks": {"a": {"run": "x"}}\n}', "flow.json")

    assert "😀 / \\ud83d" == loaded.require().name


def test_merge_keys_fill_what_is_missing() -> None:
    """`<<` takes keys from one map or several; the map's own keys win, then the earlier map."""
    data = _parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd:\n  <<: *b\n  z: 5\n").data

    assert {"x": 0, "y": 2, "z": 4} == data["c"]
    assert {"y": 3, "z": 5} == data["d"]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: {b: [x, yy]}", ("a", "b", 1), Place(1, 12, 14)),
        ("a:\n  b: 'quoted'\n", ("a", "b"), Place(2, 6, 14)),
        ("é: 😀\nb: x\n", ("é",), Place(1, 4, 5)),
        ("a: &anchor text\n", ("a",), Place(1, 12, 16)),
        ("a:\n  - b\n  - c: 1 # why\n", ("a", 1), Place(3, 5, 9)),
        ("a: [x, y] # why\n", ("a",), Place(1, 4, 10)),
        ("a:\n  b: 1\n", ("a",), Place(2, 3, 7)),
    ],
)
def test_values_have_their_exact_place(text: str, path: tuple[str | int, ...], expected: Place) -> None:
    """Lines and columns count characters from 1; a value that goes on is marked on its first line."""
    document = _parse(text)

    assert expected == document.place(document.spot.find(*path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: see {{x}} here", Place(1, 8, 13)),
        ("a: 'it''s {{x}} here'", Place(1, 11, 16)),
        ('a: "\\u00e9 {{x}}"', Place(1, 12, 17)),
        ("a: |\n  one\n  two {{x}}\n", Place(3, 7, 12)),
        ("a: >\n  one\n\n  two {{x}}\n", Place(4, 7, 12)),
        ("a: one\n  two {{x}} three\n", Place(2, 7, 12)),
        ('a: "one \\\n  two {{x}}"\n', Place(2, 7, 12)),
    ],
    ids=["plain", "single quotes", "double quotes", "literal", "folded", "plain, two lines", "escaped line end"],
)
def test_a_piece_of_a_text_is_found_in_every_style(text: str, expected: Place) -> None:
    """A hole is marked where it stands in the file, whatever escapes and folds come before it."""
    document = _parse(text)
    spot = document.spot.find("a")
    value = str(document.data["a"])

    assert expected == document.place(spot, value.index("{{x}}"), 5)


def test_the_second_of_two_equal_pieces_is_told_apart() -> None:
    """Equal holes are counted, not mixed up."""
    document = _parse("a: '{{x}} and {{x}}'")

    assert Place(1, 15, 20) == document.place(document.spot.find("a"), 10, 5)


def test_the_collector_is_as_it_was_after_an_error() -> None:
    """The garbage collector is off only while a file is compiled."""
    load_text(b"a: [")

    assert gc.isenabled()


def test_a_syntax_error_stops_reading() -> None:
    """What is no YAML is refused with one problem."""
    report = Report("flow.yaml")
    with pytest.raises(Refused):
        parse("a: [1,\nb: 2", report, Limits())

    assert [("E-YAML", 1, 4)] == [(p.code, p.line, p.column) for p in report.problems]


def _is_sound(loaded: Loaded) -> bool:
    """Whether a load kept its word: a plan or an error, and places that exist."""
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    places = all(p.line >= 1 and 1 <= p.column <= p.end_column for p in loaded.problems)
    return places and (loaded.plan is None) == bool(errors)


@given(st.text(alphabet=_MARKUP, max_size=200))
def test_any_text_gives_problems_or_a_plan(text: str) -> None:
    """Random markup never raises."""
    assert _is_sound(load_text(text.encode("utf-8", "surrogatepass")))


@given(st.binary(max_size=200))
def test_any_bytes_give_problems_or_a_plan(source: bytes) -> None:
    """Random bytes never raise."""
    assert _is_sound(load_text(source))
