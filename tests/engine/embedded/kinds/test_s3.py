"""S3 buckets: notifications."""

from __future__ import annotations

import json
from typing import Any

import sst

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_bucket_notifications(cloud: CloudUnderTest) -> None:
    """An upload below the prefix reaches the function; the queue gets its own."""

    def run() -> dict[str, Any]:
        bucket, queue, topic = sst.aws.Bucket("Files"), sst.aws.Queue("Log"), sst.aws.SnsTopic("News")
        bucket.notify(
            notifications=[
                {"name": "Thumbs", "function": "a.b", "events": ["s3:ObjectCreated:*"], "filter_prefix": "img/"},
                {"name": "Log", "queue": queue, "events": ["s3:ObjectRemoved:*"]},
                {"name": "News", "topic": topic, "events": ["s3:ObjectTagging:*"]},
            ]
        )
        return {"bucket": bucket.name, "queue": queue.url}

    manifest, _ = cloud.apply(run, stage="notify", app=KEEP)
    s3, name = cloud.client("s3"), manifest["outputs"]["bucket"]
    s3.put_object(Bucket=name, Key="other/a", Body=b"1")
    s3.put_object(Bucket=name, Key="img/b", Body=b"2")
    s3.delete_object(Bucket=name, Key="img/b")

    [event] = cloud.events("notify", "FilesSubscriberThumbs")
    assert [r["s3"]["object"]["key"] for r in event["Records"]] == ["img/b"]
    bodies: list[dict[str, Any]] = []
    while not any("Records" in body for body in bodies):
        answer = cloud.client("sqs").receive_message(QueueUrl=manifest["outputs"]["queue"], WaitTimeSeconds=20)
        bodies += [json.loads(m["Body"]) for m in answer["Messages"]]
    assert bodies[-1]["Records"][0]["eventName"].startswith("ObjectRemoved:")
