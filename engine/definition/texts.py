"""Which texts of a file are rendered or decided, and where they stand. Everything else is never looked into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .canonical import BAD
from .models import HttpTask, Switch, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..keys import JsonValue
    from .context import Context
    from .document import Spot
    from .items import Item
    from .scopes import Scope

_CONDITIONS: Final = ("when", "condition")
_TEMPLATES: Final = (
    "args", "kwargs", "run", "stdin", "cwd", "env",
    "image", "command", "entrypoint", "volumes", "network", "user", "memory", "cpus",
    "url", "method", "headers", "params", "json", "body", "idempotency_key",
    "items", "wait_for", "switch_on", "event_name", "payload", "prompt",
)  # fmt: skip
"""Keys whose values are rendered, lists and maps inside included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """One text with a hole, or one condition."""

    text: str
    spot: Spot
    scope: Scope
    position: int | None
    """The task that renders it, by its place in the scope; None for texts of the workflow itself."""
    key: str
    """The task's key under which it stands."""
    is_condition: bool


def texts_of(context: Context) -> Iterator[TemplateText]:
    """Yield every text to check, in no order that matters."""
    root = context.root
    spot = context.source.document.spot.find("env")
    for text, at in strings(dict(context.source.workflow.env), spot):
        if "{{" in text:
            yield TemplateText(text=text, spot=at, scope=root, position=None, key="env", is_condition=False)
    for scope in root.walk():
        for position, item in enumerate(scope.items):
            if isinstance(item.operator, Task) and not item.operator.template:
                yield from _conditions(scope, position, item)
                continue
            yield from _conditions(scope, position, item)
            yield from _templates(scope, position, item)


def _conditions(scope: Scope, position: int, item: Item) -> Iterator[TemplateText]:
    for key in _CONDITIONS:
        text = getattr(item.operator, key, None)
        if isinstance(text, str) and text != BAD:
            spot = item.spot.find(key)
            yield TemplateText(text=text, spot=spot, scope=scope, position=position, key=key, is_condition=True)
    switch_on = item.raw.get("switch_on")
    if isinstance(item.operator, Switch) and isinstance(switch_on, str) and "{{" not in switch_on:
        spot = item.spot.find("switch_on")
        yield TemplateText(
            text=switch_on, spot=spot, scope=scope, position=position, key="switch_on", is_condition=True
        )
    wait = item.raw.get("wait_for")
    if isinstance(wait, dict) and isinstance(until := wait.get("until"), str):
        spot = item.spot.find("wait_for", "until")
        yield TemplateText(text=until, spot=spot, scope=scope, position=position, key="wait_for", is_condition=True)


def _templates(scope: Scope, position: int, item: Item) -> Iterator[TemplateText]:
    fields = type(item.operator).model_fields
    for key in _TEMPLATES:
        value = item.raw.get(key)
        if value is None or (key not in fields and f"{key}_" not in fields):
            continue
        if key == "idempotency_key" and not isinstance(item.operator, HttpTask):
            continue  # has no effect there
        for text, spot in strings(value, item.spot.find(key)):
            if "{{" in text and not (isinstance(value, dict) and key == "wait_for" and text == value.get("until")):
                yield TemplateText(text=text, spot=spot, scope=scope, position=position, key=key, is_condition=False)


def strings(value: JsonValue | Mapping[str, JsonValue], spot: Spot) -> Iterator[tuple[str, Spot]]:
    """Yield every text inside a value, keys of maps not, each with its spot."""
    waiting: list[tuple[object, Spot]] = [(value, spot)]
    while waiting:
        inner, at = waiting.pop()
        if isinstance(inner, str):
            yield inner, at
        elif isinstance(inner, dict):
            waiting += [(part, at.find(key)) for key, part in inner.items()]
        elif isinstance(inner, list):
            waiting += [(part, at.find(position)) for position, part in enumerate(inner)]
