"""`sst.aws.SnsTopic`."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_a_function_is_subscribed_with_its_filter() -> None:
    """The subscription, and the permission for this topic to call the function."""

    def run() -> None:
        sst.aws.SnsTopic("News").subscribe("Mail", "a.b", filter={"kind": ["big"]})

    declared = declare(run)

    assert declared.inputs("NewsSubscriberMailSubscription") == {
        "topic": "arn:NewsTopic",
        "protocol": "lambda",
        "endpoint": "arn:NewsSubscriberMailFunction",
        "filterPolicy": '{"kind": ["big"]}',
    }
    permission = declared.inputs("NewsSubscriberMailPermission")
    assert (permission["principal"], permission["sourceArn"]) == ("sns.amazonaws.com", "arn:NewsTopic")


def test_a_fifo_topic_has_its_suffix() -> None:
    """As AWS asks."""
    inputs = declare(lambda: sst.aws.SnsTopic("News", fifo=True) and None).inputs("NewsTopic")

    assert inputs["fifoTopic"] is True and inputs["name"].endswith(".fifo")


def test_an_existing_topic_can_be_got_and_followed() -> None:
    """By ARN; its link is the ARN."""

    def run() -> None:
        sst.aws.SnsTopic.get("Other", "arn:aws:sns:us-east-1:1:other")
        sst.aws.SnsTopic.subscribe("Mail", "arn:aws:sns:us-east-1:1:other", "a.b")
        sst.aws.SnsTopic.subscribe_queue(
            "Keep", "arn:aws:sns:us-east-1:1:other", "arn:aws:sqs:us-east-1:1:kept", filter={"kind": ["big"]}
        )

    declared = declare(run)

    assert declared.link("Other") == {"arn": "arn:arn:aws:sns:us-east-1:1:other"}
    assert declared.inputs("MailSubscription")["topic"] == "arn:aws:sns:us-east-1:1:other"
    assert declared.inputs("KeepSubscription") == {
        "topic": "arn:aws:sns:us-east-1:1:other",
        "protocol": "sqs",
        "endpoint": "arn:aws:sqs:us-east-1:1:kept",
        "filterPolicy": '{"kind": ["big"]}',
    }


def test_a_link_may_do_everything_with_the_topic() -> None:
    """`sns:*` on the topic alone."""
    declared = declare(lambda: sst.aws.Function("Api", handler="a.b", link=[sst.aws.SnsTopic("News")]) and None)
    statement = json.loads(declared.inputs("ApiPolicy")["policy"])["Statement"][0]

    assert (statement["Action"], statement["Resource"]) == (["sns:*"], ["arn:NewsTopic"])


@pytest.mark.parametrize(
    ("subscribe", "message"),
    [
        (lambda t: t.subscribe("A", "a.b", filter=["big"]), "filter must map attributes to lists"),
        (lambda t: t.subscribe("A", "a.b", filter={"kind": "big"}), "filter.kind must be a list"),
        (lambda t: t.subscribe("A", "a.b", filter={"a": {"b": ["c"]}}), "filter.a is a dictionary, and attributes"),
        (lambda t: t.subscribe("A", "a.b", filter={k: [1] for k in "abcdef"}), "filter asks about 6 values"),
        (lambda t: t.subscribe("A", "a.b", filter={k: list(range(13)) for k in "ab"}), "169 combinations of values"),
        (lambda t: t.subscribe_queue("A", "Jobs"), "queue must be a Queue or the ARN of one, got 'Jobs'"),
    ],
)
def test_wrong_arguments(subscribe: Any, message: str) -> None:
    """One sentence with the argument."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: subscribe(sst.aws.SnsTopic("News")) and None)


def test_a_filter_may_look_into_the_message() -> None:
    """Fields of its body, where the subscription's scope says so."""

    def run() -> None:
        deep = {"order": {"kind": ["big"]}}
        scope = {"subscription": {"filter_policy_scope": "MessageBody"}}
        sst.aws.SnsTopic("News").subscribe("Mail", "a.b", filter=deep, transform=scope)

    inputs = declare(run).inputs("NewsSubscriberMailSubscription")

    assert (inputs["filterPolicy"], inputs["filterPolicyScope"]) == ('{"order": {"kind": ["big"]}}', "MessageBody")


def test_a_fifo_topic_takes_no_function() -> None:
    """AWS would refuse it after everything else is made."""
    with pytest.raises(ConfigError, match='SnsTopic "News": a FIFO topic notifies queues only'):
        declare(lambda: sst.aws.SnsTopic("News", fifo=True).subscribe("Mail", "a.b") and None)


def test_a_standard_topic_takes_no_fifo_queue() -> None:
    """AWS would refuse it after everything else is made; a FIFO topic takes it."""

    def run(fifo: bool) -> None:
        sst.aws.SnsTopic("News", fifo=fifo).subscribe_queue("Log", sst.aws.Queue("Log", fifo=True).arn)

    assert declare(lambda: run(True)).inputs("NewsSubscriberLogSubscription")["protocol"] == "sqs"
    with pytest.raises(ConfigError, match=r'SnsTopic "News"\.subscribe_queue: a standard topic does not notify'):
        declare(lambda: run(False))
