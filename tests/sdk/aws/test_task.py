"""`sst.aws.task` against boto3's own ECS client: the requests it makes and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from sst.aws import task
from sst.resource import Link

ARN = "arn:aws:ecs:us-east-1:123456789012:task/main/abc"
RESIZE = Link(
    "Resource.Resize",
    {
        "cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/main",
        "taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/resize:3",
        "containers": ["resize", "log"],
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": True,
    },
)


@pytest.fixture(name="ecs")
def _ecs() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def request(capacity: str, variables: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "cluster": RESIZE.cluster,
        "taskDefinition": RESIZE.taskDefinition,
        "capacityProviderStrategy": [{"capacityProvider": capacity}],
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": ["subnet-1"],
                "securityGroups": ["sg-1"],
                "assignPublicIp": "ENABLED",
            }
        },
        "overrides": {
            "containerOverrides": [
                {"name": "resize", "environment": variables},
                {"name": "log", "environment": variables},
            ]
        },
    }


def test_run_starts_the_task_with_the_environment(ecs: tuple[Any, Stubber]) -> None:
    """The variables reach every container, and ARN and status come back with the raw response."""
    client, stubber = ecs
    response = {"tasks": [{"taskArn": ARN, "lastStatus": "PROVISIONING"}], "failures": []}
    stubber.add_response("run_task", response, request("FARGATE", [{"name": "KEY", "value": "a.png"}]))

    started = task.run(RESIZE, {"KEY": "a.png"}, client=client)

    assert (started.arn, started.status, started.response) == (ARN, "PROVISIONING", response)


def test_run_on_spot(ecs: tuple[Any, Stubber]) -> None:
    """`capacity="spot"` asks for Fargate Spot."""
    client, stubber = ecs
    response = {"tasks": [{"taskArn": ARN, "lastStatus": "PROVISIONING"}]}
    stubber.add_response("run_task", response, request("FARGATE_SPOT", []))

    assert task.run(RESIZE, capacity="spot", client=client).arn == ARN


def test_an_unknown_capacity_is_refused(ecs: tuple[Any, Stubber]) -> None:
    """The error names the argument and what it may be, before anything is asked of ECS."""
    with pytest.raises(ValueError, match="capacity must be one of fargate, spot; it is 'moon'"):
        task.run(RESIZE, capacity="moon", client=ecs[0])


def test_a_refused_task_says_why(ecs: tuple[Any, Stubber]) -> None:
    """ECS answers a refusal with an empty list and reasons; the reasons are the error."""
    client, stubber = ecs
    failures = [{"arn": "arn:capacity", "reason": "RESOURCE:CPU"}]
    stubber.add_response("run_task", {"tasks": [], "failures": failures})

    with pytest.raises(task.TaskError, match=r"did not start the task of .*resize:3: arn:capacity RESOURCE:CPU"):
        task.run(RESIZE, client=client)


def test_describe_and_stop_name_the_task(ecs: tuple[Any, Stubber]) -> None:
    """Both take the link and the ARN."""
    client, stubber = ecs
    known = {"taskArn": ARN, "lastStatus": "RUNNING"}
    stubber.add_response("describe_tasks", {"tasks": [known]}, {"cluster": RESIZE.cluster, "tasks": [ARN]})
    stubber.add_response("stop_task", {"task": known}, {"cluster": RESIZE.cluster, "task": ARN})

    assert task.describe(RESIZE, ARN, client=client).status == "RUNNING"
    assert task.stop(RESIZE, ARN, client=client).arn == ARN


def test_a_forgotten_task_is_an_error(ecs: tuple[Any, Stubber]) -> None:
    """A task ECS no longer knows raises with its reason."""
    client, stubber = ecs
    stubber.add_response("describe_tasks", {"tasks": [], "failures": [{"arn": ARN, "reason": "MISSING"}]})

    with pytest.raises(task.TaskError, match="MISSING"):
        task.describe(RESIZE, ARN, client=client)
