"""Containers in dev."""

from __future__ import annotations

from pathlib import Path

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
    assert [n.split(" ")[0] for n in declared.notices] == ["Vpc", "Cluster", "Task"]


def test_a_service_needs_a_command(tmp_path: Path) -> None:
    """There is no default for a container."""
    with pytest.raises(ConfigError, match='Service "Web": dev needs a command'):
        declare(lambda: sst.aws.Service("Web") and None, root=tmp_path)
    with pytest.raises(ConfigError, match="dev needs the field 'command'"):
        declare(lambda: sst.aws.Task("T") and None, root=tmp_path)


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
    assert sorted(declared.types()) == ["ResizeRole", "WebPolicy", "WebRole"]
    assert seen[0] is not None
