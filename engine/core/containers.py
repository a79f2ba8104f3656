"""A container call once its holes are filled: a JSON object in the journal, a ContainerSpec in a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..definition.container_options import parse_cpus, parse_folder, parse_image, parse_memory, parse_volume
from ..definition.plan import DockerCall
from ..errors import TemplateError
from ..keys import JsonValue
from .calls import ContainerSpec

Fill: TypeAlias = Callable[[JsonValue], JsonValue]
"""Renders one value; raises TemplateError."""


def render_container(call: DockerCall, fill: Fill) -> dict[str, JsonValue]:
    """Fill every hole and read every option. TemplateError, `E-ARGUMENTS` for a value that no container can have."""
    rendered: dict[str, JsonValue] = {
        "image": _read("image", parse_image, _text("image", call.image, fill)),
        "command": _texts("command", call.command, fill),
        "pull": call.pull,
    }
    if call.entrypoint is not None:
        rendered["entrypoint"] = _texts("entrypoint", call.entrypoint, fill)
    if call.volumes:
        texts = [_text("volumes", volume, fill) for volume in call.volumes]
        rendered["volumes"] = [_read("volumes", parse_volume, text) for text in texts]
    for name, text in (("network", call.network), ("user", call.user)):
        if text is not None:
            rendered[name] = _text(name, text, fill)
    if call.cwd is not None:
        rendered["cwd"] = _read("cwd", parse_folder, _text("cwd", call.cwd, fill))
    if call.memory is not None:
        rendered["memory"] = _read("memory", parse_memory, _text("memory", call.memory, fill))
    if call.cpus is not None:
        rendered["cpus"] = _read("cpus", parse_cpus, _text("cpus", call.cpus, fill))
    return rendered


def container_spec(rendered: Mapping[str, Any]) -> ContainerSpec:
    """Return what `render_container` stored."""
    entrypoint = rendered.get("entrypoint")
    return ContainerSpec(
        image=rendered["image"],
        command=tuple(rendered["command"]),
        entrypoint=None if entrypoint is None else tuple(entrypoint),
        volumes=tuple(rendered.get("volumes", ())),
        network=rendered.get("network"),
        user=rendered.get("user"),
        cwd=rendered.get("cwd"),
        pull=rendered["pull"],
        memory_bytes=rendered.get("memory"),
        cpus=rendered.get("cpus"),
    )


def _texts(key: str, values: Sequence[str], fill: Fill) -> list[JsonValue]:
    return [_text(key, value, fill) for value in values]


def _text(key: str, value: JsonValue, fill: Fill) -> str:
    filled = fill(value)
    if isinstance(filled, bool) or not isinstance(filled, str | int | float):
        raise TemplateError("E-ARGUMENTS", f"`{key}` takes texts and numbers, not {filled!r:.60}")
    return str(filled)


def _read(key: str, read: Callable[[str], JsonValue], text: str) -> JsonValue:
    try:
        return read(text)
    except ValueError as error:
        raise TemplateError("E-ARGUMENTS", f"`{key}`: {error}") from None
