"""`-p key=value`: a declared param, else an existing variable, else a mistake of the caller."""

from __future__ import annotations

from collections.abc import Sequence

import click

from engine import JsonValue, Plan, parse_value


def split_assignments(plan: Plan, texts: Sequence[str]) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """Give (params, variables); of one name the last wins. Values are read as YAML."""
    params: dict[str, JsonValue] = {}
    variables: dict[str, JsonValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes key=value, not {text!r}")
        if name in plan.params:
            params[name] = _param(plan, name, value)
        elif name in plan.variables:
            variables[name] = parse_value(value)
        else:
            raise click.UsageError(f"the workflow has neither a param nor a variable {name!r}{_near(plan, name)}")
    return params, variables


def secret_params(texts: Sequence[str]) -> dict[str, JsonValue]:
    """Give the params for a resume, which takes secret ones only: as the text they are."""
    given: dict[str, JsonValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError("-p takes key=value")
        given[name] = value
    return given


def _param(plan: Plan, name: str, value: str) -> JsonValue:
    """Read a value; a secret is the text it is, for a message about YAML would repeat it."""
    spec = plan.params[name]
    return value if spec.secret and spec.type in ("any", "str") else parse_value(value)


def _near(plan: Plan, name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*plan.params, *plan.variables], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
