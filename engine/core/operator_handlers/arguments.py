"""What calls have besides their own arguments: environment and headers, whose texts may hold secrets; HTTP requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ...definition.call_specs import HttpCall
from ...definition.plan import CallSpec, PythonCall
from ...definition.templating import has_hole, render
from ...keys import JsonValue
from ..desk import Desk
from ..instances import Instance
from ..secret_text import is_reference

Fill: TypeAlias = Callable[[JsonValue], JsonValue]
"""Renders one value; raises TemplateError."""

IDEMPOTENCY_HEADER = "Idempotency-Key"
AUTO = "auto"
"""`idempotency_key: auto` sends the engine's own key."""


class Arguments:
    """Collects what was rendered for one call: plain values by name, texts with secrets apart from them."""

    def __init__(self, instance: Instance, spec: CallSpec, desk: Desk) -> None:
        """Nothing is rendered yet."""
        self.rendered: dict[str, JsonValue] = {}
        self._secrets: dict[str, JsonValue] = {}
        self._spec = spec
        self._desk = desk
        self._names = desk.names(instance.scope)
        self._open_names = desk.names(instance.scope, with_secrets=True) if desk.marks is not None else self._names

    def fill(self, value: JsonValue) -> JsonValue:
        """Render a value that can hold no secret."""
        return render(value, self._names) if self._spec.template else value

    def texts(self, place: str, texts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Render `env` or headers and return those without secrets; null leaves one out."""
        plain: dict[str, JsonValue] = {}
        hidden: dict[str, JsonValue] = {}
        for name, text in texts.items():
            value = self._text(text)
            if is_reference(value):
                hidden[name] = value
            elif value is not None:
                plain[name] = value
        if hidden:
            known = self._secrets.get(place)
            self._secrets[place] = {**(known if isinstance(known, dict) else {}), **hidden}
        return plain

    def text(self, place: str, text: str) -> str | None:
        """Render `stdin`; None where it is null, or a text with secrets, which is kept apart."""
        value = self._text(text)
        if is_reference(value):
            self._secrets[place] = value
            return None
        return None if value is None else str(value)

    def finish(self) -> dict[str, JsonValue]:
        """Return the JSON object that is stored with the start."""
        if self._secrets:
            self.rendered["secrets"] = self._secrets
        return self.rendered

    def _text(self, text: JsonValue) -> JsonValue:
        if not (self._spec.template and isinstance(text, str) and has_hole(text)):
            return text
        value = render(text, self._open_names)
        if value is None:
            return None
        shown = value if isinstance(value, str) else str(value)
        return shown if self._desk.marks is None else self._desk.marks.hide(shown)


def render_environment(arguments: Arguments, *environments: Mapping[str, str]) -> None:
    """Render the variables of a call; of one name the last wins."""
    wanted: dict[str, JsonValue] = {}
    for environment in environments:
        wanted.update(environment)
    env = arguments.texts("env", wanted)
    if env:
        arguments.rendered["env"] = env


def render_process(spec: CallSpec, arguments: Arguments) -> None:
    """Render where the process of a call starts and what it reads, which may hold secrets."""
    if spec.cwd is not None:
        arguments.rendered["cwd"] = str(arguments.fill(spec.cwd))
    if spec.stdin is not None:
        text = arguments.text("stdin", spec.stdin)
        if text is not None:
            arguments.rendered["stdin"] = text


def render_python(call: PythonCall, arguments: Arguments) -> None:
    """Render the arguments of a function; literal `headers` of a fetch tool may hold secrets."""
    if call.args:
        arguments.rendered["args"] = arguments.fill(list(call.args))
    headers = call.kwargs.get("headers") if call.function.startswith("fetch.") else None
    if isinstance(headers, dict):
        others = {name: value for name, value in call.kwargs.items() if name != "headers"}
        filled = arguments.fill(others)
        plain = arguments.texts("headers", headers)
        arguments.rendered["kwargs"] = {**(filled if isinstance(filled, dict) else {}), "headers": plain}
    elif call.kwargs:
        arguments.rendered["kwargs"] = arguments.fill(dict(call.kwargs))


def render_request(call: HttpCall, arguments: Arguments, *, timeout_s: float | None, token: str) -> None:
    """Render an HTTP task as the arguments of `fetch.request`."""
    fill = arguments.fill
    headers: dict[str, JsonValue] = dict(call.headers)
    if call.idempotency_key is not None:
        headers[IDEMPOTENCY_HEADER] = token if call.idempotency_key == AUTO else call.idempotency_key
    kwargs: dict[str, JsonValue] = {
        "method": fill(call.method),
        "url": fill(call.url),
        "headers": arguments.texts("headers", headers),
        "expect_status": call.expect_status,
    }
    if call.params:
        kwargs["params"] = fill(dict(call.params))
    if call.body is not None:
        kwargs["data"] = fill(call.body)
    elif call.json is not None:
        kwargs["json"] = fill(call.json)
    if timeout_s is not None:
        kwargs["timeout"] = None  # the executor keeps the task's own
    arguments.rendered["kwargs"] = kwargs
