"""`docs/guarantees.md` names tests; a promise without its test is no promise."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "guarantees.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_every_promise_names_tests_that_exist() -> None:
    """Each `path::test` of the page is a function or class of that file."""
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))

    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (TESTS / path).is_file()
        or not re.search(
            rf"^(async )?(def {name}\(|class {name}\b|{name} = )", (TESTS / path).read_text(), re.MULTILINE
        )
    ]

    assert len(named) > 30
    assert [] == missing
