"""What reading a text statically gives: issues and references, with offsets into the text. Imports no Jinja2."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .paths import Path, parse_path


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateIssue:
    """One static finding in a text; offset and length count characters of that text."""

    code: str
    message: str
    offset: int
    length: int
    fix: str | None = None

    def moved(self, by: int) -> TemplateIssue:
        """Return the same issue with its offset counted from the start of the text around it."""
        return replace(self, offset=self.offset + by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One path that a text reads, as far as it is static."""

    path: Path
    offset: int
    length: int
    guarded: bool = False
    """Absence is handled: this path, or one it goes through, stands under `default` or `is defined` somewhere."""
    otherwise: tuple[Reference, ...] = ()
    """For a path with a minus in it, such as `memory.n-1`: what the text reads where the path itself leads nowhere."""

    def moved(self, by: int) -> Reference:
        """Return the same reference with its offset counted from the start of the text around it."""
        return replace(self, offset=self.offset + by, otherwise=tuple(other.moved(by) for other in self.otherwise))


def path_reference(inner: str) -> Reference | None:
    """Return what an expression reads that is only a path; None for all others."""
    path = parse_path(inner)
    if path is None:
        return None
    start = len(inner) - len(inner.lstrip())
    return Reference(path=path, offset=start, length=len(inner.strip()))
