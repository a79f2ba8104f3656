"""The nearest existing name for a mistyped one."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILAR: Final = 0.6
"""Share of common letters from which a name is worth suggesting; difflib's own cut-off."""
_CANDIDATES: Final = 2_000
"""Names that are compared at most, so that a file with 20,000 tasks and as many typos still answers at once."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `word`, the first of equals; None when none is like it."""
    best, best_ratio = None, _SIMILAR
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(word[:128])
    near_enough = (name for name in candidates if name and abs(len(name) - len(word)) <= max(3, len(word) // 2))
    for _, name in zip(range(_CANDIDATES), near_enough, strict=False):
        if name.lower() == word.lower():
            return name
        matcher.set_seq1(name[:128])
        if matcher.real_quick_ratio() > best_ratio and matcher.quick_ratio() > best_ratio:
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = name, ratio
    return best


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return the fix-it sentence for a mistyped name, None when nothing is near."""
    name = nearest(word, candidates)
    return f"did you mean `{name}`?" if name is not None else None
