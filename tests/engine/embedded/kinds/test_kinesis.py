"""Kinesis data streams."""

from __future__ import annotations

import contextlib
from typing import Any

import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_kinesis(cloud: CloudUnderTest) -> None:
    """A record of the stream reaches the subscriber."""

    def run() -> dict[str, Any]:
        stream = sst.aws.KinesisStream("Clicks")
        stream.subscribe("Count", "a.b")
        return {"name": stream.name}

    manifest, _ = cloud.apply(run, stage="kinesis", app=KEEP)
    kinesis, received = cloud.client("kinesis"), []
    while not received:  # a stream is followed from its end, wherever that is when the poller comes up
        kinesis.put_record(StreamName=manifest["outputs"]["name"], Data=b"x", PartitionKey="p")
        with contextlib.suppress(AssertionError):
            received = cloud.events("kinesis", "ClicksSubscriberCount", timeout=1)

    assert {(r["eventSource"], r["kinesis"]["data"]) for r in received[0]["Records"]} == {("aws:kinesis", "eA==")}
