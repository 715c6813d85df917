"""Installing MiniStack: once, from the lock, never half."""

import asyncio
from pathlib import Path

import pytest
from sst_dev.cloud import install
from sst_dev.core.errors import RemoteError


@pytest.fixture(name="cache", autouse=True)
def _cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("SST_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fake_uv(tmp_path: Path, monkeypatch, script: str) -> None:
    """An installer whose every step is *script*, with the step's arguments."""
    path = tmp_path / "uv"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(install, "find_uv", lambda: str(path))


MAKES = 'echo "$@"; [ "$1" = venv ] && mkdir -p "$5/bin" && touch "$5/bin/python"; exit 0'


async def test_it_is_installed_once_with_progress(tmp_path: Path, monkeypatch, cache: Path) -> None:
    """The first call runs the installer and passes its lines on, the second runs nothing."""
    fake_uv(tmp_path, monkeypatch, MAKES)
    lines: list[str] = []
    python = await install.install_ministack(lines.append)
    steps = len(lines)
    again = await install.install_ministack(lines.append)

    assert (python, steps, len(lines)) == (again, 2, 2)
    assert "--require-hashes" in lines[1]
    assert python.is_relative_to(cache)


async def test_two_at_once_install_once(tmp_path: Path, monkeypatch) -> None:
    """The second waits for the first and uses what it made."""
    fake_uv(tmp_path, monkeypatch, MAKES)
    lines: list[str] = []
    one, two = await asyncio.gather(install.install_ministack(lines.append), install.install_ministack(lines.append))

    assert (one, len(lines)) == (two, 2)


async def test_a_failed_installation_leaves_nothing(tmp_path: Path, monkeypatch, cache: Path) -> None:
    """The error carries the installer's last lines, and nothing that looks installed is left."""
    fake_uv(tmp_path, monkeypatch, 'echo "no route to index"; exit 1')
    with pytest.raises(RemoteError, match="no route to index"):
        await install.install_ministack(lambda line: None)

    assert [path for path in cache.iterdir() if path.is_dir()] == []


def test_the_lock_pins_every_package_by_hash() -> None:
    """Each requirement has an exact version and hashes."""
    entries = [line for line in install.LOCK.read_text().splitlines() if line and not line.startswith((" ", "#"))]

    assert any(entry.startswith("ministack==") for entry in entries)
    assert all("==" in entry and entry.endswith("\\") for entry in entries)
