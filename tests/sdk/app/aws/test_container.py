"""Containers in dev."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import ACCOUNT, declare

ALLOW = {"actions": ["sqs:ListQueues"], "resources": ["*"]}


def test_a_service_and_a_task_are_commands(tmp_path: Path) -> None:
    """What they would run in is said once and left out."""

    def run() -> None:
        vpc = sst.aws.Vpc("Net", bastion=True)
        cluster = sst.aws.Cluster("Cluster", vpc=vpc)
        files = sst.aws.Bucket("Files")
        sst.aws.Service("Web", cluster=cluster, link=[files], dev={"command": "uvicorn app:app"})
        sst.aws.Task("Resize", cluster=cluster, link=[files], dev={"command": "python resize.py"})

    declared = declare(run, root=tmp_path)

    assert [(c["name"], c["command"], c["links"]) for c in declared.manifest["dev_commands"]] == [
        ("Web", "uvicorn app:app", ["Files"])
    ]
    assert [(t["name"], t["command"], t["links"]) for t in declared.manifest["tasks"]] == [
        ("Resize", "python resize.py", ["Files"])
    ]
    assert [n.split(" ")[0] for n in declared.notices] == ["Vpc", "Cluster"]


def test_a_service_needs_a_command(tmp_path: Path) -> None:
    """There is no default for a container."""
    with pytest.raises(ConfigError, match='Service "Web": dev needs a command'):
        declare(lambda: sst.aws.Service("Web") and None, root=tmp_path)


def test_a_misspelt_argument_of_a_service(tmp_path: Path) -> None:
    """Before anything is made, with the word that was meant."""
    with pytest.raises(ConfigError, match="loadbalancer") as caught:
        declare(lambda: sst.aws.Service("Web", dev={"command": "true"}, loadbalancer={}) and None, root=tmp_path)
    assert "load_balancer" in caught.value.hint


def test_they_run_with_a_task_role(tmp_path: Path) -> None:
    """One of their own, which `transform` and `nodes` know by the name of AWS; or one that exists."""
    seen = []

    def run() -> None:
        tags = {"task_role": {"tags": {"team": "web"}}, "service": {"wait": True}}
        web = sst.aws.Service("Web", permissions=[ALLOW], transform=tags, dev={"command": "uvicorn app:app"})
        seen.append(web.nodes["task_role"])
        sst.aws.Task("Resize", dev={"command": "python resize.py"})
        sst.aws.Service("Own", task_role="mine", dev={"command": "true"})

    declared = declare(run, root=tmp_path)
    [web, own], [resize] = declared.manifest["dev_commands"], declared.manifest["tasks"]

    assert (web["role_arn"], resize["role_arn"]) == ("arn:WebRole", "arn:ResizeRole")
    assert own["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/mine"
    assert declared.inputs("WebRole")["tags"] == {"team": "web"}
    assert sorted(declared.types()) == ["ResizeCluster", "ResizeRole", "ResizeTask", "WebPolicy", "WebRole"]
    assert seen[0] is not None


def test_a_task_without_a_command_does_nothing(tmp_path: Path) -> None:
    """It is there to be linked and started all the same; one line says so."""
    declared = declare(lambda: sst.aws.Task("T", dev=False, cpu="1 vCPU", memory="2 GB") and None, root=tmp_path)

    assert declared.manifest["tasks"][0]["command"] == ""
    assert "has no dev.command" in declared.notices[0]


def test_a_link_lets_its_receiver_start_the_task(tmp_path: Path) -> None:
    """The properties are what `sst.aws.task` needs; the role may be passed on."""

    def run() -> None:
        task = sst.aws.Task("Resize", public_ip=False, dev={"command": "python resize.py"})
        sst.aws.Function("Api", handler="a.b", link=[task])

    declared = declare(run, root=tmp_path)

    assert declared.link("Resize") == {
        "cluster": "arn:ResizeCluster", "taskDefinition": "arn:ResizeTask", "containers": ["Resize"], "subnets": [],
        "securityGroups": [], "assignPublicIp": False,
    }  # fmt: skip
    statements = json.loads(declared.inputs("ApiPolicy")["policy"])["Statement"]
    granted = {action: one["Resource"] for one in statements for action in one["Action"]}
    assert granted["ecs:*"][0] == "arn:ResizeTask"
    assert granted["iam:PassRole"] == ["arn:ResizeRole"]
    assert declared.manifest["tasks"][0]["cluster"] == "arn:ResizeCluster"


def test_containers_and_their_images(tmp_path: Path) -> None:
    """The link names every container; the command runs where the Dockerfile lies."""

    def run() -> None:
        sst.aws.Task("Two", containers=[{"name": "app"}, {"name": "admin"}], dev={"command": "true"})
        image = {"context": "./app", "dockerfile": "docker/Dockerfile"}
        sst.aws.Task("One", image=image, dev={"command": "true"}, transform={"task_definition": {"cpu": "512"}})

    declared = declare(run, root=tmp_path)

    assert [task["directory"] for task in declared.manifest["tasks"]] == [".", "app/docker"]
    assert [one["name"] for one in json.loads(declared.inputs("TwoTask")["containerDefinitions"])] == ["app", "admin"]
    assert declared.inputs("OneTask")["cpu"] == "512"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dev": {"cmd": "x"}}, "dev has no field 'cmd'"),
        ({"lnk": []}, "has no field 'lnk'"),
        ({"containers": [{}]}, r"containers\[0\] must be a dictionary with a name"),
        ({"containers": [{"name": "a"}], "image": "b"}, "image goes into containers"),
    ],
)
def test_wrong_arguments_of_a_task(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    """One sentence with the component and the argument."""
    with pytest.raises(ConfigError, match=f'Task "T".*{message}'):
        declare(lambda: sst.aws.Task("T", **arguments) and None, root=tmp_path)
