"""The deployment package of a function that does not run live: its sources, its locked dependencies, and the SDK.

Built for the Python version of its `runtime`, with uv. On the embedded cloud, which has no managed Python runtime
worth the name (one interpreter, its own, and errors without a type), the package starts our worker instead, on the
interpreter of that version.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sst
import sst_worker

from ..core.errors import UserError
from ..core.files import private_dir
from ..core.handlers import ResolvedHandler, locate, nearest_project, read_pyproject
from ..processes.uv import find_uv

SIZE_LIMIT = 250 * 1024 * 1024
"""Bytes of a package, unzipped (Lambda quota)."""
LEFT_OUT = frozenset({"node_modules", "__pycache__", "sst_config.py", "sst_env.pyi"})
"""Names, beside all that begin with a dot, that are no part of a function."""
SDK = Path(sst.__file__).parent
WORKER = Path(sst_worker.__file__).parent
_WORKER_FOLDER = ".sst-worker"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: the same contents give the same bytes
_UNUSED_FOR = 7 * 86_400
"""Seconds after which a package that no apply has asked for is deleted."""
_PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}


@dataclass(frozen=True)
class Wanted:
    """What a `Function` says of its package. Paths are relative to the app's root."""

    component: str
    handler: str
    runtime: str
    architecture: str = "x86_64"
    bundle: str | None = None
    copy_files: Sequence[Mapping[str, str]] = ()
    postbuild: Callable[[str], Any] | None = field(default=None, compare=False)


class Packager:
    """Builds packages of the app at *root* and keeps them in *folder*. Blocking; safe in several threads."""

    def __init__(self, root: Path, folder: Path, *, local: bool) -> None:
        self._root = root
        self._folder = folder
        self._local = local

    def find(self, **wanted: Any) -> tuple[str, str]:
        """As `build`, if that has nothing to do; else two empty strings."""
        asked = Wanted(**wanted)
        archive, parts = self._place(asked)
        return (str(archive), parts.handler) if archive.exists() and asked.postbuild is None else ("", "")

    def build(self, **wanted: Any) -> tuple[str, str]:
        """The zip and the handler in it for the fields of a `Wanted`, built unless nothing of it has changed.

        Raises `UserError` naming component and cause.
        """
        archive, handler = self._build(Wanted(**wanted))
        return str(archive), handler

    def _place(self, wanted: Wanted) -> tuple[Path, _Parts]:
        parts = _Parts.of(self._root, wanted)
        return self._folder / f"{wanted.component}-{self._fingerprint(wanted, parts)}.zip", parts

    def _build(self, wanted: Wanted) -> tuple[Path, str]:
        private_dir(self._folder)
        # What a hook of the user's does is not known, so it does it each time.
        archive, parts = self._place(wanted)
        if wanted.postbuild is not None or not archive.exists():
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="building-") as work:
                tree, draft = Path(work) / "tree", Path(work) / "draft.zip"
                tree.mkdir()
                self._fill(tree, wanted, parts)
                _zip(tree, draft)
                if wanted.postbuild is not None:
                    archive = self._folder / f"{wanted.component}-{_digest(draft.read_bytes())}.zip"
                draft.replace(archive)
        os.utime(archive)
        self._prune()
        return archive, parts.handler

    def _fill(self, tree: Path, wanted: Wanted, parts: _Parts) -> None:
        if parts.project is not None:
            self._install(tree, wanted, parts.project)
        _copy(parts.sources, tree)
        for source, target in parts.files:
            (tree / target).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                _copy(source, tree / target)
            else:
                shutil.copyfile(source, tree / target)
        if not (tree / "sst").exists():
            _copy(SDK, tree / "sst", without=("infra",))
        if self._local:
            _copy(WORKER, tree / _WORKER_FOLDER)
            bootstrap = tree / "bootstrap"
            bootstrap.write_text(_bootstrap(_interpreter(wanted)))
            bootstrap.chmod(0o755)
        if wanted.postbuild is not None:
            _call(wanted.postbuild, str(tree))
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        if size > SIZE_LIMIT:
            raise UserError(
                f'Function "{wanted.component}": its package holds {size >> 20} MB; Lambda takes at most '
                f"{SIZE_LIMIT >> 20} MB.",
                hint="Leave out dependencies it does not need, or give it a project of its own.",
            )

    def _install(self, tree: Path, wanted: Wanted, project: Path) -> None:
        """The project's dependencies as its lock file has them, workspace members among them as built packages."""
        locked = ["--frozen"] if _lock_file(project) else []
        requirements = _uv(
            wanted, project, "export", "--no-dev", "--no-emit-project", "--no-editable", "--no-header", *locked
        )
        if not any(line and line[0] not in "# " for line in requirements.splitlines()):
            return
        listed = tree.with_name("requirements.txt")
        listed.write_text(requirements)
        version = wanted.runtime.removeprefix("python")
        platform = [] if self._local else ["--python-platform", _PLATFORMS[wanted.architecture]]
        lock = _lock_file(project)
        assert lock is not None, "uv export has written it"
        # Copied, because a hook of the user's may write into what uv would share with its cache.
        _uv(
            wanted, lock.parent, "pip", "install", "--target", str(tree), "--python-version", version, *platform,
            "--link-mode", "copy", "--no-deps", "-r", str(listed),
        )  # fmt: skip
        shutil.rmtree(tree / "bin", ignore_errors=True)
        (tree / ".lock").unlink(missing_ok=True)

    def _fingerprint(self, wanted: Wanted, parts: _Parts) -> str:
        """Of all that goes into the package: files by date and size, what uv installs by its lock file."""
        facts: list[Any] = [wanted.runtime, wanted.architecture, parts.handler, self._local, sys.version]
        for folder, name in [(parts.sources, ""), (SDK, "sst"), (WORKER, "worker"), *parts.files]:
            facts += [(name, str(path.relative_to(folder)), *_stamp(path)) for path in _files(folder)]
        if parts.project is not None:
            found = (parts.project / "pyproject.toml", _lock_file(parts.project))
            facts += [_digest(path.read_bytes()) for path in found if path is not None]
            facts += [
                (str(path), *_stamp(path)) for member in _local_packages(parts.project) for path in _files(member)
            ]
        return _digest(json.dumps(facts).encode())

    def _prune(self) -> None:
        for old in self._folder.glob("*.zip"):
            if time.time() - old.stat().st_mtime > _UNUSED_FOR:
                old.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Parts:
    """Where the contents of a package come from."""

    sources: Path
    handler: str
    project: Path | None
    """Whose dependencies are installed; None when there are none, or the user bundled them."""
    files: list[tuple[Path, str]]

    @classmethod
    def of(cls, root: Path, wanted: Wanted) -> _Parts:
        files = [(root / item["from"], item.get("to", item["from"])) for item in wanted.copy_files]
        if wanted.bundle is not None:
            return cls(root / wanted.bundle, wanted.handler, None, files)
        resolved = locate(root, wanted.handler, component=f'Function "{wanted.component}"')
        return cls(resolved.paths[0], _handler(resolved), _project(root, resolved.file), files)


