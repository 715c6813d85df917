"""The arrows between the parts, checked statically: each contract holds, and each would notice its violation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]

VIOLATIONS = [
    ("Arrows point down", "sst_dev/core/stray.py", "import sst_dev.engine"),
    ("Arrows point down", "sst_dev/engine/stray.py", "import sst_dev.functions"),
    ("Arrows point down", "sst_dev/tui/stray.py", "import sst_dev.app"),
    ("Arrows point down", "sst_dev/newpart/__init__.py", ""),
    ("The bridge, the SDK and the worker", "sst_bridge/stray.py", "import sst_worker"),
    ("The bridge, the SDK and the worker", "sst/stray.py", "import sst_bridge"),
    ("Nothing below imports the dev server", "sst_worker/stray.py", "import sst_dev.core.errors"),
    ("The stub stands on the bridge alone", "sst_stub/stray.py", "import boto3"),
    ("Only the TUI imports Textual", "sst_dev/app/stray.py", "import textual"),
]
"""Contract, by the start of its name · a file to add · what it contains."""


def lint(sources: Path) -> dict[str, bool]:
    """Run import-linter with our settings over the packages in *sources*: contract name → kept."""
    program = (
        "import sys; from importlinter.cli import lint_imports;"
        "sys.exit(lint_imports(config_filename=sys.argv[1], no_cache=True))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "pyproject.toml")],
        env={**os.environ, "PYTHONPATH": str(sources), "COLUMNS": "400"},
        cwd=sources,
        capture_output=True,
        text=True,
    )
    kept = {}
    output = re.sub(r"\s+", " ", answer.stdout)  # long names are wrapped
    for name in CONTRACTS:
        found = re.search(re.escape(name) + r" (KEPT|BROKEN)", output)
        assert found, f"import-linter did not report {name!r}:\n{answer.stdout}{answer.stderr}"
        kept[name] = found[1] == "KEPT"
    return kept


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """A copy of all packages that a test may spoil."""
    for name, folder in PACKAGES.items():
        shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_contract_is_kept(copy: Path) -> None:
    """The sources as they are break no contract."""
    assert lint(copy) == dict.fromkeys(CONTRACTS, True)


@pytest.mark.parametrize(("contract", "path", "line"), VIOLATIONS)
def test_a_violation_is_noticed(copy: Path, contract: str, path: str, line: str) -> None:
    """One forbidden import in one file breaks the contract that forbids it."""
    (copy / path).parent.mkdir(exist_ok=True)
    (copy / path).write_text(line + "\n")

    kept = lint(copy)

    (name,) = (name for name in CONTRACTS if name.startswith(contract))
    assert not kept[name]


def test_every_contract_has_a_violation() -> None:
    """A contract that was never seen to fail proves nothing."""
    untested = [name for name in CONTRACTS if not any(name.startswith(start) for start, _, _ in VIOLATIONS)]

    assert untested == []
