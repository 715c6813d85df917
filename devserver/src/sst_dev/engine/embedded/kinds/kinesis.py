"""Kinesis: data streams."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made


class Stream(Kind):
    replace = frozenset({"name"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        client = aws.client("kinesis")
        mode = (inputs.get("streamModeDetails") or {}).get("streamMode", "ON_DEMAND")
        args: dict[str, Any] = {"StreamName": inputs["name"], "StreamModeDetails": {"StreamMode": mode}}
        if mode == "PROVISIONED":
            args["ShardCount"] = inputs.get("shardCount", 1)
        client.create_stream(**args)
        client.get_waiter("stream_exists").wait(StreamName=inputs["name"])
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        hours, was = new.get("retentionPeriod", 24), old.get("retentionPeriod", 24)
        client = aws.client("kinesis")
        if hours > was:
            client.increase_stream_retention_period(StreamName=id, RetentionPeriodHours=hours)
        elif hours < was:
            client.decrease_stream_retention_period(StreamName=id, RetentionPeriodHours=hours)
        return self.read(aws, id)

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("kinesis").delete_stream(StreamName=id, EnforceConsumerDeletion=True)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"arn": aws.arn("kinesis", f"stream/{id}"), "name": id}

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        summary = aws.client("kinesis").describe_stream_summary(StreamName=id)["StreamDescriptionSummary"]
        return {"arn": summary["StreamARN"], "name": id}


KINDS: dict[str, Kind] = {"Stream": Stream()}
