"""`sst debug` writes what the IDEs read, and asks the session for post mortems."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sst_dev.cli.debug import launch_json, run_configuration
from sst_dev.core.errors import ExitCode, UserError

from tests.support.session import config, sst, write

APP = {"sst_config.py": config("pass")}


def test_vscode_gets_a_configuration_and_keeps_its_own(tmp_path: Path) -> None:
    """Beside what is there, at the port asked for; a second time nothing changes."""
    file = tmp_path / ".vscode/launch.json"
    write(tmp_path, APP | {".vscode/launch.json": '{"configurations": [/* mine */ {"name": "web"}]}'})
    done = sst("debug", "vscode", "--port=6000", cwd=tmp_path)
    first = file.read_text()
    again = sst("debug", "vscode", "--port=6000", cwd=tmp_path)

    assert done.returncode == again.returncode == ExitCode.OK, done.stderr
    assert b"sst dev --debug=6000" in done.stdout
    ours, web = json.loads(first.replace("/* mine */", ""))["configurations"]
    assert ours["connect"] == {"host": "127.0.0.1", "port": 6000} and ours["type"] == "debugpy"
    assert web == {"name": "web"} and "/* mine */" in first
    assert file.read_text() == first and b"as it should be" in again.stdout


def test_the_file_goes_where_the_ide_looks(tmp_path: Path) -> None:
    """An app in a folder of a repository: beside the repository's settings."""
    write(tmp_path / "apps/shop", APP)
    (tmp_path / ".git").mkdir()
    done = sst("debug", "vscode", cwd=tmp_path / "apps/shop")

    assert done.returncode == ExitCode.OK, done.stderr
    assert (tmp_path / ".vscode/launch.json").exists()


def test_a_broken_file_is_the_users_to_mend() -> None:
    """It is named, and not overwritten."""
    with pytest.raises(UserError, match=r"launch\.json"):
        launch_json('{"configurations": [', 5678, Path(".vscode/launch.json"))


def test_pycharm_gets_a_run_configuration(tmp_path: Path) -> None:
    """Its debug server, on the port the session is told to connect to."""
    write(tmp_path, APP)
    done = sst("debug", "pycharm", "--port=6001", cwd=tmp_path)
    root = ET.fromstring((tmp_path / ".idea/runConfigurations/sst_dev.xml").read_text())

    assert b"sst dev --debug=pycharm:6001" in done.stdout, done.stderr
    assert root.find("configuration/option[@name='PORT']").get("value") == "6001"  # type: ignore[union-attr]
    assert ET.fromstring(run_configuration(1)).find("configuration") is not None


def test_post_mortem_needs_a_session(tmp_path: Path) -> None:
    """Without one the exit code says so."""
    write(tmp_path, APP)

    assert sst("debug", "post-mortem", cwd=tmp_path).returncode == ExitCode.NO_SESSION
