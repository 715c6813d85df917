"""Which Python runs a handler, with real uv projects (without dependencies, so without network)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from sst_dev.core.errors import UserError
from sst_dev.functions.interpreter import Interpreters, Packages, environment_home, venv_version

PROJECT = '[project]\nname = "{name}"\nversion = "0"\nrequires-python = ">=3.9"\n'
WORKSPACE = PROJECT + '[tool.uv.workspace]\nmembers = ["functions"]\n'


def project(here: Path, /, **texts: str) -> Path:
    """A handler in `functions/`, and a `pyproject.toml` in each folder named (`root` is the root)."""
    (here / "functions").mkdir(parents=True, exist_ok=True)
    for folder, text in texts.items():
        place = here if folder == "root" else here / folder
        (place / "pyproject.toml").write_text(text)
    file = here / "functions/api.py"
    file.write_text("")
    return file


async def test_the_environment_is_made_once_with_progress(tmp_path: Path) -> None:
    """A project without `.venv` gets one by `uv sync`; its lines are said; the next call finds it made."""
    file = project(tmp_path, root=PROJECT.format(name="app"))
    said: list[str] = []
    interpreters = Interpreters(tmp_path, said.append)
    found = await interpreters.of(file)
    lines = len(said)
    again = await interpreters.of(file)

    assert found.python == tmp_path / ".venv/bin/python"
    assert found.virtual_env == tmp_path / ".venv"
    assert found.version == venv_version(tmp_path / ".venv") != ""
    assert said[0].startswith("making the environment of")
    assert again is found
    assert len(said) == lines > 1


async def test_a_workspace_member_uses_the_workspaces_environment(tmp_path: Path) -> None:
    """One environment for all members, at the workspace's root."""
    file = project(tmp_path, root=WORKSPACE.format(name="app"), functions=PROJECT.format(name="functions"))

    assert environment_home(tmp_path, file) == tmp_path
    assert (await Interpreters(tmp_path, lambda line: None).of(file)).virtual_env == tmp_path / ".venv"


async def test_a_project_of_its_own_beside_the_app(tmp_path: Path) -> None:
    """The nearest project counts, when it is no member of a workspace."""
    file = project(tmp_path, root=PROJECT.format(name="app"), functions=PROJECT.format(name="functions"))

    assert environment_home(tmp_path, file) == tmp_path / "functions"


async def test_without_a_project_the_cli_itself(tmp_path: Path) -> None:
    """A folder of handlers needs no set-up; a `pyproject.toml` for tools alone is no project."""
    file = project(tmp_path, root="[tool.ruff]\nline-length = 100\n")
    (tmp_path / ".git").mkdir()
    found = await Interpreters(tmp_path, lambda line: None).of(file)

    assert found.python == Path(sys.executable)


async def test_a_failing_sync_is_the_users_error(tmp_path: Path) -> None:
    """With what uv said last, and what to do."""
    broken = PROJECT.format(name="app") + 'dependencies = ["./nowhere-at-all"]\n'
    file = project(tmp_path, root=broken)
    with pytest.raises(UserError, match="`uv sync` failed") as caught:
        await Interpreters(tmp_path, lambda line: None).of(file)

    assert "uv sync" in caught.value.hint


async def test_a_cause_follows_its_error(tmp_path: Path) -> None:
    """uv's own first sentence comes before the deepest cause: alone, neither says what is wrong."""
    file = project(tmp_path, root=PROJECT.format(name="app"))
    (tmp_path / "uv.toml").write_text("nonsense = 1\n")
    with pytest.raises(UserError, match=r"failed in .*: Failed to parse: \S+; TOML parse error"):
        await Interpreters(tmp_path, lambda line: None).of(file)


async def test_the_clis_own_python_is_there_when_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool environment's Python need not be on PATH; taking it beats downloading another."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_PYTHON_PREFERENCE", "only-system")
    found = await Interpreters(tmp_path, lambda line: None).of(project(tmp_path, root=PROJECT.format(name="app")))

    assert found.version == f"{sys.version_info[0]}.{sys.version_info[1]}"


async def test_packages_change_when_one_is_installed_and_not_when_one_is_imported(tmp_path: Path) -> None:
    """A new distribution, an edited `.pth` and another lock file count; a `__pycache__` does not."""
    file = project(tmp_path, root=PROJECT.format(name="app"))
    found = await Interpreters(tmp_path, lambda line: None).of(file)
    assert found.virtual_env is not None
    (site,) = found.virtual_env.glob("lib/python*/site-packages")
    (site / "dev.pth").write_text("# nothing\n")

    packages = Packages(found)
    (site / "__pycache__").mkdir(exist_ok=True)
    os.utime(site)
    assert packages.changed() == []
    (site / "new-1.0.dist-info").mkdir()
    assert packages.changed() == [str(site / "new-1.0.dist-info")]

    packages = Packages(found)
    (site / "dev.pth").write_text("# nothing at all\n")
    assert packages.changed() == [str(site / "dev.pth")]

    packages = Packages(found)
    (tmp_path / "uv.lock").write_text("")
    assert packages.changed() == [str(tmp_path / "uv.lock")]
