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


def test_buckets_that_share_a_topic(cloud: CloudUnderTest) -> None:
    """Two may notify one topic, and one of the two may go again."""

    def run(names: tuple[str, ...]) -> dict[str, Any]:
        topic, queue = sst.aws.SnsTopic("News"), sst.aws.Queue("Log")
        topic.subscribe_queue("Log", queue)
        notification = {"name": "News", "topic": topic, "events": ["s3:ObjectCreated:*"]}
        buckets = [sst.aws.Bucket(name) for name in names]
        for bucket in buckets:
            bucket.notify(notifications=[notification])
        return {"queue": queue.url, "buckets": [bucket.name for bucket in buckets]}

    sqs = cloud.client("sqs")
    for names in (("One", "Two"), ("Two",)):
        manifest, _ = cloud.apply(lambda names=names: run(names), stage="shared", app=KEEP)
        wanted = set(manifest["outputs"]["buckets"])
        for bucket in wanted:
            cloud.client("s3").put_object(Bucket=bucket, Key="a.txt", Body=b"a")
        while wanted:
            answer = sqs.receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20)
            for message in answer["Messages"]:
                sqs.delete_message(QueueUrl=manifest["outputs"]["queue"], ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(json.loads(message["Body"])["Message"])
                wanted -= {record["s3"]["bucket"]["name"] for record in event.get("Records", ())}
