"""`sst.aws.realtime.authorizer`: an AWS IoT custom authorizer from a function of the token."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace
from typing import Any

import pytest
from sst.aws import realtime

CONTEXT = SimpleNamespace(invoked_function_arn="arn:aws-cn:lambda:cn-north-1:123456789012:function:auth")
IOT = "arn:aws-cn:iot:cn-north-1:123456789012"


def event(token: str) -> dict[str, Any]:
    """What AWS IoT sends a custom authorizer for an MQTT connection."""
    return {
        "protocols": ["tls", "mqtt"],
        "protocolData": {
            "mqtt": {"username": "", "password": base64.b64encode(token.encode()).decode(), "clientId": "c"}
        },
        "connectionMetadata": {"id": "1"},
    }


def test_topics_become_a_policy_of_this_account() -> None:
    """Subscribing needs the filter and the topic, publishing the topic; the ARNs are those of the function's region."""
    tokens = []

    @realtime.authorizer
    def handler(token: str) -> dict[str, Any]:
        tokens.append(token)
        return {"subscribe": ["app/alice/room/*"], "publish": ["app/alice/room/1"], "principal_id": "ann"}

    answer = handler(event("s3cret"), CONTEXT)

    assert tokens == ["s3cret"]
    assert answer == {
        "isAuthenticated": True,
        "principalId": "ann",
        "disconnectAfterInSeconds": 86400,
        "refreshAfterInSeconds": 86400,
        "policyDocuments": [
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "iot:Connect", "Resource": ["*"]},
                    {"Effect": "Allow", "Action": "iot:Receive", "Resource": [f"{IOT}:topic/app/alice/room/*"]},
                    {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [f"{IOT}:topicfilter/app/alice/room/*"]},
                    {"Effect": "Allow", "Action": "iot:Publish", "Resource": [f"{IOT}:topic/app/alice/room/1"]},
                ],
            }
        ],
    }


def test_no_topics_means_no_permission_beyond_connecting() -> None:
    """IAM refuses a statement without resources, so a list that is left out gives no statement."""
    policy = realtime.authorizer(lambda token: {})(event(""), CONTEXT)["policyDocuments"][0]

    assert [statement["Action"] for statement in policy["Statement"]] == ["iot:Connect"]


def test_everything_else_is_passed_on() -> None:
    """Times and further policy documents reach IoT under its own names; an unnamed principal gets a random name."""
    extra = {"Version": "2012-10-17", "Statement": []}
    answer = realtime.authorizer(
        lambda token: {
            "disconnect_after_in_seconds": 300,
            "refresh_after_in_seconds": 600,
            "policy_documents": [extra],
        }
    )(event(""), CONTEXT)

    assert (answer["disconnectAfterInSeconds"], answer["refreshAfterInSeconds"]) == (300, 600)
    assert answer["policyDocuments"][1:] == [extra]
    assert re.fullmatch("[a-zA-Z0-9]{1,128}", answer["principalId"])


def test_a_coroutine_function_decides_too() -> None:
    """`async def` works as SST's own SDK has it."""

    async def decide(token: str) -> dict[str, Any]:
        return {"principal_id": token}

    assert realtime.authorizer(decide)(event("bob"), CONTEXT)["principalId"] == "bob"


def test_none_refuses() -> None:
    """A function that returns None refuses the client, also one that sent no token at all."""
    handler = realtime.authorizer(lambda token: {} if token else None)

    assert handler(event(""), CONTEXT) == {"isAuthenticated": False}
    assert handler({"protocolData": {"tls": {"serverName": "x"}}}, CONTEXT) == {"isAuthenticated": False}


def test_a_misspelt_key_is_an_error() -> None:
    """A key IoT would never see is named, so that `subscriptions` does not quietly grant nothing."""
    with pytest.raises(ValueError, match=r"principalId is not known; use .*principal_id"):
        realtime.authorizer(lambda token: {"principalId": "ann"})(event(""), CONTEXT)
