"""Resources of Pulumi's AWS provider that were declared without a physical name."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
import sst

from tests.support.program import CloudUnderTest

APP = sst.App(name="notes", home="local", removal="remove")


def raw() -> dict[str, Any]:
    queue = aws.sqs.Queue("Raw")
    fifo = aws.sqs.Queue("Line", fifo_queue=True)
    topic = aws.sns.Topic("Raw")
    table = aws.dynamodb.Table(
        "Raw", attributes=[{"name": "id", "type": "S"}], hash_key="id", billing_mode="PAY_PER_REQUEST"
    )
    bucket = aws.s3.Bucket("Raw")
    return {"queue": queue.name, "fifo": fifo.name, "topic": topic.name, "table": table.name, "bucket": bucket.bucket}


def test_they_are_named_after_themselves_and_stay(cloud: CloudUnderTest) -> None:
    """As Pulumi names them: the resource's name and a suffix that tells stages apart; a second run changes nothing."""
    manifest, first = cloud.apply(raw, stage="names", app=APP)
    names = manifest["outputs"]
    again, second = cloud.apply(raw, stage="names", app=APP)

    assert names["queue"].startswith("Raw-") and names["topic"].startswith("Raw-")
    assert names["fifo"].startswith("Line-") and names["fifo"].endswith(".fifo")
    assert names["bucket"].startswith("raw-") and names["bucket"] == names["bucket"].lower()
    assert names["table"] in cloud.client("dynamodb").list_tables()["TableNames"]
    assert again["outputs"] == names
    assert first and not second
