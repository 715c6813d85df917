"""MiniStack is installed once, from a locked list, into an environment of its own in the user's cache.

It pins botocore to one version, so it never shares an environment with the user or with the CLI.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..core.errors import RemoteError
from ..processes.uv import find_uv

LOCK = Path(__file__).with_name("ministack.lock")


def cache_dir() -> Path:
    """`$SST_CACHE_DIR`, else `sst-py` under the user's cache directory (XDG)."""
    if override := os.environ.get("SST_CACHE_DIR"):
        return Path(override)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sst-py"


def ministack_python() -> Path:
    """Where MiniStack's interpreter is once installed: the folder names the lock and the Python version."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache_dir() / f"ministack-{digest}-py{version}" / "bin" / "python"


async def install_ministack(progress: Callable[[str], None]) -> Path:
    """Install MiniStack unless it is there already; return its interpreter.

    *progress* gets the installer's lines. The environment is built beside its place and renamed into it, so an
    interrupted installation leaves nothing that looks finished. Raises `RemoteError` when uv fails.
    """
    python = ministack_python()
    if python.exists():
        return python
    uv = find_uv()
    target = python.parent.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    async with _exclusive(target.with_name(target.name + ".lock")):
        if python.exists():
            return python
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="installing-") as folder:
            build = Path(folder) / "env"
            await _uv(uv, progress, "venv", "--relocatable", "--python", sys.executable, str(build))
            await _uv(
                uv,
                progress,
                "pip",
                "install",
                "--require-hashes",
                "--compile-bytecode",
                "--python",
                str(build / "bin" / "python"),
                "-r",
                str(LOCK),
            )
            build.rename(target)
    return python


@asynccontextmanager
async def _exclusive(path: Path) -> AsyncIterator[None]:
    """Hold a file lock, so that two sessions do not install at once."""
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


async def _uv(uv: str, progress: Callable[[str], None], *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    process = await asyncio.create_subprocess_exec(
        uv,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    lines: list[str] = []
    async for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip()
        lines.append(line)
        progress(line)
    if await process.wait() != 0:
        raise RemoteError(
            f"Installing MiniStack failed: uv {arguments[0]} ended with status {process.returncode}: "
            + " ".join(lines[-3:]),
            hint="Check that the package index is reachable; it is needed once, later starts are offline.",
        )
