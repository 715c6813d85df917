"""The documentation is run as its reader would run it, in a fresh copy of the repository."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sst_dev.cli import COMMANDS
from sst_dev.core.errors import ExitCode

from tests.support.markdown import Block, Shell, blocks, shows

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
)
PARSERS = {"python": ast.parse, "toml": tomllib.loads, "json": json.loads}

PORT = "8765"
"""The port that pages serve on; in the tests it is one that is free."""
SIGNATURES = ("docs/internals.md",)
"""Pages whose Python is interfaces without bodies."""


def page(name: str) -> str:
    return (ROOT / name).read_text()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on; uvicorn takes it over in a moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


RUNNING = [name for name in PAGES if any(block.kind in ("run", "file") for block in blocks(page(name)))]


@pytest.fixture(name="clone")
def _clone(tmp_path: Path) -> Path:
    """What a clone of this checkout would hold, uncommitted files included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    clone = tmp_path / "sst-py"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    return clone


@pytest.fixture(name="reader")
def _reader(tmp_path: Path) -> dict[str, str]:
    """The environment of someone who has Python, pip and a home folder, and nothing of ours on PATH."""
    subprocess.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", tmp_path / "python"], check=True)
    passed_on = (
        "HOME",
        "LANG",
        "SSL_CERT_FILE",
        "UV_CACHE_DIR",
        "XDG_CACHE_HOME",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    )
    kept = {name: value for name, value in os.environ.items() if name in passed_on or name.startswith("PIP_")}
    outside = [folder for folder in os.environ["PATH"].split(":") if not folder.startswith(sys.prefix)]
    return {**kept, "PATH": ":".join([str(tmp_path / "python" / "bin"), *outside])}


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_run_or_parses(name: str) -> None:
    """A block of bash says how it is run; data and Python that are not run at least parse."""
    for block in blocks(page(name)):
        assert block.kind or block.language != "bash", f"{name}:{block.line}: say above the block how it is run"
        if not block.kind and block.language in PARSERS and name not in SIGNATURES:
            PARSERS[block.language](block.text)


@pytest.mark.scenario
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", RUNNING)
def test_a_page_runs_from_top_to_bottom(name: str, clone: Path, reader: dict[str, str], tmp_path: Path) -> None:
    """Each block does what the page says, after the ones above it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shell = Shell(clone, reader, scratch)
    output = ""
    text = page(name).replace(PORT, str(free_port()))
    try:
        for block in blocks(text):
            output = run(block, shell, output, f"{name}:{block.line}")
    finally:
        shell.close()

    for path in ROOT.glob("examples/*/sst_env.pyi"):
        assert (clone / path.relative_to(ROOT)).read_text() == path.read_text(), f"{path}: commit what sst wrote"


def run(block: Block, shell: Shell, output: str, where: str) -> str:
    """Do what *block* asks; the output it leaves for an output block below it."""
    match block.kind:
        case "run" if block.argument:
            return shell.run_until(block.text, block.argument.removeprefix("until").strip())
        case "run":
            return shell.run(block.text)
        case "output":
            assert shows(block.text, output), f"{where}: expected\n{block.text}\ngot\n{output}"
        case "file":
            shell.run(f"cat > '{block.argument}' <<'END OF FILE'\n{block.text}END OF FILE\n")
    return output


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    """A relative link names a file that exists."""
    broken = [
        target
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page(name))
        if not (ROOT / name).parent.joinpath(target).exists()
    ]

    assert broken == []


def test_ci_runs_the_readme_s_test_command() -> None:
    """`.ci/run` finds its command in the README, so the two cannot differ."""
    (block,) = (block for block in blocks(page("README.md")) if block.kind == "ci" and block.argument == "tests")
    program = (ROOT / ".ci" / "run").read_text()

    assert block.text.count("\n") == 1
    assert "<!-- ci: tests -->" in program
    assert block.text.strip().startswith("pip install uv && uv run pytest")


def test_the_command_page_has_every_command() -> None:
    """Each command of `sst --help` has its row, and no row is about a command that is not there."""
    rows = set(re.findall(r"^\| `sst (\w+)", page("docs/cli.md"), re.MULTILINE))

    assert rows == set(COMMANDS)


def test_the_command_page_has_every_exit_code() -> None:
    """The table is that of the enum."""
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", page("docs/cli.md"), re.MULTILINE)}

    assert rows == set(ExitCode)
