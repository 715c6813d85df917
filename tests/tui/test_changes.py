"""JSON as people read it, and what changed between two answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sst_dev.core.events import InvocationFinished
from sst_dev.tui.changes import SHOWN, answer_changes, pretty

from tests.support.history import finished


def test_json_is_indented_and_its_body_opened() -> None:
    """The JSON string in the body of an HTTP answer is shown as JSON."""
    raw = json.dumps({"statusCode": 200, "body": json.dumps({"a": 1})}).encode()

    assert pretty(raw) == ["{", '  "statusCode": 200,', '  "body": {', '    "a": 1', "  }", "}"]
    assert pretty(raw, opened=False)[2] == '  "body": "{\\"a\\": 1}"'


def test_what_is_not_json_is_shown_as_it_is() -> None:
    """Text, cut JSON and foreign bytes are lines."""
    assert pretty(b'{"cut": \xff\nmore') == ['{"cut": �', "more"]
    assert pretty(b'{"body": "{not json"}') == ["{", '  "body": "{not json"', "}"]


def answer(response: bytes, id: str = "a", **more: Any) -> InvocationFinished:
    return replace(finished(id, **more), response=response)


def test_the_difference_of_two_answers() -> None:
    """Removed and added lines, with what is around them."""
    before, after = answer(b'{"a": 1, "b": 2}'), answer(b'{"a": 1, "b": 3}')

    assert answer_changes(before, after) == [
        ('   "a": 1,', "dim"), ('-  "b": 2', "error"), ('+  "b": 3', "good"), (" }", "dim"),
    ]  # fmt: skip


def test_equal_answers_say_so() -> None:
    """The same bytes, or the same document in other bytes."""
    assert answer_changes(answer(b"{}"), answer(b"{}")) == [("= the same answer", "dim")]
    assert answer_changes(answer(b'{"a":1}'), answer(b'{"a": 1}')) == [
        ("= the same answer, written differently", "dim")
    ]


def test_a_large_difference_is_cut() -> None:
    """Two answers that have nothing in common are not shown in full."""
    before, after = (answer(json.dumps([word] * 1000).encode()) for word in ("x", "y"))

    changes = answer_changes(before, after)

    assert len(changes) == SHOWN + 1
    assert "more lines differ" in changes[-1][0]


def error(id: str, line: int = 12, code: str = "return notes[key]", kind: str = "KeyError") -> InvocationFinished:
    frame = f'  File "/app/api.py", line {line}, in handler\n    {code}\n'
    body = {"errorMessage": "'title'", "errorType": kind, "requestId": f"request-{id}", "stackTrace": [frame]}
    return answer(json.dumps(body).encode(), id, status="error")


def test_the_same_error_again_is_the_same() -> None:
    """Another request has another id, and an edit above moves the lines below."""
    assert answer_changes(error("a"), error("b")) == [("= the same error", "dim")]
    assert answer_changes(error("a"), error("b", line=15)) == [("= the same error", "dim")]


def test_another_error_shows_what_differs_in_it() -> None:
    """Where it was raised as file, line, function and code."""
    changes = [text for text, style in answer_changes(error("a"), error("b", 15, "return notes[id]")) if style != "dim"]

    assert changes == [
        '-    "/app/api.py:12 in handler: return notes[key]"', '+    "/app/api.py:15 in handler: return notes[id]"',
    ]  # fmt: skip
    assert any('"ValueError"' in text for text, _ in answer_changes(error("a"), error("b", kind="ValueError")))


def test_lambdas_own_errors_name_the_request() -> None:
    """A timeout again is the same timeout."""
    before, after = (
        answer(f'{{"errorType": "T", "errorMessage": "RequestId: request-{id} Error"}}'.encode(), id, status="timeout")
        for id in "ab"
    )

    assert answer_changes(before, after) == [("= the same error", "dim")]


def test_a_request_id_that_a_handler_answers_is_its_answer() -> None:
    """Only error objects carry Lambda's."""
    assert len(answer_changes(answer(b'{"requestId": 1}'), answer(b'{"requestId": 2}'))) > 1
