"""Frontends in dev."""

from __future__ import annotations

from pathlib import Path

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_a_frontend_is_a_dev_command(tmp_path: Path) -> None:
    """Its own dev server in its own folder, with its links; arguments of a deployed site are taken and wait."""
    (tmp_path / "web").mkdir()

    def run() -> None:
        bucket = sst.aws.Bucket("Files")
        sst.aws.Nextjs("Web", path="web", link=[bucket], domain="example.com", environment={"A_B": bucket.name})
        sst.aws.StaticSite("Docs", dev={"command": "mkdocs serve", "url": "http://localhost:8000", "autostart": False})

    declared = declare(run, root=tmp_path)
    web, docs = declared.manifest["dev_commands"]

    assert (web["name"], web["command"], web["directory"], web["links"]) == ("Web", "npm run dev", "web", ["Files"])
    assert web["environment"]["A_B"].startswith("notes-dev-filesbucket")
    assert (docs["command"], docs["url"], docs["autostart"]) == ("mkdocs serve", "http://localhost:8000", False)
    assert declared.link("Docs") == {"url": "http://localhost:8000"}
    assert declared.link("Web") == {"url": "http://url-unavailable-in-dev.mode"}


def test_its_dev_server_has_a_role(tmp_path: Path) -> None:
    """For what it is linked to and for its permissions, as the function of a deployed site."""
    allow = {"actions": ["sqs:ListQueues"], "resources": ["*"]}
    declared = declare(lambda: sst.aws.Nextjs("Web", permissions=[allow]) and None, root=tmp_path)

    assert declared.manifest["dev_commands"][0]["role_arn"] == "arn:WebRole"
    assert "sqs:ListQueues" in declared.inputs("WebPolicy")["policy"]


def test_a_misspelt_argument_is_named(tmp_path: Path) -> None:
    """Before anything is made, with the word that was meant."""
    with pytest.raises(ConfigError, match="enviroment") as caught:
        declare(lambda: sst.aws.StaticSite("Docs", enviroment={"A": "b"}) and None, root=tmp_path)
    assert "environment" in caught.value.hint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Found when the app is applied, not when the command fails to start."""
    with pytest.raises(ConfigError, match=r"dev\.directory 'web' is no folder"):
        declare(lambda: sst.aws.Nextjs("Web", path="web") and None, root=tmp_path)


@pytest.mark.parametrize("facts", [{"dev": False}, {}])
def test_sites_are_not_deployed(facts: dict[str, bool], tmp_path: Path) -> None:
    """Outside dev, or with dev=False, the message says what this version can do."""
    with pytest.raises(ConfigError, match='Astro "Web" cannot be deployed'):
        declare(lambda: sst.aws.Astro("Web", dev=None if facts else False) and None, root=tmp_path, **facts)
