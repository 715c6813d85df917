"""`sst.aws.KinesisStream`."""

from __future__ import annotations

import json

import pytest
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


@pytest.mark.parametrize("which", ["other", "arn:aws:kinesis:us-east-1:123456789012:stream/other"])
def test_an_existing_stream(which: str) -> None:
    """`KinesisStream.get` by name or ARN."""
    assert declare(lambda: sst.aws.KinesisStream.get("Other", which) and None).link("Other") == {"name": "other"}
