"""Containers in dev."""

from __future__ import annotations

from pathlib import Path

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


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
