"""`sst debug` writes what the IDEs read, and asks the session for post mortems."""

from __future__ import annotations

import json
import socket
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sst_dev.cli.debug import launch_json, run_configuration
from sst_dev.core.errors import ExitCode, UserError

from tests.support.markdown import blocks
from tests.support.session import config, session, sst, write

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


def test_the_port_that_is_there_stays(tmp_path: Path) -> None:
    """Without a session and without --port, in both IDEs' files; the session to start has it too."""
    write(tmp_path, APP)
    for ide, name in (("vscode", ".vscode/launch.json"), ("pycharm", ".idea/runConfigurations/sst_dev.xml")):
        sst("debug", ide, "--port=6001", cwd=tmp_path)
        before = (tmp_path / name).read_text()
        again = sst("debug", ide, cwd=tmp_path)

        assert (tmp_path / name).read_text() == before and "6001" in before
        assert b"6001`" in again.stdout, again.stderr


@pytest.mark.scenario
@pytest.mark.parametrize("ide", ["vscode", "pycharm"])
def test_the_port_of_the_running_session_is_written(tmp_path: Path, ide: str) -> None:
    """Whatever stood there; `--port` is stronger."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sessions = {"vscode": f"--debug={port}", "pycharm": f"--debug=pycharm:{port}"}
    files = {"vscode": ".vscode/launch.json", "pycharm": ".idea/runConfigurations/sst_dev.xml"}
    with session(tmp_path, APP, sessions[ide]) as live:
        live.wait_output("Debugger: ")
        for asked, written in (("--port=6001", "6001"), ("", str(port))):
            done = live.sst("debug", ide, *filter(None, [asked]))
            assert done.returncode == ExitCode.OK, done.stderr
            assert written in (tmp_path / files[ide]).read_text()
            assert ("`sst dev --debug" in done.stdout.decode()) == (written == "6001")  # else it runs already


def test_the_file_goes_where_the_ide_looks(tmp_path: Path) -> None:
    """An app in a folder of a repository: beside the repository's settings."""
    write(tmp_path / "apps/shop", APP)
    (tmp_path / ".git").mkdir()
    done = sst("debug", "vscode", cwd=tmp_path / "apps/shop")

    assert done.returncode == ExitCode.OK, done.stderr
    assert (tmp_path / ".vscode/launch.json").exists()


COMPOUND = '{"version": "0.2.0",\n\t"configurations": [\n\t\t{"name": "web",},\n\t], // mine\n\t"compounds": []}\n'


@pytest.mark.parametrize(
    "before",
    [
        "",
        "{}",
        "// nothing yet\n",
        '{"configurations": []}',
        COMPOUND,
        COMPOUND.replace("\n", "\r\n"),
        "\ufeff" + COMPOUND,
    ],
)
def test_whatever_stands_there_stays(before: str) -> None:
    """Comments, other settings, line ends, tabs and a byte order mark; and the second time nothing changes."""
    after = launch_json(before, 5678, Path("launch.json"))

    assert launch_json(after, 5678, Path("launch.json")) == after
    assert after.count("\r\n") == (after.count("\n") if "\r" in before else 0)
    for piece in ("\ufeff", "// mine", "// nothing yet", '"compounds": []', '{"name": "web",}'):
        assert (piece in after) == (piece in before)
    if "\t" in before:
        assert "\n\t\t{" in after and "  " not in after


def test_what_one_has_changed_in_ours_stays_too() -> None:
    """Only the port follows what was asked for."""
    before = '{"configurations": [{"name": "sst dev", "justMyCode": false, "connect": {"host": "h", "port": 1}}]}'

    assert launch_json(before, 6000, Path("launch.json")) == before.replace("1}", "6000}")


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """What cannot be read or written is an error of the user's, without a traceback."""
    write(tmp_path, APP)
    (tmp_path / ".vscode/launch.json").mkdir(parents=True)
    done = sst("debug", "vscode", cwd=tmp_path)

    assert done.returncode == ExitCode.USAGE
    assert b"launch.json cannot be" in done.stderr and b"Traceback" not in done.stderr


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Settings that are kept elsewhere are changed there."""
    write(tmp_path, APP | {"elsewhere.json": "{}"})
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode/launch.json").symlink_to(tmp_path / "elsewhere.json")
    assert sst("debug", "vscode", cwd=tmp_path).returncode == ExitCode.OK

    assert (tmp_path / ".vscode/launch.json").is_symlink()
    assert "debugpy" in (tmp_path / "elsewhere.json").read_text()


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

    file = tmp_path / ".idea/runConfigurations/sst_dev.xml"
    file.write_text(file.read_text().replace("<list />", '<list><mapping local-root="a" remote-root="b" /></list>'))
    edited = file.read_text()
    sst("debug", "pycharm", "--port=6002", cwd=tmp_path)
    assert file.read_text() == edited.replace("6001", "6002")  # path mappings of one's own stay


def test_post_mortem_needs_a_session(tmp_path: Path) -> None:
    """Without one the exit code says so."""
    write(tmp_path, APP)

    assert sst("debug", "post-mortem", cwd=tmp_path).returncode == ExitCode.NO_SESSION


PAGE = (Path(__file__).parents[2] / "docs/debugging.md").read_text()


@pytest.mark.parametrize("ide", ["vscode", "pycharm"])
def test_the_page_says_what_the_command_says(tmp_path: Path, ide: str) -> None:
    """Each block of the page ends with the session that its `sst debug` names."""
    write(tmp_path, APP)
    (lines,) = (block.text.splitlines() for block in blocks(PAGE) if f"sst debug {ide}" in block.text)
    command, session = lines[-2:]
    done = sst(*command.split()[1:], cwd=tmp_path)

    assert done.returncode == ExitCode.OK, done.stderr
    assert f"`{session}`" in done.stdout.decode()
