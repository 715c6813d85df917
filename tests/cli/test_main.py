"""The command itself: exit codes, streams, and no tracebacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sst_dev.cli import COMMANDS
from sst_dev.core.errors import ExitCode

SST = [sys.executable, "-c", "from sst_dev.cli import main; main()"]


def sst(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SST_STAGE": "test"}
    return subprocess.run([*SST, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    (tmp_path / "sst_config.py").write_text("")
    return tmp_path


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["invoke", "Api"], ["logs"], ["stop"]])
def test_without_a_session_it_says_how_to_start_one(project: Path, arguments: list[str]) -> None:
    """Its own exit code, nothing on stdout, the hint on stderr."""
    done = sst(*arguments, cwd=project)

    assert (done.returncode, done.stdout) == (ExitCode.NO_SESSION, "")
    assert "sst dev --stage test" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nope"], "There is no command 'nope'"),
        (["dev", "--mode=loud"], "loud"),
        (["dev", "--nope"], "--nope"),
        (["invoke"], "NAME"),
        (["status", "--stage=a_b"], "a_b"),
        (["invoke", "Api", "--event", "{"], "not JSON"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(project: Path, arguments: list[str], word: str) -> None:
    """Exit code 2, the sentence on stderr, no traceback."""
    done = sst(*arguments, cwd=project)

    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    """No config here or above."""
    done = sst("dev", "--mode=basic", cwd=tmp_path)

    assert done.returncode == ExitCode.USAGE
    assert "sst init" in done.stderr


def test_the_help_lists_every_command(tmp_path: Path) -> None:
    """`sst`, `sst --help` and each command's own help work anywhere."""
    for arguments in ([], ["--help"]):
        done = sst(*arguments, cwd=tmp_path)
        assert done.returncode == 0
        assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_has_its_help(tmp_path: Path, name: str) -> None:
    """The module of the name has the command."""
    done = sst(name, "--help", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: sst {name}")


def test_version_and_telemetry_answer(tmp_path: Path) -> None:
    """The version is the package's; there is no telemetry."""
    assert sst("version", cwd=tmp_path).stdout.startswith("sst-py 0.")
    assert "collects nothing" in sst("telemetry", cwd=tmp_path).stdout
