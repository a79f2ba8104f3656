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
            params[name] = parse_value(value)
        elif name in plan.variables:
            variables[name] = parse_value(value)
        else:
            raise click.UsageError(f"the workflow has neither a param nor a variable {name!r}{_near(plan, name)}")
    return params, variables


def _near(plan: Plan, name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*plan.params, *plan.variables], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
