"""Takes secrets out of text and out of streams of bytes, wherever they were cut, and in the forms they travel in.

Looked for are: the value itself, its lines where it has several, its JSON and URL encodings, its base64 in all three
alignments (both alphabets, also wrapped as `base64` and PEM wrap it). What is found becomes three mask characters; the
mask holds no character of any form, so redacting twice changes nothing and no secret can arise from what is left.
This guards against accidents: a task that spells a secret backwards gets it through.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote, quote_plus

SHORTEST: Final = 4
"""Characters. A shorter value would tear holes into every text."""
_SHORTEST_LINE: Final = 8
"""Characters of a line of a longer secret that count by themselves."""
_SHORTEST_PIECE: Final = 4
"""Bytes of a secret that are masked where an excerpt cut it."""
_WRAPS: Final = (64, 76)
"""Characters after which PEM and `base64` begin a new line."""
_MASKS: Final = "*#!?@~^|$&:;<>"
_ALPHABETS: Final = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
)
_HEX: Final = re.compile(r"%[0-9A-F]{2}")

_Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Form:
    """Bytes that give a secret away. The base64 characters around `core` hold some of its bits, others' too."""

    core: bytes
    before: frozenset[int] = frozenset()
    after: frozenset[int] = frozenset()


class Redactor:
    """Knows the secrets of a run. Frozen after it is made: any thread may use it."""

    def __init__(self, values: Iterable[str]) -> None:
        """ValueError, which names no value, for one that is shorter than SHORTEST or cannot be masked."""
        forms: dict[bytes, _Form] = {}
        for value in values:
            if len(value) < SHORTEST:
                raise ValueError(f"shorter than {SHORTEST} characters")
            for form in _forms(value):
                known = forms.get(form.core, form)
                forms[form.core] = _Form(form.core, known.before | form.before, known.after | form.after)
        self._forms: Final = tuple(forms.values())
        self._cores: Final = tuple(forms)
        used = b"".join(self._cores)
        mask = next((char for char in _MASKS if char.encode() not in used), None)
        if mask is None:
            raise ValueError(f"it holds every one of {_MASKS}, so no mask is left")
        self.mask: Final = mask * 3
        """What stands for a secret."""

    def text(self, text: str) -> str:
        """Return `text` without secrets; the very same object where there is none."""
        raw = text.encode("utf-8", "surrogatepass")
        if not self._has(raw):
            return text
        return self.cut(raw).decode("utf-8", "surrogatepass")

    def cut(self, data: bytes) -> bytes:
        """Return the whole of `data` without secrets."""
        mask, kept, position = self.mask.encode(), [], 0
        for start, end in self.spans(data):
            kept += [data[position:start], mask]
            position = end
        kept.append(data[position:])
        return b"".join(kept)

    def excerpt(self, text: str) -> str:
        """Return a text that may have been cut, after a `…` or at its end, also without the pieces of a secret."""
        head, *rest = self.text(text).split("…")
        return self.without_beginning("…".join([head, *(self._without_ending(part) for part in rest)]))

    def without_beginning(self, text: str) -> str:
        """Return a redacted text that was cut at its end also without the beginning of a secret that stands there."""
        raw = text.encode("utf-8", "surrogatepass")
        start = self.hold_from(raw)
        if len(raw) - start < _SHORTEST_PIECE:
            return text
        return raw[:start].decode("utf-8", "replace") + self.mask

    def spans(self, data: bytes) -> list[_Span]:
        """Return what is to be masked, in order; what overlaps is one span."""
        found: list[_Span] = []
        for form in self._forms:
            at = data.find(form.core)
            while at >= 0:
                end = at + len(form.core)
                found.append(
                    (
                        at - (at > 0 and data[at - 1] in form.before),
                        end + (end < len(data) and data[end] in form.after),
                    )
                )
                at = data.find(form.core, at + 1)
        return _merged(found)

    def hold_from(self, data: bytes) -> int:
        """Return where the end of `data` begins that could be the beginning of a secret; its length where none is."""
        first = len(data)
        for form in self._forms:
            first = min(first, _open_end(data, form))
        return first

    def _has(self, data: bytes) -> bool:
        return any(core in data for core in self._cores)

    def _without_ending(self, text: str) -> str:
        """Mask the rest of a secret whose beginning was cut off in front of `text`."""
        raw = text.encode("utf-8", "surrogatepass")
        longest = 0
        for core in self._cores:
            for at in range(1, len(core) - _SHORTEST_PIECE + 1):
                if raw.startswith(core[at:]):
                    longest = max(longest, len(core) - at)
                    break
        return self.mask + raw[longest:].decode("utf-8", "replace") if longest else text


