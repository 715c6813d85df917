"""Who gives up on a call that stands, when, and what is said then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sst_dev.app.patience import BOTO_LIMIT, patience
from sst_dev.core.events import InvocationStarted
from sst_dev.functions.triggers import trigger


def ends(event: Any, *, gives_up_at: float | None = 900.0, **fields: Any) -> list[tuple[float, str]]:
    """For an invocation that starts at 0."""
    payload = json.dumps(event).encode()
    return patience(
        InvocationStarted(0.0, "1", "r", "Api", "e", trigger(payload), payload, gives_up_at=gives_up_at, **fields)
    )


SQS = {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:shop-test-Jobs"}
REST = {"httpMethod": "GET", "path": "/", "requestContext": {"apiId": "a"}}
HTTP = {"version": "2.0", "requestContext": {"apiId": "a", "domainName": "x", "http": {"method": "GET", "path": "/"}}}
URL = {"version": "2.0", "requestContext": {"http": {"method": "GET", "path": "/"}}}


@pytest.mark.parametrize(
    ("event", "at", "said"),
    [
        (REST, [29, 900], "API Gateway has given up after 29 s"),
        (HTTP, [30, 900], "API Gateway has given up after 30 s"),
        (URL, [900], "its caller has an error"),
        ({"Records": [SQS]}, [900], "queue shop-test-Jobs delivers what it had again"),
        ({"Records": [{"EventSource": "aws:sns"}]}, [900], "up to twice"),
        ({"Records": [{"eventSource": "aws:s3"}]}, [900], "up to twice"),
        ({"source": "shop", "detail-type": "sold"}, [900], "up to twice"),
        ({"source": "aws.events", "detail-type": "Scheduled Event"}, [900], "up to twice"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, [900], "same records again"),
        ({"Records": [{"eventSource": "aws:dynamodb"}]}, [900], "same records again"),
        ({"triggerSource": "PreSignUp_SignUp", "userPoolId": "p"}, [5, 900], "Cognito has given up"),
        ({"any": 1}, [60, 900], "boto3"),
        ([1], [60, 900], "boto3"),
    ],
)
def test_each_kind_of_caller(event: Any, at: list[float], said: str) -> None:
    """With the limit of its own, and with what follows when Lambda ends the call."""
    found = ends(event)

    assert [moment for moment, _ in found][-len(at) :] == at
    assert any(said in line and line.startswith("Api: ") for _, line in found)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (REST, "on AWS, API Gateway would have given up after 29 s"),
        ({"triggerSource": "PreSignUp_SignUp", "userPoolId": "p"}, "on AWS, Cognito would have given up after 5 s"),
    ],
)
def test_the_embedded_cloud_waits(event: Any, said: str) -> None:
    """Its callers have no limit of their own: what is said is what AWS would do."""
    payload = json.dumps(event).encode()
    started = InvocationStarted(0.0, "1", "r", "Api", "e", trigger(payload), payload)

    assert any(said in line for _, line in patience(started, local=True))
    assert not any("has given up" in line for _, line in patience(started, local=True))


def test_a_queue_of_the_app_has_its_seconds() -> None:
    """Of the visibility timeout, with the queue's name, when Lambda ends the call."""
    payload = json.dumps({"Records": [SQS]}).encode()
    started = InvocationStarted(0.0, "1", "r", "Api", "e", "sqs", payload, gives_up_at=30.0)
    line = "queue shop-test-Jobs delivers its messages again 30 s after it delivered them"

    assert [(at, line in said) for at, said in patience(started, {SQS["eventSourceARN"]: 30.0})] == [(30.0, True)]


def test_boto3_gives_up_when_it_is_said_to() -> None:
    """What is installed here is asked."""
    from botocore.config import Config

    assert Config().read_timeout == BOTO_LIMIT  # type: ignore[attr-defined]


def test_lambda_may_be_first() -> None:
    """After the end nobody else is left to give up."""
    assert [at for at, _ in ends(REST, gives_up_at=10.0)] == [10.0]
    assert "reaches nobody" in ends({"any": 1}, gives_up_at=10.0)[0][1]


def test_nobody_waits_for_a_replay() -> None:
    """A front end asked for it."""
    assert ends(REST, replay_of="2") == []


def test_an_event_that_was_not_kept_whole_still_has_its_trigger() -> None:
    """What is cut off costs details only."""
    started = InvocationStarted(0.0, "1", "r", "Api", "e", "sqs", b'{"Records": [', gives_up_at=30.0)

    assert "queue delivers what it had again" in patience(started)[0][1]
