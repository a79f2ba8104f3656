"""The redactor against every cut, every form and its own output."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from engine.utils.redaction import SHORTEST, RedactedStream, Redactor

_SMALL = st.text("ab/+ %é*", min_size=SHORTEST, max_size=9)
"""Few letters, so that secrets overlap each other and themselves."""
_SECRETS = st.lists(st.one_of(_SMALL, st.text(min_size=SHORTEST, max_size=30)), min_size=1, max_size=3).filter(
    lambda values: all("\ud800" > char or char > "\udfff" for value in values for char in value)
)
_LONG = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=200).filter(
    lambda value: not set("*#!?@~^|$&:;<>") <= set(value)
)


def _chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def _streamed(redactor: Redactor, chunks: list[bytes]) -> bytes:
    stream = RedactedStream(redactor)
    return b"".join([stream.feed(chunk) for chunk in chunks] + [stream.finish()])


@given(_SECRETS, st.data())
def test_no_secret_survives_any_chunking(secrets: list[str], data: st.DataObject) -> None:
    """Cut anywhere, a stream gives what the whole text gives, and no secret is in it."""
    redactor = Redactor(secrets)
    pieces = data.draw(st.lists(st.one_of(st.sampled_from(secrets), st.text("ab/+ %é*", max_size=6)), max_size=12))
    text = "".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, 200), max_size=8))

    whole = redactor.text(text)

    assert whole.encode() == _streamed(redactor, _chunks(text.encode(), cuts))
    assert whole.encode() == _streamed(redactor, [bytes([byte]) for byte in text.encode()])
    assert not [secret for secret in secrets if secret in whole]


@given(_SECRETS, st.text("ab/+ %é*", max_size=40))
def test_redacting_twice_changes_nothing(secrets: list[str], text: str) -> None:
    """What was redacted holds nothing to redact."""
    redactor = Redactor(secrets)

    once = redactor.text(text)

    assert once == redactor.text(once)


@given(_LONG, st.binary(max_size=5), st.binary(max_size=5), st.lists(st.integers(0, 400), max_size=5))
def test_base64_gives_nothing_away(secret: str, front: bytes, back: bytes, cuts: list[int]) -> None:
    """Wherever a secret stands in what was encoded, no character that depends on it is left."""
    redactor = Redactor([secret])
    raw = secret.encode()
    first = len(front) * 8 // 6
    last = -(-(len(front) + len(raw)) * 8 // 6)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(front + raw + back)
        shown = _streamed(redactor, _chunks(b"<" + encoded + b">", cuts))

        assert redactor.mask.encode() in shown
        assert b"<" + encoded[:first] + redactor.mask.encode() + encoded[last:] + b">" == shown


@given(_LONG, st.lists(st.integers(0, 400), max_size=5))
def test_url_and_json_forms_are_found(secret: str, cuts: list[int]) -> None:
    """A secret in a URL or in JSON text is masked like itself."""
    redactor = Redactor([secret])
    forms = [
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ]
    for form in forms:
        shown = _streamed(redactor, _chunks(f"x={form}&".encode(), cuts))

        assert f"x={redactor.mask}&".encode() == shown


@given(_SECRETS, st.integers(1, 4096))
def test_memory_is_bounded(secrets: list[str], size: int) -> None:
    """However long a stream, no more is held back than the longest form."""
    stream = RedactedStream(Redactor(secrets))
    fed = 0
    shown = bytearray()
    for _ in range(20):
        chunk = (secrets[0] * size).encode()[:size]
        fed += len(chunk)
        shown += stream.feed(chunk)
    held = len(stream.finish())

    assert held <= 6 * max(len(secret.encode()) for secret in secrets) + 2
    assert fed > 0
