from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.utils.dotenv import parse_dotenv


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("export A = x y # note", {"A": "x y"}),
        ("A=a#b", {"A": "a#b"}),
        ("A=\nB=   ", {"A": "", "B": ""}),
        ("A='a # $b \\n' # note", {"A": "a # $b \\n"}),
        (r'A="a\n\"b\" \\ \$c \x"', {"A": 'a\n"b" \\ $c \\x'}),
        ("A=it's", {"A": "it's"}),
        ("\ufeff# note\n\n  A=1\r\nA=2\r\n", {"A": "2"}),
        ("A=p@$$word=x", {"A": "p@$$word=x"}),
    ],
)
def test_lines_are_read(text: str, expected: dict[str, str]) -> None:
    """Names, quotes, comments and line ends as people write them; nothing is expanded."""
    assert expected == parse_dotenv(text)


@pytest.mark.parametrize("line", ["secret", "A B=1", "1A=1", 'A="open', "A='open", "A='a' b", "=x", "A\x00=1", "A=\0"])
def test_what_is_no_variable_is_named_by_its_line(line: str) -> None:
    """The number says where; what stands there may be a secret, so it is not repeated."""
    with pytest.raises(ValueError, match=r"^line 2 is no `NAME=value`$"):
        parse_dotenv(f"A=1\n{line}\n")


@given(st.text(st.characters(blacklist_characters="'\0", blacklist_categories=("Cs", "Cc", "Zl", "Zp"))))
def test_single_quotes_keep_everything(value: str) -> None:
    """Whatever stands between them is the value."""
    assert {"A": value} == parse_dotenv(f"A='{value}'")
