"""Packages of functions that do not run live: what is in them, and when they are built anew."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sst_dev.core.errors import UserError
from sst_dev.engine import package
from sst_dev.engine.package import Packager

from tests.support.session import write

RUNTIME = f"python3.{sys.version_info.minor}"
FLAT = {
    "sst_config.py": "",
    ".env": "SECRET=1",
    "functions/api.py": "def handler(event, context): ...",
    "functions/words.txt": "one two",
    "node_modules/x/index.js": "",
    "data/big.bin": "0101",
}


@pytest.fixture(name="root")
def fixture_root(tmp_path: Path) -> Path:
    write(tmp_path / "app", FLAT)
    return tmp_path / "app"


def build(root: Path, handler: str = "functions/api.handler", local: bool = False, **more: Any) -> tuple[Path, str]:
    packager = Packager(root, root / ".sst" / "packages", local=local)
    archive, name = packager.build(component="Api", handler=handler, runtime=RUNTIME, **more)
    return Path(archive), name


def names(archive: Path, *, without_sdk: bool = True) -> set[str]:
    with zipfile.ZipFile(archive) as file:
        return {name for name in file.namelist() if not (without_sdk and name.startswith("sst/"))}


def test_it_holds_the_sources_and_the_runtime_half_of_the_sdk(root: Path) -> None:
    """With their data files; without the configuration, hidden files and what no function of Python's imports."""
    archive, handler = build(root)

    assert handler == "functions/api.handler"
    assert names(archive) == {"functions/api.py", "functions/words.txt", "data/big.bin"}
    sdk = names(archive, without_sdk=False)
    assert "sst/resource.py" in sdk and not any(name.startswith("sst/infra") for name in sdk)


def test_the_same_contents_are_the_same_package(root: Path) -> None:
    """It is found again without being built; a change, or another argument, makes another."""
    packager = Packager(root, root / ".sst" / "packages", local=False)
    asked = {"component": "Api", "handler": "functions/api.handler", "runtime": RUNTIME}
    assert packager.find(**asked) == ("", "")
    first = packager.build(**asked)
    data = Path(first[0]).read_bytes()

    assert packager.find(**asked) == first == packager.build(**asked)
    (root / "functions" / "api.py").write_text("def handler(event, context): return 1")
    second = packager.build(**asked)
    assert second != first and Path(second[0]).read_bytes() != data
    assert packager.find(**asked, copy_files=[{"from": "data", "to": "more"}]) == ("", "")


def test_files_are_copied_to_where_they_are_asked_for(root: Path) -> None:
    """Files and folders, hidden ones too when they are named."""
    copies = [{"from": ".env", "to": "conf/env"}, {"from": "data", "to": "more/data"}, {"from": "functions/words.txt"}]
    archive, _ = build(root, copy_files=copies)

    assert {"conf/env", "more/data/big.bin", "functions/words.txt"} <= names(archive)


def test_a_hook_sees_the_package_and_may_change_it(root: Path) -> None:
    """It runs each time, as nobody knows what it does."""
    seen: list[bool] = []

    async def hook(folder: str) -> None:
        seen.append((Path(folder) / "functions" / "api.py").exists())
        (Path(folder) / "stamp").write_text(str(len(seen)))

    first, _ = build(root, postbuild=hook)
    second, _ = build(root, postbuild=hook)

    assert seen == [True, True] and first != second
    with zipfile.ZipFile(second) as file:
        assert file.read("stamp") == b"2"


def test_a_bundle_is_taken_as_it_is(root: Path) -> None:
    """Its folder is the root of the package."""
    archive, handler = build(root, handler="api.handler", bundle="functions")

    assert (handler, names(archive)) == ("api.handler", {"api.py", "words.txt"})


def test_a_workspace_package_brings_the_packages_it_depends_on(tmp_path: Path) -> None:
    """Built from their sources, as the lock file says; its own sources are those of its folder."""
    project = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{}]\n{}'
    backend = '[build-system]\nrequires = ["hatchling>=1.27"]\nbuild-backend = "hatchling.build"\n'
    member = '"core"', backend + "[tool.uv.sources]\ncore = { workspace = true }\n"
    write(
        tmp_path,
        {
            "pyproject.toml": project.format("app", "", '[tool.uv.workspace]\nmembers = ["core", "functions"]\n'),
            "core/pyproject.toml": project.format("core", "", backend),
            "core/src/core/__init__.py": "word = 1",
            "functions/pyproject.toml": project.format("functions", *member),
            "functions/src/functions/__init__.py": "",
            "functions/src/functions/api.py": "def handler(event, context): ...",
        },
    )
    archive, handler = build(tmp_path, handler="functions/src/functions/api.handler")
    found = names(archive)

    assert handler == "functions/api.handler"
    assert {"functions/api.py", "core/__init__.py"} <= found and "pyproject.toml" not in found

    (tmp_path / "core" / "src" / "core" / "__init__.py").write_text("word = 2")
    assert build(tmp_path, handler="functions/src/functions/api.handler")[0] != archive


def test_what_uv_refuses_is_said(root: Path) -> None:
    """With the component, and uv's own words."""
    (root / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\nrequires-python = "==3.8.*"\n')
    (root / "uv.lock").write_text("not a lock")

    with pytest.raises(UserError, match=f'Function "Api": uv could not package it for {RUNTIME}: .*'):
        build(root)


def test_a_package_has_the_size_lambda_takes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unzipped."""
    monkeypatch.setattr(package, "SIZE_LIMIT", 3)

    with pytest.raises(UserError, match=r'Function "Api": its package holds .* Lambda takes at most'):
        build(root)


def test_on_the_embedded_cloud_it_brings_what_runs_it(root: Path) -> None:
    """An executable `bootstrap`, and the worker, hidden beside the user's modules."""
    archive, _ = build(root, local=True)

    with zipfile.ZipFile(archive) as file:
        assert file.getinfo("bootstrap").external_attr >> 16 == 0o755
        assert file.read("bootstrap").startswith(b"#!/bin/sh\n")
    assert ".sst-worker/bootstrap.py" in names(archive)
