"""Names for events, by their shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sst_dev.functions.triggers import trigger

URL = {"http": {"method": "GET", "path": "/notes"}, "domainName": "abc.lambda-url.us-east-1.on.aws", "apiId": "abc"}
HTTP = {"http": {"method": "POST", "path": "/x"}, "domainName": "abc.execute-api.us-east-1.amazonaws.com", "apiId": "a"}


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"version": "2.0", "requestContext": URL}, "url GET /notes"),
        ({"version": "2.0", "requestContext": HTTP}, "api POST /x"),
        ({"httpMethod": "PUT", "path": "/y", "requestContext": {"apiId": "a"}}, "api PUT /y"),
        ({"httpMethod": "GET", "path": "/z", "requestContext": {"elb": {}}}, "alb GET /z"),
        ({"requestContext": {"routeKey": "$connect", "connectionId": "c"}}, "websocket $connect"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "sqs"),
        ({"Records": [{"eventSource": "aws:sqs"}] * 3}, "sqs 3 records"),
        ({"Records": [{"EventSource": "aws:sns"}]}, "sns"),
        ({"Records": [{"eventSource": "aws:s3"}]}, "s3"),
        ({"Records": [{"eventSource": "aws:dynamodb"}]}, "dynamodb"),
        ({"source": "aws.events", "detail-type": "Scheduled Event"}, "schedule"),
        ({"source": "shop", "detail-type": "Order"}, "bus shop Order"),
        ({"Records": "text"}, "invoke"),
        ({"requestContext": None}, "invoke"),
        ({"a": 1}, "invoke"),
        ([1], "invoke"),
        (None, "invoke"),
    ],
)
def test_shapes(event: Any, name: str) -> None:
    """The service, and what tells one call from another."""
    assert trigger(json.dumps(event).encode()) == name


def test_what_is_not_json_is_an_invoke() -> None:
    """Raw bytes are an event too."""
    assert trigger(b"{broken") == "invoke"
    assert trigger(b"\xff\x00") == "invoke"
    assert trigger(b"") == "invoke"
