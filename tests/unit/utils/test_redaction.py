from __future__ import annotations

import base64

import pytest

from engine.utils.redaction import RedactedStream, Redactor

TOKEN = "s3cr3t-T0ken/with+signs"


def test_text_without_a_secret_is_the_same_object() -> None:
    """Nothing is copied where nothing is found."""
    text = "an ordinary line"

    assert Redactor([TOKEN]).text(text) is text


@pytest.mark.parametrize("value", ["", "abc"])
def test_short_values_are_refused(value: str) -> None:
    """A value of three characters would be masked all over the place."""
    with pytest.raises(ValueError, match="shorter than 4 characters"):
        Redactor([value])


def test_values_that_leave_no_mask_are_refused() -> None:
    """The mask must not hold a character of a secret; nothing about the value is told."""
    with pytest.raises(ValueError, match="no mask is left") as caught:
        Redactor(["*#!?@~^|$&:;<>secret"])

    assert "secret" not in str(caught.value)


def test_mask_holds_no_character_of_a_secret() -> None:
    """`a***` would come back as `a` and its own mask."""
    assert "a###" == Redactor(["a***"]).text("aa***")


def test_overlapping_secrets_leave_nothing_of_either() -> None:
    """The end of one is the beginning of the other: both go."""
    assert "<***>" == Redactor(["xabc", "abcdef"]).text("<xabcdef>")


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    """A private key is often logged line by line; its frame is no secret."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nqhkiG9w0BAQEFA\n-----END KEY-----\n"

    shown = Redactor([key]).text("-----BEGIN KEY-----\n  qhkiG9w0BAQEFA\n")

    assert "-----BEGIN KEY-----\n  ***\n" == shown


@pytest.mark.parametrize("width", [64, 76])
def test_wrapped_base64_is_masked(width: int) -> None:
    """`base64` and PEM break long lines."""
    secret = "".join(chr(33 + number * 7 % 90) for number in range(150))
    encoded = base64.b64encode(secret.encode()).decode()
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]

    shown = Redactor([secret]).text("\n".join(lines)).splitlines()

    assert len(lines) == len(shown)
    assert not [line for line in lines if line.rstrip("=") in shown]


def test_excerpt_masks_what_a_cut_left() -> None:
    """An error quotes the end of stderr: the cut may fall inside a secret, at either side."""
    redactor = Redactor([TOKEN])

    assert "exit code 1: …*** and more" == redactor.excerpt(f"exit code 1: …{TOKEN[7:]} and more")
    assert "ValueError: bad ***" == redactor.excerpt(f"ValueError: bad {TOKEN[:9]}")
    assert "a … b s3" == redactor.excerpt("a … b s3")


def test_prompt_is_shown_at_once() -> None:
    """Only what may be the beginning of a secret waits for more."""
    stream = RedactedStream(Redactor([TOKEN]))

    assert b"Password: " == stream.feed(b"Password: ")
    assert b"" == stream.feed(TOKEN[:5].encode())
    assert b"s3cr3!" == stream.feed(b"!")
    assert b"" == stream.finish()
