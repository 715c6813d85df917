"""Error objects in Lambda's own words."""

from __future__ import annotations

import json

import pytest
from sst_dev.functions import outcomes


def test_a_timeout() -> None:
    """Two decimals of the configured timeout."""
    outcome = outcomes.timed_out("id-1", 3)

    assert json.loads(outcome.body) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 3.00 seconds",
    }
    assert outcome.status == "timeout"


@pytest.mark.parametrize(
    ("code", "by_signal", "tail"),
    [
        (0, None, "Runtime exited without providing a reason"),
        (7, None, "Runtime exited with error: exit status 7"),
        (None, 9, "Runtime exited with error: signal: killed"),
        (None, 11, "Runtime exited with error: signal: segmentation fault"),
        (None, None, "Runtime exited without providing a reason"),
    ],
)
def test_an_exit(code: int | None, by_signal: int | None, tail: str) -> None:
    """Exit statuses and signals as Lambda words them."""
    outcome = outcomes.exited("id-1", code, by_signal)

    assert outcome.error_type == "Runtime.ExitError"
    assert outcome.error_message == f"RequestId: id-1 Error: {tail}"


def test_a_raised_error_travels_unchanged() -> None:
    """The body is not parsed and written again; the message is read from it for display."""
    body = b'{"errorMessage": "no \\ud800",  "errorType": "ValueError"}'
    outcome = outcomes.raised(body, "ValueError", "{}", ("frame",))

    assert outcome.body is body
    assert outcome.frames == ("frame",)
    assert outcomes.raised(b"not json", "X").error_message == ""