def _handler(resolved: ResolvedHandler) -> str:
    """The handler as Lambda wants it: a path below the folder that is the package's root."""
    return f"{resolved.module.replace('.', '/')}.{resolved.attribute}"


def _project(root: Path, file: Path) -> Path | None:
    """The project whose dependencies the handler in *file* has."""
    project = nearest_project(root, file)
    return project if project is not None and "project" in read_pyproject(project) else None


def _lock_file(project: Path) -> Path | None:
    """The `uv.lock` that covers *project*: its own, or that of the workspace above it."""
    return next((folder / "uv.lock" for folder in (project, *project.parents) if (folder / "uv.lock").is_file()), None)


def _local_packages(project: Path) -> list[Path]:
    """Folders of packages that *project* depends on by path or as workspace members: they are built from source."""
    lock = _lock_file(project)
    if lock is None:
        return []
    try:
        packages = tomllib.loads(lock.read_text("utf-8")).get("package", [])
    except tomllib.TOMLDecodeError:
        return []  # uv says what is wrong with it
    sources = (package.get("source", {}) for package in packages)
    paths = (source.get("editable") or source.get("directory") or source.get("virtual") for source in sources)
    folders = {(lock.parent / path).resolve() for path in paths if path}
    return sorted(folder for folder in folders if folder not in (project.resolve(), lock.parent.resolve()))


def _interpreter(wanted: Wanted) -> str:
    """The Python of the function's runtime on this machine, outside any virtual environment; uv gets it if need be."""
    version = wanted.runtime.removeprefix("python")
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return os.path.realpath(sys.executable)
    find = ("python", "find", "--system", "--no-project", version)
    try:
        return _uv(wanted, Path("/"), *find).strip()
    except UserError:
        try:
            _uv(wanted, Path("/"), "python", "install", version)
            return _uv(wanted, Path("/"), *find).strip()
        except UserError:
            raise UserError(
                f'Function "{wanted.component}": dev=False asks for {wanted.runtime}; there is no Python {version} '
                "here, and uv could not install it.",
                hint=f"Install Python {version} (`uv python install {version}`), or leave out dev=False.",
            ) from None


def _bootstrap(python: str) -> str:
    script = f"{_WORKER_FOLDER}/bootstrap.py"
    return f'#!/bin/sh\ncd "${{0%/*}}" && exec "{python}" -I -S -B "$PWD/{script}" deployed\n'


def _uv(wanted: Wanted, folder: Path, *arguments: str) -> str:
    """The output of uv, run in *folder*. Raises `UserError` with its last lines."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")}
    done = subprocess.run(
        [find_uv(), "--no-progress", *arguments], cwd=folder, env=kept, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise UserError(
            f'Function "{wanted.component}": uv could not package it for {wanted.runtime}: ' + " ".join(lines[-4:]),
            hint=f"Run `uv {' '.join(arguments[:1])}` in {folder} to see all of it; `runtime` says for which Python.",
        )
    return done.stdout


def _files(folder: Path) -> Iterator[Path]:
    """The files of *folder* that belong into a package, in order."""
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT or path.name.startswith(".") or path.suffix == ".pyc":
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from _files(path)
        else:
            yield path


def _copy(source: Path, target: Path, *, without: Sequence[str] = ()) -> None:
    for path in _files(source):
        name = path.relative_to(source)
        if name.parts[0] not in without:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _zip(tree: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(str(path.relative_to(tree)), _EPOCH)
            info.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())


def _call(hook: Callable[[str], Any], folder: str) -> None:
    answer = hook(folder)
    if inspect.isawaitable(answer):
        import asyncio

        asyncio.run(_awaited(answer))


async def _awaited(value: Any) -> None:
    await value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
