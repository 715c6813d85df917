"""`sst_bridge.appsync.refusal`: a refusal is a sentence with the permission in it."""

from __future__ import annotations

import pytest
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.protocol import ServiceError
from sst_bridge.appsync.refusal import refusal

ARN = "arn:aws:appsync:us-east-1:1:apis/x"
API = EventApi("http.example", "realtime.example", "us-east-1", ARN)
DENIED = ServiceError("UnauthorizedException", "You are not authorized to make this call.")


@pytest.mark.parametrize(
    ("action", "channel", "permission"),
    [
        ("EventConnect", "", f"appsync:EventConnect on {ARN},"),
        ("EventSubscribe", "/sst/a/b/dev", f"appsync:EventSubscribe on {ARN}/channelNamespace/sst;"),
        ("EventPublish", "sst/a/b", f"appsync:EventPublish on {ARN}/channelNamespace/sst;"),
    ],
)
def test_the_missing_permission_is_named(action: str, channel: str, permission: str) -> None:
    """Who reads it knows the action, the resource, the host and what the service said."""
    refused = refusal(API, action, DENIED, channel)

    assert refused is not None
    assert permission in refused.hint
    assert "http.example" in refused.message
    assert "You are not authorized" in refused.message


def test_a_bad_signature_points_at_clock_and_key() -> None:
    """What cannot be verified is no matter of permissions."""
    refused = refusal(API, "EventConnect", ServiceError("BadRequestException", "Signature expired"))

    assert refused is not None
    assert "clock" in refused.hint
    assert "appsync:" not in refused.hint


@pytest.mark.parametrize("error", [ServiceError("LimitExceededError"), ServiceError("x", code=500)])
def test_what_may_work_later_is_no_refusal(error: ServiceError) -> None:
    """Throttling and failures of the service are tried again."""
    assert refusal(API, "EventConnect", error) is None
