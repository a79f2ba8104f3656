"""Containers: options that no daemon would take. Options with holes are looked at when they are rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .canonical import BAD
from .container_options import parse_cpus, parse_folder, parse_image, parse_memory, parse_volume, volume_texts, words
from .models import DockerTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .context import Context
    from .document import Spot
    from .items import Item


def check_containers(context: Context) -> None:
    """Report every option of every container that cannot work."""
    for item in context.items():
        if isinstance(item.operator, DockerTask):
            _check(context, item, item.operator)


def _check(context: Context, item: Item, task: DockerTask) -> None:
    if task.image != BAD:
        _try(context, "image", parse_image, task.image, item.spot)
    for key, argv in (("command", task.command), ("entrypoint", task.entrypoint)):
        if isinstance(argv, str):
            _try(context, key, words, argv, item.spot, always=True)
    if task.cwd is not None:
        _try(context, "cwd", parse_folder, task.cwd, item.spot)
    if task.memory is not None:
        _try(context, "memory", parse_memory, task.memory, item.spot)
    if task.cpus is not None:
        _try(context, "cpus", parse_cpus, task.cpus, item.spot)
    if _try(context, "volumes", volume_texts, task.volumes, item.spot, always=True):
        texts = volume_texts(task.volumes)
        keys: Iterable[str | int] = task.volumes if isinstance(task.volumes, dict) else range(len(texts))
        for place, text in zip(keys, texts, strict=True):
            _try(context, place, parse_volume, text, item.spot.find("volumes"))


def _try(
    context: Context, key: str | int, read: Callable[..., object], value: object, spot: Spot, *, always: bool = False
) -> bool:
    """Read one option and report what is wrong with it at its place. One with holes is read only if `always`."""
    if isinstance(value, str) and "{{" in value and not always:
        return True
    try:
        read(value)
    except ValueError as error:
        message, _, fix = str(error).partition("; ")
        place = spot.find(key) if isinstance(key, int) or key in spot.parts else spot.key(key)
        named = message if isinstance(key, int) or message.startswith("`" + key) else f"`{key}`: {message}"
        context.add("E-VALUE", named, place, fix or None)
        return False
    return True
