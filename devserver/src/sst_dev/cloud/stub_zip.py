"""The deployment package of the stub: an executable `bootstrap`, our own packages and the few they need, compiled.

The same inputs give the same bytes, so an unchanged stub is neither uploaded nor deployed again. It runs in two
places: under `provided.al2023` in MiniStack, on the CLI's own interpreter (`SST_STUB_PYTHON`), and on AWS under the
managed runtime of the same Python version, which starts `bootstrap` through `AWS_LAMBDA_EXEC_WRAPPER`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ..core.errors import BugError, RemoteError
from ..processes.uv import find_uv
from .install import cache_dir

Target = Literal["local", "aws-x86_64", "aws-arm64"]

LOCK = Path(__file__).with_name("stub.lock")
OURS = ("sst_stub", "sst_bridge")
THEIRS = {"cryptography": "cryptography", "websockets": "websockets", "cffi": "_cffi_backend"}
"""By distribution: the one module of it that runs. cryptography's extension calls cffi's, not its Python half."""
LEFT_OUT = ("cryptography/x509", "websockets/legacy", "websockets/trio", "websockets/sync", "websockets/cli")
"""Parts of those packages that nothing here imports."""
EXEC_WRAPPER = "/var/task/bootstrap"
"""Value of `AWS_LAMBDA_EXEC_WRAPPER` for a function that runs the AWS variant."""

_PLATFORMS = {"aws-x86_64": "x86_64-manylinux2014", "aws-arm64": "aarch64-manylinux2014"}
_UNUSED_FOR = 30 * 86_400
"""Seconds after which a zip in the cache is one of a version that is gone."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold
_BOOTSTRAP = b"""\
#!/bin/sh
# Isolated and without site-packages: what runs is what is in this zip. On AWS the runtime's interpreter is $1.
exec "${SST_STUB_PYTHON:-${1:-python3}}" -I -S -B -c \
'import sys; sys.path.insert(0, sys.argv.pop(1)); from sst_stub.__main__ import main; sys.exit(main())' "${0%/*}"
"""


def python_runtime() -> str:
    """The managed Lambda runtime the AWS variant is compiled for: that of the CLI's own Python version."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def build_stub(target: Target = "local") -> Path:
    """The zip for *target*, built unless it is in the user's cache. Blocking: about two seconds when it builds.

    Raises `RemoteError` when the wheels for AWS cannot be fetched.
    """
    path = cache_dir() / "stub" / f"{target}-{_fingerprint(target)}.zip"
    if path.exists():
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # the access time says that it is in use
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as folder:
        root = Path(folder) / "root"
        _collect(target, root)
        _compile(root)
        draft = Path(folder) / "stub.zip"
        _write(root, draft)
        draft.replace(path)
    _prune(path.parent)
    return path


def _prune(folder: Path) -> None:
    """Delete the zips of versions that nobody runs any more."""
    for old in folder.glob("*.zip"):
        if time.time() - old.stat().st_atime > _UNUSED_FOR:
            old.unlink(missing_ok=True)


def _fingerprint(target: Target) -> str:
    """Of all that goes into the zip: our sources, the versions of the others, and what compiles them."""
    digest = hashlib.sha256(_BOOTSTRAP + target.encode() + sys.version.encode() + platform.machine().encode())
    if target == "local":
        for name in THEIRS:
            digest.update(f"{name}=={importlib.metadata.version(name)}".encode())
    else:
        digest.update(LOCK.read_bytes())
    for own in (*OURS, __name__):
        for path in sorted(_sources(_location(own))):
            digest.update(f"{own}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _collect(target: Target, root: Path) -> None:
    root.mkdir()
    for name in OURS:
        _copy(_location(name), root)
    if target == "local":
        for name in THEIRS.values():
            _copy(_location(name), root)
    else:
        wheels = root.with_name("wheels")
        _fetch(_PLATFORMS[target], wheels)
        for name in THEIRS.values():
            for found in wheels.glob(f"{name}*"):
                if not found.name.endswith(".dist-info"):
                    _copy(found, root)
    for name in LEFT_OUT:
        shutil.rmtree(root / name, ignore_errors=True)
    bootstrap = root / "bootstrap"
    bootstrap.write_bytes(_BOOTSTRAP)
    bootstrap.chmod(0o755)


def _fetch(uv_platform: str, target: Path) -> None:
    command = [find_uv(), "pip", "install", "--quiet", "--target", str(target), "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-platform", uv_platform]
    command += ["--python-version", platform.python_version(), "--python", sys.executable, "-r", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RemoteError(
            f"Fetching the wheels of the stub for {uv_platform} failed: {done.stderr.strip()}",
            hint="Check that the package index is reachable; the wheels are needed once.",
        )


def _location(name: str) -> Path:
    """The folder of a package, or the file of a module."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise BugError(f"Module {name}, which the stub needs, is not installed beside sst_dev.")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _copy(source: Path, root: Path) -> None:
    if source.is_dir():
        ignore = shutil.ignore_patterns("__pycache__", "*.pyi", "*.c", "py.typed", "tests")
        shutil.copytree(source, root / source.name, ignore=ignore)
    else:
        shutil.copyfile(source, root / source.name)


def _sources(location: Path) -> Iterator[Path]:
    return location.rglob("*.py") if location.is_dir() else iter([location])


def _compile(root: Path) -> None:
    """Compile in a fresh interpreter: what is interned in this one would leak into the marshalled bytes.

    Unchecked: Python then reads no source file at all at start.
    """
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/var/task", str(root)]
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-m", "compileall", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BugError(f"Compiling the stub failed: {done.stdout.strip()} {done.stderr.strip()}")


def _write(root: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            executable = path.name == "bootstrap"
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
