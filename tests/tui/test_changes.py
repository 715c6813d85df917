"""JSON as people read it, and what changed between two answers."""

from __future__ import annotations

import json

from sst_dev.tui.changes import SHOWN, answer_changes, pretty


def test_json_is_indented_and_its_body_opened() -> None:
    """The JSON string in the body of an HTTP answer is shown as JSON."""
    raw = json.dumps({"statusCode": 200, "body": json.dumps({"a": 1})}).encode()

    assert pretty(raw) == ["{", '  "statusCode": 200,', '  "body": {', '    "a": 1', "  }", "}"]
    assert pretty(raw, opened=False)[2] == '  "body": "{\\"a\\": 1}"'


def test_what_is_not_json_is_shown_as_it_is() -> None:
    """Text, cut JSON and foreign bytes are lines."""
    assert pretty(b'{"cut": \xff\nmore') == ['{"cut": �', "more"]
    assert pretty(b'{"body": "{not json"}') == ["{", '  "body": "{not json"', "}"]


def test_the_difference_of_two_answers() -> None:
    """Removed and added lines, with what is around them."""
    before, after = b'{"a": 1, "b": 2}', b'{"a": 1, "b": 3}'

    assert answer_changes(before, after) == [
        ('   "a": 1,', "dim"), ('-  "b": 2', "error"), ('+  "b": 3', "good"), (" }", "dim"),
    ]  # fmt: skip


def test_equal_answers_say_so() -> None:
    """The same bytes, or the same document in other bytes."""
    assert answer_changes(b"{}", b"{}") == [("= the same answer", "dim")]
    assert answer_changes(b'{"a":1}', b'{"a": 1}') == [("= the same answer, written differently", "dim")]


def test_a_large_difference_is_cut() -> None:
    """Two answers that have nothing in common are not shown in full."""
    before, after = (json.dumps([word] * 1000).encode() for word in ("x", "y"))

    changes = answer_changes(before, after)

    assert len(changes) == SHOWN + 1
    assert "more lines differ" in changes[-1][0]
