"""Run, look at and stop the container tasks a function is linked to.

    from sst import Resource
    from sst.aws import task

    started = task.run(Resource.Resize, {"IMAGE": key})
    task.describe(Resource.Resize, started.arn).status

boto3 is imported by the first call: Lambda's runtime has it, elsewhere it is yours to install. Pass *client*, a boto3
`ecs` client, to use other credentials, another region or another endpoint.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_CAPACITY_PROVIDERS = {"fargate": "FARGATE", "spot": "FARGATE_SPOT"}
_default_client: "Any" = None


class TaskError(Exception):
    """ECS refused to start a task, or does not know it."""


class TaskState:
    """What ECS says of one task."""

    __slots__ = ("arn", "response", "status")

    def __init__(self, task: "Mapping[str, Any]", response: "Mapping[str, Any]") -> None:
        self.arn: str = task["taskArn"]
        self.status: str = task["lastStatus"]
        """ECS's own word: `PROVISIONING`, `PENDING`, `RUNNING`, … `STOPPED`."""
        self.response = response
        """The whole response of the ECS API."""

    def __repr__(self) -> str:
        return f"TaskState(arn={self.arn!r}, status={self.status!r})"


def run(
    resource: "Mapping[str, Any]",
    environment: "Mapping[str, str] | None" = None,
    *,
    capacity: str = "fargate",
    client: "Any" = None,
) -> TaskState:
    """Start a task: *resource* is its link, *environment* is added to that of each of its containers.

    *capacity* is `fargate` or `spot`. Raises TaskError with ECS's reason when nothing was started.
    """
    if capacity not in _CAPACITY_PROVIDERS:
        raise ValueError(f"task.run: capacity must be one of {', '.join(_CAPACITY_PROVIDERS)}; it is {capacity!r}")
    variables = [{"name": name, "value": value} for name, value in (environment or {}).items()]
    response = _ecs(client).run_task(
        cluster=resource["cluster"],
        taskDefinition=resource["taskDefinition"],
        capacityProviderStrategy=[{"capacityProvider": _CAPACITY_PROVIDERS[capacity]}],
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(resource["subnets"]),
                "securityGroups": list(resource["securityGroups"]),
                "assignPublicIp": "ENABLED" if resource["assignPublicIp"] else "DISABLED",
            }
        },
        overrides={"containerOverrides": [{"name": name, "environment": variables} for name in resource["containers"]]},
    )
    return _only_task("start", resource, response)


def describe(resource: "Mapping[str, Any]", task: str, *, client: "Any" = None) -> TaskState:
    """The state of the task with the ARN *task*.

    Raises TaskError when ECS no longer knows it: it forgets a task an hour after it stopped.
    """
    response = _ecs(client).describe_tasks(cluster=resource["cluster"], tasks=[task])
    return _only_task("describe", resource, response)


def stop(resource: "Mapping[str, Any]", task: str, *, client: "Any" = None) -> TaskState:
    """Ask ECS to stop the task with the ARN *task*; it may run for some minutes more. `describe` tells."""
    response = _ecs(client).stop_task(cluster=resource["cluster"], task=task)
    return TaskState(response["task"], response)


def _only_task(verb: str, resource: "Mapping[str, Any]", response: "Mapping[str, Any]") -> TaskState:
    if response["tasks"]:
        return TaskState(response["tasks"][0], response)
    reasons = "; ".join(
        " ".join(filter(None, (failure.get("arn"), failure.get("reason"), failure.get("detail"))))
        for failure in response.get("failures", [])
    )
    raise TaskError(f"ECS did not {verb} the task of {resource['taskDefinition']}: {reasons or 'it named no reason'}")


def _ecs(client: "Any") -> "Any":
    global _default_client
    if client is not None:
        return client
    if _default_client is None:
        import boto3

        _default_client = boto3.client("ecs")
    return _default_client
