"""Explaining why a text is not JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_worker import json_errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("{bad", "Expecting property name enclosed in double quotes or '}': line 1 column 2 (char 1)"),
        ('{"a":\n 1,}', "Illegal trailing comma before end of object: line 2 column 3 (char 8)"),
        ("1 2", "Extra data: line 1 column 3 - line 1 column 4 (char 2 - 3)"),
    ],
)
def test_the_message_says_what_where(text: str, message: str) -> None:
    """Line and column count from 1, characters from 0."""
    assert str(json_errors.explain(text, 0)) == message


@given(st.text(alphabet='{}[],:"\\ \n1-.e+tfnulras', max_size=40))
def test_any_text_can_be_explained(text: str) -> None:
    """It ends, and points into the text."""
    message = str(json_errors.explain(text, 0))
    assert 0 <= int(message.rsplit("(char ", 1)[1].split(")")[0].split(" ")[0]) <= len(text)
