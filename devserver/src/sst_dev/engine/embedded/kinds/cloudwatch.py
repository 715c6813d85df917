"""CloudWatch: log groups, and EventBridge, which Pulumi keeps under the same module."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made


class LogGroup(Kind):
    replace = frozenset({"name"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        name = inputs["name"]
        aws.client("logs").create_log_group(logGroupName=name, tags=inputs.get("tags", {}))
        return Made(name, self.update(aws, name, {}, inputs))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        days = new.get("retentionInDays", 0)
        if days:
            aws.client("logs").put_retention_policy(logGroupName=id, retentionInDays=days)
        elif old.get("retentionInDays"):
            aws.client("logs").delete_retention_policy(logGroupName=id)
        return {"arn": aws.arn("logs", f"log-group:{id}")}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("logs").delete_log_group(logGroupName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))


KINDS: dict[str, Kind] = {"LogGroup": LogGroup()}
