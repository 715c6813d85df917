"""The vocabulary of the wire."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from sst_bridge.codec import KINDS
from sst_bridge.messages import Error, Hello, Invoke, Message, Response, Stream


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_message_names_its_sender_first_and_is_frozen(kind: type[Message]) -> None:
    """Receivers drop their own echo by it; a message in flight does not change."""
    assert next(iter(kind.__dataclass_fields__)) == "sender"
    message = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        message.sender = "other"


def test_what_is_secret_or_large_is_not_shown() -> None:
    """In a log line or a traceback."""
    shown = repr(
        [
            Hello("e", "Api", {"AWS_SECRET_ACCESS_KEY": "hunter2"}),
            Invoke("e", "n", "Api", "r", 0, "arn", 0.0, body=b"hunter2"),
            Response("d", "n", body=b"hunter2"),
            Error("d", "n", body=b"hunter2"),
            Stream("d", "n", 0, body=b"hunter2", error_body=b"hunter2"),
        ]
    )
    assert "hunter2" not in shown
