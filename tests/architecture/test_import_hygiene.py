"""What a fresh interpreter loads: deferred imports hide from static analysis, and each costs someone a start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES
from tests.support.markdown import Shell
from tests.support.venvs import venv

HEAVY = {"boto3", "botocore", "pulumi", "pulumi_aws", "textual", "pydantic", "rich", "asyncio", "cryptography"}


def loaded(program: str, *options: str, python: str = sys.executable) -> set[str]:
    """The modules that *program* adds to `sys.modules` of a fresh interpreter."""
    whole = (
        "import sys, json\nbefore = set(sys.modules)\n"
        f"try:\n    exec({program!r}, {{'__name__': 'probe'}})\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(json.dumps(sorted(set(sys.modules) - before)))"
    )
    answer = subprocess.run([python, *options, "-c", whole], capture_output=True, text=True, env=_environment())
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stderr.splitlines()[-1]))


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(str(folder.parent) for folder in PACKAGES.values())
    return {"PYTHONPATH": paths, "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def tops(modules: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_importing_the_sdk_loads_the_sdk_alone() -> None:
    """`import sst` loads one module, its own."""
    assert loaded("import sst") == {"sst"}


def test_importing_resource_loads_two_small_modules_more() -> None:
    """Taking `Resource` loads nothing that reading a link would need."""
    assert loaded("from sst import Resource") == {"sst", "sst._lazy", "sst.resource"}


@pytest.mark.parametrize("name", ["task", "realtime", "stream"])
def test_a_client_loads_nothing_heavy(name: str) -> None:
    """The clients for handlers load boto3 when called, not when imported."""
    assert tops(loaded(f"from sst.aws import {name}")) & HEAVY == set()


def test_reading_a_link_loads_nothing_heavy() -> None:
    """Links in variables need json alone, the key file's `cryptography` stays away."""
    program = "import os\nos.environ['SST_RESOURCE_A'] = '{}'\nfrom sst import Resource\nResource.A"

    assert tops(loaded(program)) & HEAVY == set()


def test_the_worker_needs_the_standard_library_alone() -> None:
    """Every module of `sst_worker` loads in an interpreter that has no package at all."""
    folder = PACKAGES["sst_worker"]
    names = [f"sst_worker.{path.stem}" for path in folder.glob("*.py") if not path.stem.startswith("__")]
    modules = loaded("\n".join(f"import {name}" for name in names), python=str(venv()))

    assert tops(modules) <= {"sst_worker", *sys.stdlib_module_names}


def test_the_stub_loads_neither_boto3_nor_pydantic() -> None:
    """What runs in Lambda starts in milliseconds: no SDK of AWS, no validation library."""
    folder = PACKAGES["sst_stub"]
    names = [f"sst_stub.{path.stem}" for path in folder.glob("*.py") if path.stem != "__main__"]
    modules = loaded("\n".join(f"import {name}" for name in names))

    assert tops(modules) & {"boto3", "botocore", "pydantic", "sst_dev", "sst_worker", "pulumi"} == set()


def test_help_loads_click_alone() -> None:
    """`sst --help` answers without a single subsystem."""
    modules = loaded("from sst_dev.cli import main\nmain(['--help'])")

    assert tops(modules) & HEAVY == set()


CONFIG = """\
import sst

def app(input):
    return sst.App(name="lean", home="local")

def run():
    sst.aws.Function("Echo", handler="echo.handler")
"""

SESSION = """\
import atexit, json, sys
atexit.register(lambda: json.dump(sorted(sys.modules), open("modules.json", "w")))
from sst_dev.cli import main
main(sys.argv[1:])
"""


@pytest.mark.scenario
def test_a_basic_session_loads_neither_the_tui_nor_pulumi(tmp_path: Path) -> None:
    """Through a whole life of `sst dev --mode=basic`, with an invocation in it, the dev server never loads them."""
    (tmp_path / "sst_config.py").write_text(CONFIG)
    (tmp_path / "echo.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "session.py").write_text(SESSION)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = Shell(tmp_path, {**_environment(), "PATH": path}, tmp_path)
    try:
        shell.run_until("exec python session.py dev --mode=basic\n", "ready in")
        answer = shell.run("sst invoke Echo --event '[1]'\nsst stop\nwait\n")
    finally:
        shell.close()

    assert answer.startswith("[1]")
    assert tops(json.loads((tmp_path / "modules.json").read_text())) & {"textual", "pulumi", "pulumi_aws"} == set()
