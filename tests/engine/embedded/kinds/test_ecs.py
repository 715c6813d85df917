"""ECS: what stands for tasks on the embedded cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sst
from botocore.exceptions import ClientError
from sst.aws import task

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_the_link_of_a_task_starts_it_and_no_other(cloud: CloudUnderTest, tmp_path: Path) -> None:
    """With the role of a function that is linked to one of two tasks; `describe` and `stop` as well."""

    def run() -> dict[str, Any]:
        mine, other = (sst.aws.Task(name, dev={"command": "true"}) for name in ("Mine", "Other"))
        sst.aws.Function("Api", handler="a.b", link=[mine])
        return {"other": other.sst_link().properties}

    manifest, _ = cloud.apply(run, stage="tasks", app=KEEP, root=tmp_path)
    [link] = [one["properties"] for one in manifest["links"] if one["name"] == "Mine"]
    ecs = cloud.as_role(manifest["functions"][0]["role_arn"], "ecs")

    started = task.run(link, {"KEY": "a"}, client=ecs)
    assert task.describe(link, started.arn, client=ecs).status == "RUNNING"
    assert task.stop(link, started.arn, client=ecs).status == "STOPPED"
    with pytest.raises(ClientError, match="AccessDenied"):
        task.run(manifest["outputs"]["other"], client=ecs)


def test_a_changed_task_is_another_revision(cloud: CloudUnderTest, tmp_path: Path) -> None:
    """The old one goes, as do all when the task is not declared any more."""

    def app(*containers: str) -> Any:
        named = [{"name": name} for name in containers]
        return lambda: {"arn": sst.aws.Task("T", containers=named, dev={"command": "true"}).task_definition}

    ecs = cloud.client("ecs")
    facts: dict[str, Any] = {"stage": "revisions", "app": KEEP, "root": tmp_path}
    first = cloud.apply(app("one"), **facts)[0]["outputs"]["arn"]
    second = cloud.apply(app("one", "two"), **facts)[0]["outputs"]["arn"]
    family = second.rpartition("/")[2].partition(":")[0]

    assert second != first
    assert ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"] == [second]
    assert cloud.apply(app("one", "two"), **facts)[1] == []
    cloud.apply(lambda: None, **facts)
    assert ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"] == []
    assert not [arn for arn in ecs.list_clusters()["clusterArns"] if "revisions" in arn]
