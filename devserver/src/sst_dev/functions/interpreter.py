"""Which Python runs a function: its project's uv environment, or the CLI's own interpreter."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UserError
from ..core.handlers import nearest_project, read_pyproject, workspace_members
from ..processes.uv import find_uv
from .sources import Signature, signature


@dataclass(frozen=True)
class Interpreter:
    """A Python and the environment it belongs to."""

    python: Path
    virtual_env: Path | None
    version: str
    """`3.12`"""
    project: Path | None = None
    """The folder whose `pyproject.toml` and lock file it was made from."""


class Packages:
    """Whether an interpreter's environment still holds what it held: lock file, packages, `.pth` files."""

    def __init__(self, interpreter: Interpreter) -> None:
        venv = interpreter.virtual_env
        self._sites = sorted(venv.glob("lib/python*/site-packages")) if venv else []
        self._lock = [interpreter.project / "uv.lock"] if interpreter.project else []
        self._contents = self._list()
        self._gate = self._look()

    def changed(self) -> list[str]:
        """Paths that differ from what they were; costs a few stats as long as nothing does."""
        if self._look() == self._gate:
            return []
        contents = self._list()
        changed = sorted({path for path, _ in contents.symmetric_difference(self._contents)})
        if not changed:
            self._gate = self._look()  # a `__pycache__` appeared beside the packages
        return changed

    def folders(self) -> list[Path]:
        """Where a change would be seen."""
        return [*self._sites, *(file.parent for file in self._lock)]

    def _look(self) -> list[Signature | None]:
        """A new or removed file shows in the date of its folder, an edited `.pth` or lock file in its own."""
        links = [path for path, _ in self._contents if path.endswith(".pth")]
        return [signature(str(path)) for path in (*self._lock, *self._sites, *sorted(links))]

    def _list(self) -> set[tuple[str, Signature | None]]:
        """The lock file, path files and installed distributions, with their dates."""
        kinds = ("*.dist-info", "*.egg-info", "*.egg-link", "*.pth")
        found = [path for site in self._sites for kind in kinds for path in site.glob(kind)]
        return {(str(path), signature(str(path))) for path in (*found, *self._lock)}


class Interpreters:
    """Finds the interpreter of each project once, and makes its environment when it is missing."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._found: dict[Path | None, Interpreter] = {}
        self._lock = asyncio.Lock()

    async def of(self, file: Path) -> Interpreter:
        """The interpreter for the handler in *file*; runs `uv sync` when its environment does not exist.

        Raises UserError when uv is missing or fails.
        """
        home = environment_home(self._root, file)
        async with self._lock:
            found = self._found.get(home)
            if found is None or not found.python.exists():
                found = await self._make(home)
                self._found[home] = found
            return found

    async def _make(self, home: Path | None) -> Interpreter:
        if home is None:
            return own_interpreter()
        venv = home / ".venv"
        if not _python(venv).exists():
            await self._sync(home)
        if not _python(venv).exists():
            raise UserError(f"uv made no environment in {venv}", hint=f"Run `uv sync` in {home}.")
        return Interpreter(_python(venv), venv, venv_version(venv), home)

    async def _sync(self, home: Path) -> None:
        self._say(f"making the environment of {home} (uv sync)")
        command = [find_uv(), "sync", "--no-progress", *(["--all-packages"] if workspace_members(home) else [])]
        environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")}
        # uv takes the first fitting Python on PATH and downloads one when none fits: before that, the CLI's own.
        environment["PATH"] = os.pathsep.join(filter(None, (os.environ.get("PATH"), f"{sys.base_prefix}/bin")))
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=home,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        lines: list[str] = []
        try:
            assert process.stdout is not None
            async for raw in process.stdout:
                lines.append(raw.decode("utf-8", "replace").rstrip())
                self._say(lines[-1])
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status:
            raise UserError(
                f"`uv sync` failed in {home}: {_reason(lines) or f'exit status {status}'}",
                hint=f"Run `uv sync` in {home} and mend what it reports.",
            )


def environment_home(root: Path, file: Path) -> Path | None:
    """The folder whose `.venv` belongs to *file*: its project, or the root of the workspace that has it.

    None when no project above *file* has or could have an environment.
    """
    project = nearest_project(root, file)
    while project is not None:
        document = read_pyproject(project)
        if "project" in document or "workspace" in document.get("tool", {}).get("uv", {}):
            break
        if _python(project / ".venv").exists():
            return project
        project = nearest_project(root, project)
    if project is None:
        return None
    for above in project.parents:
        if project in workspace_members(above):
            return above
    return project


def own_interpreter() -> Interpreter:
    """The interpreter this program runs on."""
    venv = Path(sys.prefix) if sys.prefix != sys.base_prefix else None
    return Interpreter(Path(sys.executable), venv, f"{sys.version_info[0]}.{sys.version_info[1]}")


def venv_version(venv: Path) -> str:
    """`3.12`, from `pyvenv.cfg`, or an empty string when it does not say."""
    try:
        lines = (venv / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:2])
    return ""


def _reason(lines: list[str]) -> str:
    """What uv says went wrong: its error and the deepest cause of it, or else its last line."""
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    causes = [line.strip().removeprefix("cause:").strip() for line in lines if line.startswith("  cause:")]
    return "; ".join((*errors[:1], *causes[-1:])) or "".join(lines[-1:])


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"
