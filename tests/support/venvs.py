"""Virtual environments for subjects that must not share ours: real packages under test, other Python versions."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sst-py-tests"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def venv(*requirements: str, python: str | None = None) -> Path:
    """The interpreter of a virtual environment with *requirements*, made once and kept in the user's cache.

    *python* is a path or a version; the running interpreter when left out. Safe to call from several processes.
    """
    base = python or sys.executable
    digest = hashlib.sha256("\n".join((base, sys.version, *sorted(requirements))).encode()).hexdigest()[:16]
    home = CACHE / digest
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            _uv("venv", "--quiet", "--python", base, str(home))
            if requirements:
                _uv("pip", "install", "--quiet", "--python", str(home / "bin" / "python"), *requirements)
            (home / "complete").touch()
    return home / "bin" / "python"


def interpreters() -> dict[str, Path]:
    """The CPython versions found on this machine, of those the runtime half supports: version → interpreter.

    Looked for on PATH and where pyenv keeps what its shims hide.
    """
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in VERSIONS:
        here = [*kept.glob(f"{version}.*/bin/python"), *filter(None, [shutil.which(f"python{version}")])]
        for candidate in map(Path, here):
            probe = "import sys; print('%d.%d' % sys.version_info[:2])"
            answer = subprocess.run([candidate, "-c", probe], capture_output=True, text=True)
            if answer.stdout.strip() == version:
                found[version] = candidate
                break
    return found


def _uv(*arguments: str) -> None:
    subprocess.run([_uv_path(), *arguments], check=True)


def _uv_path() -> str:
    from uv import find_uv_bin  # the uv that sst-py depends on: the same wherever the tests run

    return find_uv_bin()
