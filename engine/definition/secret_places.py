"""Secrets and secret params: where they come from, and that they stand only where they stay secret.

A secret may be named in `env`, in headers, in `stdin`, and in the secret params of a nested workflow; alone in its
hole, because what a filter makes of it could not be taken out of logs. Everywhere else it would be stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .holes import Hole, UnclosedHole, split
from .models import Nested, PythonTask
from .paths import parse_path
from .reading import ID
from .static_analysis import references
from .texts import strings, texts_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from .context import Context
    from .findings import Reference
    from .texts import TemplateText

_PLACES: Final = frozenset({"env", "headers", "stdin"})
_SAYS: Final = "secrets may stand only in `env`, headers and `stdin`"


def check_secrets(context: Context) -> None:
    """Report secrets without a source, and those that stand where they would be stored."""
    _check_sources(context)
    _check_params(context)
    params = frozenset(name for name, param in context.source.params.items() if param.secret)
    for text in texts_of(context):
        if "secrets" in text.text or any(name in text.text for name in params):
            _check_text(context, text, params)


def _check_sources(context: Context) -> None:
    spot = context.source.document.spot
    for name, secret in context.source.workflow.secrets.items():
        if not ID.match(name):
            context.add("E-ID", f"`{name}` cannot be the name of a secret", spot.key("secrets", name))
        if secret.key is None and secret.from_ in ("file", "command"):
            message = f"the secret `{name}` does not say which {secret.from_}"
            context.add("E-MISSING", message, spot.key("secrets", name), "add `key:`")


def _check_params(context: Context) -> None:
    spot = context.source.document.spot
    for name, param in context.source.params.items():
        for key, value in (("default", param.default), ("enum", param.enum or None)):
            if param.secret and value is not None:
                message = f"the `{key}` of a secret param would stand in the file for all to read"
                context.add("E-SECRET-PLACE", message, spot.key("params", name, key), "remove it")


def _check_text(context: Context, text: TemplateText, params: Collection[str]) -> None:
    found = [one for one in references(text.text, condition=text.is_condition) if _is_secret(one, params)]
    if not found:
        return
    alone = _lonely_offsets(text)
    permitted = _is_permitted(context, text)
    for one in found:
        place = context.source.place(text.spot, one.offset, one.length)
        if not permitted:
            context.report.add("E-SECRET-PLACE", f"{_SAYS}: this would be stored", place, "pass it in `env`")
        elif len(one.path) == 1 and one.path[0] == "secrets":
            context.report.add("E-SECRET-PLACE", "`secrets` is no value", place, "name one of them")
        elif one.offset not in alone:
            name = ".".join(str(step) for step in one.path)
            message = f"the secret `{name}` must stand alone in its hole: what it becomes could not be kept out of logs"
            context.report.add("E-SECRET-PLACE", message, place, f"write `{{{{ {name} }}}}`; text may stand around it")


def _is_secret(reference: Reference, params: Collection[str]) -> bool:
    root, *rest = (str(step) for step in reference.path)
    named = root == "secrets" or root in params or (root == "params" and bool(rest) and rest[0] in params)
    return named or any(_is_secret(other, params) for other in reference.otherwise)


def _lonely_offsets(text: TemplateText) -> frozenset[int]:
    """Return where in a text the paths begin that are all there is in their hole."""
    if text.is_condition:
        return frozenset()
    try:
        parts = split(text.text)
    except UnclosedHole:
        return frozenset()
    holes = (part for part in parts if isinstance(part, Hole) and parse_path(part.inner) is not None)
    return frozenset(hole.inner_start + len(hole.inner) - len(hole.inner.lstrip()) for hole in holes)


def _is_permitted(context: Context, text: TemplateText) -> bool:
    if text.is_condition or text.position is None:
        return text.position is None
    if text.key in _PLACES:
        return True
    item = text.scope.items[text.position]
    match item.operator:
        case PythonTask(function=function, kwargs=kwargs) if text.key == "kwargs":
            headers = kwargs.get("headers")
            if not function.removeprefix("tools.").startswith("fetch.") or not isinstance(headers, dict):
                return False
            return any(spot is text.spot for _, spot in strings(headers, item.spot.find("kwargs", "headers")))
        case Nested() if text.key == "params" and item in context.nested:
            secret = context.nested[item].secret_params
            return any(item.spot.find("params", name) is text.spot for name in secret)
    return False
