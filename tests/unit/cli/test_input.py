"""What people type becomes values and instances, or one clear sentence."""

from __future__ import annotations

import click
import pytest

from engine import (
    JsonValue,
    Plan,
    ScopePath,
    TaskId,
    TaskKey,
    TaskRecord,
    TaskStatus,
    UsageError,
    load_text,
    parse_value,
)
from highway_tui.assignments import split_assignments
from highway_tui.references import tasks_under


def _plan() -> Plan:
    return load_text(
        b"params: {size: 1, both: {type: str}}\nvariables: {colour: red}\ntasks: {a: {run: 'true'}}\n"
    ).require()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("on", "on"),
        ("true", True),
        ("", None),
        ("~", None),
        ("'3'", "3"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("a=b", "a=b"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1:80/x"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_values_are_those_of_a_file(text: str, value: JsonValue) -> None:
    """A value is what the same text would be in a workflow file."""
    assert (type(value), value) == (type(parse_value(text)), parse_value(text))


@pytest.mark.parametrize("text", ["[1", "a: b", "x\nother: 1", "!!python/none x", "{a: 1, a: 2}", "'open"])
def test_what_is_no_value_is_refused(text: str) -> None:
    """Broken YAML, tags, doubled keys and a second key are no value."""
    with pytest.raises(UsageError, match="E-VALUE"):
        parse_value(text)


def test_params_come_before_variables() -> None:
    """A declared param is set, else a variable; the last of one name wins."""
    given = ["size=2", "colour=blue", "size=3", "both='x=y'"]

    assert ({"size": 3, "both": "x=y"}, {"colour": "blue"}) == split_assignments(_plan(), given)


@pytest.mark.parametrize("text", ["siez=1", "a=1", "size", "=1"])
def test_an_unknown_name_is_a_mistake(text: str) -> None:
    """Neither param nor variable, or no assignment at all."""
    with pytest.raises(click.UsageError):
        split_assignments(_plan(), [text])


def _task(scope: str, name: str) -> TaskRecord:
    return TaskRecord(key=TaskKey(ScopePath(scope), TaskId(name)), operator="task", status=TaskStatus.SUCCEEDED)


def test_an_address_names_what_is_inside_it() -> None:
    """A loop's iterations and a nested workflow's tasks belong to it; a longer name that begins alike does not."""
    tasks = [_task("", "wf"), _task("", "wf2"), _task("wf", "a"), _task("wf/loop[3]", "b"), _task("wf2", "a")]

    assert ["wf", "wf/a", "wf/loop[3]/b"] == [task.key.address for task in tasks_under(tasks, "wf")]
    assert ["wf/a"] == [task.key.address for task in tasks_under(tasks, "wf/a")]
    assert tasks == tasks_under(tasks, "")


def test_an_unknown_address_names_the_nearest() -> None:
    """A slip of the finger is answered with what was probably meant."""
    with pytest.raises(UsageError, match=r"no task 'lop\[0\]/a'; did you mean 'loop\[0\]/a'"):
        tasks_under([_task("loop[0]", "a")], "lop[0]/a")
