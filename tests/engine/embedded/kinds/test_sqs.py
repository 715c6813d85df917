"""SQS queues: messages reach functions, failures end in the dead-letter queue."""

from __future__ import annotations

import json
from typing import Any

import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_queue(cloud: CloudUnderTest) -> None:
    """A message reaches the subscriber as an SQS event of one record."""

    def run() -> dict[str, Any]:
        queue = sst.aws.Queue("Jobs")
        queue.subscribe({"handler": "a.b", "environment": {"ANSWER": "{}"}}, batch={"size": 1})
        return {"url": queue.url}

    manifest, _ = cloud.apply(run, stage="queue", app=KEEP)
    cloud.client("sqs").send_message(QueueUrl=manifest["outputs"]["url"], MessageBody="hello")

    [event] = cloud.events("queue", "JobsSubscriber")
    assert [(r["eventSource"], r["body"]) for r in event["Records"]] == [("aws:sqs", "hello")]
    assert manifest["functions"][0]["triggers"] == ["queue Jobs"]


def test_dead_letters(cloud: CloudUnderTest) -> None:
    """What keeps failing ends in the dead-letter queue after the retries."""

    def run() -> dict[str, Any]:
        dead = sst.aws.Queue("Dead")
        queue = sst.aws.Queue("Jobs", dlq={"queue": dead.arn, "retry": 1}, visibility_timeout="1 second")
        fail = json.dumps({"errorType": "Asked", "errorMessage": "to fail"})
        queue.subscribe({"handler": "a.b", "timeout": "1 second", "environment": {"FAIL": fail}})
        return {"url": queue.url, "dead": dead.url}

    manifest, _ = cloud.apply(run, stage="dead", app=KEEP)
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=manifest["outputs"]["url"], MessageBody="bad")

    answer = sqs.receive_message(QueueUrl=manifest["outputs"]["dead"], WaitTimeSeconds=20)
    assert [m["Body"] for m in answer["Messages"]] == ["bad"]


def test_fifo_queue(cloud: CloudUnderTest) -> None:
    """A FIFO queue has its suffix and takes deduplication by content."""

    def run() -> dict[str, Any]:
        return {"url": sst.aws.Queue("Orders", fifo={"content_based_deduplication": True}).url}

    manifest, _ = cloud.apply(run, stage="fifo", app=KEEP)
    url = manifest["outputs"]["url"]
    for _ in range(2):
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="once", MessageGroupId="g")

    assert url.endswith(".fifo")
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
