"""`sst.x.DevCommand`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


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
