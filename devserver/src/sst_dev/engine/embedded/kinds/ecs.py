"""ECS: clusters and task definitions. MiniStack runs no containers; what code starts is run by the session."""

from __future__ import annotations

import json
from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made


class Cluster(Kind):
    replace = frozenset({"name"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        # To create one that exists already gives the one there is.
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return {"arn": aws.client("ecs").create_cluster(clusterName=id)["cluster"]["clusterArn"]}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        ecs = aws.client("ecs")
        for task in ecs.list_tasks(cluster=id)["taskArns"]:
            ecs.stop_task(cluster=id, task=task, reason="its cluster is deleted")
        ecs.delete_cluster(cluster=id)


class TaskDefinition(Kind):
    """A definition cannot be changed: every change is another revision of its family."""

    replace = frozenset({
        "family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities", "taskRoleArn",
        "executionRoleArn",
    })  # fmt: skip

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        args = {key: value for key, value in inputs.items() if key in self.replace}
        args["containerDefinitions"] = json.loads(inputs["containerDefinitions"])
        made = aws.client("ecs").register_task_definition(**args)["taskDefinition"]
        # Its id is one revision's ARN: by the family alone the old and the new would be the same.
        return Made(made["taskDefinitionArn"], {"arn": made["taskDefinitionArn"], "revision": made["revision"]})

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        return {}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("ecs").deregister_task_definition(taskDefinition=id)


KINDS: dict[str, Kind] = {"Cluster": Cluster(), "TaskDefinition": TaskDefinition()}
