"""Packages from npm as test subjects: installed once by exact version, kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.venvs import CACHE


def node_modules(*packages: str) -> Path:
    """A folder whose `node_modules` has *packages* (`name@version`). Safe to call from several processes.

    Without npm the test is skipped, except in CI, where it fails.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("node and npm are needed here: install them in CI")
        pytest.skip("node and npm are not installed")
    home = CACHE / f"npm-{hashlib.sha256(' '.join(sorted(packages)).encode()).hexdigest()[:16]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            (home / "package.json").write_text('{"private": true, "type": "module"}')
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            subprocess.run([npm, "install", *options, *packages], cwd=home, check=True, timeout=170)
            (home / "complete").touch()
    return home
