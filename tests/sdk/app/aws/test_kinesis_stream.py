"""`sst.aws.KinesisStream`."""

from __future__ import annotations

import json

import sst

from tests.support.program import declare


def test_a_stream_on_demand_and_its_subscriber() -> None:
    """The function may read this stream; the link is its name."""

    def run() -> None:
        sst.aws.KinesisStream("Clicks").subscribe("Count", "a.b", filters=[{"data": {"a": [1]}}])

    declared = declare(run)

    assert declared.inputs("ClicksStream")["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    assert declared.inputs("ClicksSubscriberCountMapping")["eventSourceArn"] == "arn:ClicksStream"
    statement = json.loads(declared.inputs("ClicksSubscriberCountPolicy")["policy"])["Statement"][0]
    assert statement["Resource"] == ["arn:ClicksStream"]
    assert declared.link("Clicks") == {"name": declared.inputs("ClicksStream")["name"]}


def test_an_existing_stream() -> None:
    """`KinesisStream.get` by name."""
    assert declare(lambda: sst.aws.KinesisStream.get("Other", "other") and None).link("Other") == {"name": "other"}
