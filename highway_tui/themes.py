"""Themes are data: `themes/*.yaml`. A colour that cannot be parsed is refused here, because Textual would die of it
at the switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml
from textual.color import Color, ColorParseError
from textual.theme import Theme

from .states import TOKENS

COLORS: Final = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
TEXTS: Final = ("dim", "edge", "border", "cursor")
DEFAULT: Final = "highway-dark"


class ThemeInvalid(ValueError):
    """A theme file that cannot be used; the message names file and key. The fault is the file's."""


def read_themes(folder: Path) -> tuple[list[Theme], list[str]]:
    """Read every theme of a folder: the good ones by name, and one sentence for each bad one."""
    good: list[Theme] = []
    bad: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            good.append(parse_theme(path.read_text(encoding="utf-8"), path.name))
        except (OSError, UnicodeError, ThemeInvalid) as error:
            bad.append(str(error))
    return sorted(good, key=lambda theme: theme.name), bad


def parse_theme(text: str, file: str) -> Theme:
    """Turn the text of a theme into a theme whose colours are all valid; ThemeInvalid else."""
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as error:
        raise ThemeInvalid(f"{file}: not YAML: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not isinstance(data.get("dark"), bool):
        raise ThemeInvalid(f"{file}: needs `name` (text), `dark` (true or false), `colors`, `states` and `text`")
    colors = _section(data, "colors", COLORS, file)
    states = _section(data, "states", TOKENS, file)
    texts = _section(data, "text", TEXTS, file)
    variables = {f"state-{name}": value for name, value in states.items()} | {
        f"hw-{name}": value for name, value in texts.items()
    }
    theme = Theme(name=data["name"], dark=data["dark"], variables=variables, primary=colors["primary"])
    return replace(theme, **colors)  # type: ignore[arg-type]  # every field that `COLORS` names is text


def fallback_variables() -> dict[str, str]:
    """Give every variable our styles use a value, for themes that are not ours."""
    return {f"state-{token}": "#b4bdc8" for token in TOKENS} | {
        "hw-dim": "#8b97a5",
        "hw-edge": "#6f7d8c",
        "hw-border": "#4a5664",
        "hw-cursor": "#24405c",
    }


def _section(data: Mapping[str, object], name: str, wanted: Iterable[str], file: str) -> dict[str, str]:
    found = data.get(name)
    if not isinstance(found, dict):
        raise ThemeInvalid(f"{file}: `{name}` is missing")
    wanted = tuple(wanted)
    if odd := set(found) - set(wanted):
        raise ThemeInvalid(f"{file}: unknown key `{name}.{min(map(str, odd))}`")
    for key in wanted:
        value = found.get(key)
        try:
            Color.parse(value if isinstance(value, str) else "")
        except ColorParseError as error:
            raise ThemeInvalid(f"{file}: `{name}.{key}` is no colour: {value!r}") from error
    return {key: str(found[key]) for key in wanted}
