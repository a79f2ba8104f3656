"""What the options of a container may be written like. Pure reading: text in, numbers and tuples out, or ValueError.

A ValueError is one sentence, after `; ` what to write instead. Options with holes are read when they are rendered.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from .holes import Hole, UnclosedHole, split
from .names import did_you_mean

MEMORY_FLOOR: Final = 6 * 1024**2
"""Bytes. Docker refuses less."""
_MEMORY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?\Z", re.IGNORECASE)
_UNITS: Final[Mapping[str, int]] = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_PART: Final = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE: Final = re.compile(
    rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?/)?{_PART}(?:/{_PART})*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?\Z"
)
_MODES: Final = frozenset(
    {"ro", "rw", "z", "Z", "nocopy", "cached", "consistent", "delegated"}
    | {"private", "rprivate", "shared", "rshared", "slave", "rslave"}
)
_MARK: Final = "\ue000{}\ue001"
"""Stands for a hole while a text is split: one word, whatever the hole holds. Private use: no file means it."""
_MARKED: Final = re.compile("\ue000(\\d+)\ue001")


def parse_image(text: str) -> str:
    """Return the name of an image without blanks around it."""
    name = text.strip()
    if not _IMAGE.match(name):
        raise ValueError(f"`{name:.60}` cannot be the name of an image; write `name:tag` in lower case")
    return name


def parse_folder(text: str) -> str:
    """Check a folder inside a container and return it."""
    if not text.startswith("/"):
        raise ValueError(f"`{text:.60}` is no absolute path inside the container; write `/{text:.60}`")
    return text


def parse_memory(value: object) -> int:
    """Return bytes. Text is a number with `b`, `k`, `m`, `g` or `t` (powers of 1024), as Docker has it."""
    found = None if isinstance(value, bool) else _MEMORY.match(str(value).strip())
    if found is None:
        raise ValueError(f"`{value!s:.60}` is no amount of memory; write `512m` or `2g`")
    size = int(float(found[1]) * _UNITS[found[2].lower()])
    if size < MEMORY_FLOOR:
        raise ValueError(f"`{value!s:.60}` is less than the 6m that Docker asks for; write `6m` or more")
    return size


def parse_cpus(value: object) -> float:
    """Return how many processors may be used; 0.5 is half of one."""
    try:
        cpus = 0.0 if isinstance(value, bool) else float(str(value))
    except ValueError:
        cpus = 0.0
    if not 0.01 <= cpus <= 1024:
        raise ValueError(f"`{value!s:.60}` is no number of processors; write `0.5` or `2`")
    return cpus


def parse_volume(text: str) -> str:
    """Check `source:target` or `source:target:mode` and return it."""
    source, *rest = text.split(":")
    if not source or not 1 <= len(rest) <= 2:
        raise ValueError(f"`{text:.60}` is no volume; write `source:/target` or `source:/target:ro`")
    if not rest[0].startswith("/"):
        raise ValueError(
            f"`{rest[0]:.60}` is no absolute path inside the container; write `{source:.60}:/{rest[0]:.60}`"
        )
    for mode in rest[1].split(",") if len(rest) > 1 else ():
        if mode not in _MODES:
            fix = did_you_mean(mode, sorted(_MODES)) or "write `ro` or `rw`"
            raise ValueError(f"`{mode:.60}` is no mode of a volume; {fix}")
    return text


def volume_texts(value: object) -> tuple[str, ...]:
    """Return every volume as `source:target[:mode]`, unchecked; a map says `{source: target}` or `{bind, mode}`."""
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return tuple(_joined(str(source), target) for source, target in value.items())
    if isinstance(value, Sequence) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    raise ValueError("`volumes` is a list of texts, or a map; write `- ./data:/data`")


def _joined(source: str, target: object) -> str:
    if isinstance(target, str):
        return f"{source}:{target}"
    if isinstance(target, Mapping) and target.keys() <= {"bind", "mode"} and isinstance(target.get("bind"), str):
        return ":".join([source, str(target["bind"]), *([str(target["mode"])] if target.get("mode") else [])])
    raise ValueError(f"the volume `{source:.60}` has no target; write `{source:.60}: /target`")


def words(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return an argv: a list as it is, a text split as a shell would split it. A hole never ends a word."""
    if not isinstance(value, str):
        return tuple(value)
    try:
        parts = split(value)
    except UnclosedHole:
        parts = (value,)  # an error of its own, found where templates are checked
    holes = [part for part in parts if isinstance(part, Hole)]
    numbers = iter(range(len(holes)))
    marked = "".join(_MARK.format(next(numbers)) if isinstance(part, Hole) else part for part in parts)
    try:
        pieces = shlex.split(marked)
    except ValueError as error:
        raise ValueError(f"the text cannot be split into words: {str(error).lower()}; write a list") from None
    return tuple(_MARKED.sub(lambda found: f"{{{{{holes[int(found[1])].inner}}}}}", piece) for piece in pieces)
