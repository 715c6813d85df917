"""`sst.x.DevCommand`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import ACCOUNT, declare


def test_a_command_with_its_links(tmp_path: Path) -> None:
    """Title, folder and links reach the manifest."""

    def run() -> None:
        sst.x.DevCommand("Studio", link=[sst.aws.Bucket("A")], dev={"command": "make studio", "title": "The studio"})

    [command] = declare(run, root=tmp_path).manifest["dev_commands"]

    assert (command["command"], command["title"], command["links"], command["directory"]) == (
        "make studio",
        "The studio",
        ["A"],
        ".",
    )


@pytest.mark.parametrize(
    ("dev", "message"),
    [
        ({}, "dev needs a command"),
        ({"command": ""}, "dev.command must be a command"),
        ({"command": "x", "directory": "../up"}, "is no folder below"),
        ({"comand": "x"}, "dev has no field 'comand'"),
    ],
)
def test_wrong_arguments(tmp_path: Path, dev: Any, message: str) -> None:
    """One sentence with the field."""
    with pytest.raises(ConfigError, match=f'DevCommand "Studio": {message}' if "is no" not in message else message):
        declare(lambda: sst.x.DevCommand("Studio", dev=dev) and None, root=tmp_path)


def test_its_role_may_do_what_its_links_and_permissions_allow(tmp_path: Path) -> None:
    """The account of the stage may assume it; the manifest says which it is."""

    def run() -> None:
        table = sst.aws.Dynamo("Notes", fields={"id": "string"}, primary_index={"hash_key": "id"})
        more = [{"actions": ["sqs:ListQueues"], "resources": ["*"]}]
        sst.x.DevCommand("Studio", link=[table], permissions=more, dev={"command": "make studio"})

    declared = declare(run, root=tmp_path)
    trust = json.loads(declared.inputs("StudioRole")["assumeRolePolicy"])
    statements = json.loads(declared.inputs("StudioPolicy")["policy"])["Statement"]

    assert trust["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert [statement["Action"] for statement in statements] == [["sqs:ListQueues"], ["dynamodb:*"]]
    assert declared.manifest["dev_commands"][0]["role_arn"] == "arn:StudioRole"


def test_without_links_its_role_may_do_nothing(tmp_path: Path) -> None:
    """There is a role, so that it does not run with the rights of the developer, and no policy."""
    declared = declare(lambda: sst.x.DevCommand("Studio", dev={"command": "make"}) and None, root=tmp_path)

    assert declared.types() == {"StudioRole": "aws:iam/role:Role"}


def test_permissions_that_are_none(tmp_path: Path) -> None:
    """One sentence with the place."""
    for value, message in (("s3:*", "permissions must be a list"), ([1], r"permissions\[0\]")):
        with pytest.raises(ConfigError, match=f'DevCommand "Studio": {message}'):
            declare(
                lambda value=value: sst.x.DevCommand("Studio", permissions=value, dev={"command": "make"}) and None,
                root=tmp_path,
            )