class RedactedStream:
    """Redacts a stream chunk by chunk; the outcome does not depend on the cuts. Owned by whoever feeds it.

    Held back is only an end that could be the beginning of a secret, so never more than the longest form.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""
        self._masked = 0
        """Bytes at the beginning of `_held` for which a mask has left already."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what can be told of `chunk` and of what was held back; may be empty."""
        data = self._held + chunk
        hold = self._redactor.hold_from(data)
        shown = self._shown(data, hold)
        self._held = data[hold:]
        return shown

    def finish(self) -> bytes:
        """Return what was held back at the end of the stream."""
        shown = self._shown(self._held, len(self._held))
        self._held = b""
        return shown

    def _shown(self, data: bytes, hold: int) -> bytes:
        """Redact what stands before `hold`; spans that begin there may reach beyond it."""
        kept: list[bytes] = []
        position = self._masked
        for start, end in _merged([*self._redactor.spans(data), (0, self._masked)]):
            if start == 0 and self._masked:
                position = end  # its mask has left
            elif start >= hold:
                break
            else:
                kept += [data[position:start], self._redactor.mask.encode()]
                position = end
        kept.append(data[position:hold])
        self._masked = max(0, position - hold)
        return b"".join(kept)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Sort spans and join those that overlap; those that only touch stay two."""
    merged: list[_Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _open_end(data: bytes, form: _Form) -> int:
    """Return where a form could have begun whose end has not come yet; the length of `data` where none has."""
    core, size = form.core, len(data)
    at = data.find(core[:1], max(0, size - len(core) - 1))
    while at >= 0:
        rest = data[at:]
        if (len(rest) < len(core) and core.startswith(rest)) or (form.after and rest == core):
            return at - (at > 0 and data[at - 1] in form.before)
        at = data.find(core[:1], at + 1)
    return size - 1 if size and data[-1] in form.before else size


def _forms(value: str) -> Iterator[_Form]:
    for text in _texts(value):
        yield _Form(text.encode("utf-8", "surrogatepass"))
    raw = value.encode("utf-8", "surrogatepass")
    yield from _base64_forms(raw)
    wrapped = base64.b64encode(raw)
    for width in _WRAPS:
        if len(wrapped) > width:
            lines = (wrapped[at : at + width] for at in range(0, len(wrapped), width))
            yield from (_Form(line) for line in lines if len(line) >= _SHORTEST_LINE)


def _texts(value: str) -> Iterator[str]:
    """Yield the value as itself, line by line, and as JSON and URLs write it."""
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (
            line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE and not line.startswith("-----")
        )
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    for url in (quote(raw, safe=""), quote(raw, safe="/"), quote(raw, safe="!'()*"), quote_plus(raw)):
        yield url
        yield _HEX.sub(lambda found: found.group().lower(), url)


def _base64_forms(raw: bytes) -> Iterator[_Form]:
    """Yield the characters that depend on `raw` alone, for each place it may have in a group of three bytes."""
    for shift in range(3):
        bits = (shift + len(raw)) * 8
        first = -(-shift * 8 // 6)  # characters before it hold bits of what stands in front
        low = base64.b64encode(b"\x00" * shift + raw + b"\x00" * 2)
        core = low[first : bits // 6]
        for alphabet in _ALPHABETS:
            # The characters at the borders share their bits with the neighbours, whatever those are.
            before = _around(low[first - 1], 6 - (shift * 8) % 6, alphabet, low=True) if shift else frozenset()
            after = _around(low[bits // 6], bits % 6, alphabet, low=False) if bits % 6 else frozenset()
            yield _Form(core.translate(bytes.maketrans(_ALPHABETS[0], alphabet)), before, after)


def _around(char: int, own: int, alphabet: bytes, *, low: bool) -> frozenset[int]:
    """Return every character whose `own` low (or high) bits are those of `char`."""
    number = _ALPHABETS[0].index(char)
    if low:
        return frozenset(other for value, other in enumerate(alphabet) if value % (1 << own) == number % (1 << own))
    return frozenset(other for value, other in enumerate(alphabet) if value >> (6 - own) == number >> (6 - own))
