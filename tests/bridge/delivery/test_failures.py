"""The bridge's own error objects."""

from __future__ import annotations

import json

import pytest
from sst_bridge.delivery import failures
from sst_bridge.messages import Error, Invoke

INVOKE = Invoke("env", "n", "Api", "r", 0, "arn", 0.0, body=bytes(10))


@pytest.mark.parametrize(
    "error",
    [
        failures.reply_lost("dev", "n"),
        failures.overloaded("dev", INVOKE),
        failures.no_reply("dev", "n", "why"),
        failures.too_large("dev", "n"),
    ],
)
def test_each_is_a_lambda_error_object_for_its_invocation(error: Error) -> None:
    """With the type in the body and in the header."""
    body = json.loads(error.body)
    assert body["errorType"] == error.error_type and body["errorMessage"]
    assert (error.sender, error.nonce) == ("dev", "n")


def test_too_large_is_lambdas_own() -> None:
    """Byte for byte (specification of Lambda, outcomes)."""
    assert failures.too_large("dev", "n").body == (
        b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
        b'"errorType":"Function.ResponseSizeTooLarge"}'
    )
