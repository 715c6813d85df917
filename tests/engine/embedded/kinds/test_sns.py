"""SNS topics: filters, functions and queues."""

from __future__ import annotations

import json
from typing import Any

import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_topic(cloud: CloudUnderTest) -> None:
    """A matching message reaches the function and the queue; the filter keeps the other away."""

    def run() -> dict[str, Any]:
        topic, queue = sst.aws.SnsTopic("Orders"), sst.aws.Queue("Archive")
        topic.subscribe("Mail", "a.b", filter={"kind": ["big"]})
        topic.subscribe_queue("Archive", queue)
        return {"arn": topic.arn, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="topic", app=KEEP)
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    for kind in ("small", "big"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=manifest["outputs"]["arn"], Message=kind, MessageAttributes=attributes)

    [event] = cloud.events("topic", "OrdersSubscriberMail")
    assert [r["Sns"]["Message"] for r in event["Records"]] == ["big"]
    bodies = []
    while len(bodies) < 2:
        answer = sqs.receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20, MaxNumberOfMessages=10)
        bodies += [json.loads(m["Body"])["Message"] for m in answer["Messages"]]
    assert sorted(bodies) == ["big", "small"]
