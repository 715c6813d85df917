"""Lambda error objects the bridge itself answers with. Their types begin with `Sst.`."""

from __future__ import annotations

import json

from ..messages import Error, Invoke

MAX_RESPONSE = 6_291_556
"""Bytes of a buffered response (Lambda quota: 6 MB and 100 bytes)."""


def _error(sender: str, nonce: str, error_type: str, message: str) -> Error:
    body = json.dumps({"errorMessage": message, "errorType": error_type, "stackTrace": []}).encode()
    return Error(sender, nonce, error_type, body=body)


def reply_lost(sender: str, nonce: str) -> Error:
    """It ran, its reply is not kept any more, and it must not run twice."""
    return _error(
        sender,
        nonce,
        "Sst.ReplyLost",
        "The handler ran on the developer's machine, but its reply was lost on the way and the dev server no longer "
        "keeps it. It was not run a second time.",
    )


def overloaded(sender: str, invoke: Invoke) -> Error:
    """Too many events wait on the developer's machine."""
    return _error(
        sender,
        invoke.nonce,
        "Sst.Overloaded",
        f"The dev server holds too many events in memory to take one more of {len(invoke.body)} bytes.",
    )


def no_reply(sender: str, nonce: str, why: str) -> Error:
    """The dev server's own code failed before it answered: a fault of sst-py."""
    return _error(
        sender, nonce, "Sst.DevServerFailure", f"The dev server failed before the handler's answer was known: {why}"
    )


def too_large(sender: str, nonce: str) -> Error:
    """Lambda's own error for a response over its limit."""
    error_type = "Function.ResponseSizeTooLarge"
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
    body = json.dumps({"errorMessage": message, "errorType": error_type}, separators=(",", ":")).encode()
    return Error(sender, nonce, error_type, body=body)
