"""CloudWatch: log groups, and EventBridge, which Pulumi keeps under the same module."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put


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


class EventBus(Kind):
    replace = frozenset({"name"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        arn = aws.client("events").create_event_bus(Name=inputs["name"])["EventBusArn"]
        return Made(inputs["name"], {"arn": arn})

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return self.read(aws, id)

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("events").delete_event_bus(Name=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        return Made(inputs["name"], self.read(aws, inputs["name"]))

    def presume(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"arn": aws.arn("events", f"event-bus/{id}"), "name": id}

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        return {"arn": aws.client("events").describe_event_bus(Name=id)["Arn"], "name": id}


class EventRule(Put):
    replace = frozenset({"name", "eventBusName"})
    identity = frozenset({"name", "eventBusName"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        args = {
            "Name": inputs["name"],
            "EventBusName": inputs.get("eventBusName", "default"),
            "State": inputs.get("state", "ENABLED"),
            "Description": inputs.get("description", ""),
        }
        if inputs.get("scheduleExpression"):
            args["ScheduleExpression"] = inputs["scheduleExpression"]
        if inputs.get("eventPattern"):
            args["EventPattern"] = inputs["eventPattern"]
        return Made(inputs["name"], {"arn": aws.client("events").put_rule(**args)["RuleArn"]})

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("events").delete_rule(Name=id, EventBusName=inputs.get("eventBusName", "default"))


class EventTarget(Put):
    replace = frozenset({"rule", "eventBusName", "targetId"})
    identity = frozenset({"rule", "eventBusName", "targetId"})
    refers = frozenset({"arn"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        target = {"Id": inputs["targetId"], "Arn": inputs["arn"]}
        for key, name in (("input", "Input"), ("inputPath", "InputPath"), ("roleArn", "RoleArn")):
            if inputs.get(key):
                target[name] = inputs[key]
        bus = inputs.get("eventBusName", "default")
        answer = aws.client("events").put_targets(Rule=inputs["rule"], EventBusName=bus, Targets=[target])
        for entry in answer.get("FailedEntries", []):
            raise RuntimeError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")
        return Made(inputs["targetId"])

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        bus = inputs.get("eventBusName", "default")
        aws.client("events").remove_targets(Rule=inputs["rule"], EventBusName=bus, Ids=[id])


KINDS: dict[str, Kind] = {
    "LogGroup": LogGroup(),
    "EventBus": EventBus(),
    "EventRule": EventRule(),
    "EventTarget": EventTarget(),
}
