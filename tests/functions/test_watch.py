"""The watcher, on real files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sst_dev.core.tasks import cancel_all, spawn
from sst_dev.functions.watch import Watcher, git_lock


class Batches:
    """What the watcher said."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[list[str]] = asyncio.Queue(maxsize=1_000)

    async def watching(self) -> None:
        """Returns once new folders are watched: the watcher then asks for a look at everything."""
        while await self.queue.get():
            pass

    async def until(self, path: Path) -> list[str]:
        """Every path named up to the batch that names *path*."""
        seen: list[str] = []
        while str(path) not in seen:
            seen += await self.queue.get()
        return seen


@pytest.fixture(name="batches")
def fixture_batches() -> Batches:
    return Batches()


@pytest.fixture(name="watcher")
async def fixture_watcher(batches: Batches) -> AsyncIterator[Watcher]:
    watcher = Watcher(batches.queue.put_nowait)
    tasks: set[asyncio.Task[None]] = set()
    spawn(watcher.run(), name="watching", owner=tasks)
    yield watcher
    await cancel_all(tasks)


async def test_writes_renames_and_deletions_in_a_watched_folder(
    tmp_path: Path, watcher: Watcher, batches: Batches
) -> None:
    """Each is named, however the editor does it."""
    watcher.watch([tmp_path])
    await batches.watching()
    (tmp_path / "a.py").write_text("1")
    await batches.until(tmp_path / "a.py")
    (tmp_path / ".a.swp").write_text("2")
    os.replace(tmp_path / ".a.swp", tmp_path / "a.py")
    await batches.until(tmp_path / "a.py")
    (tmp_path / "a.py").unlink()
    await batches.until(tmp_path / "a.py")


async def test_other_folders_are_not_watched(tmp_path: Path, watcher: Watcher, batches: Batches) -> None:
    """Neither those beside nor those below: only folders that something was imported from."""
    for name in ("watched", "watched/below", "beside"):
        (tmp_path / name).mkdir()
    watcher.watch([tmp_path / "watched"])
    await batches.watching()
    (tmp_path / "beside/x").write_text("")
    (tmp_path / "watched/below/x").write_text("")
    (tmp_path / "watched/last").write_text("")
    seen = await batches.until(tmp_path / "watched/last")

    assert not [path for path in seen if path.endswith("/x")]


async def test_the_folders_can_change(tmp_path: Path, watcher: Watcher, batches: Batches) -> None:
    """After a change everything is looked at once: what happened in between is not lost."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    watcher.watch([tmp_path / "one"])
    await batches.watching()
    watcher.watch([tmp_path / "two", tmp_path / "missing"])
    await batches.watching()
    (tmp_path / "two/x").write_text("")

    assert str(tmp_path / "two/x") in await batches.until(tmp_path / "two/x")


def test_the_lock_of_a_repository(tmp_path: Path) -> None:
    """Above the app too, and where the `.git` of a worktree points."""
    app = tmp_path / "apps/shop"
    app.mkdir(parents=True)
    assert git_lock(app) is None or not git_lock(app).is_relative_to(tmp_path)  # type: ignore[union-attr]
    (tmp_path / ".git").mkdir()
    assert git_lock(app) == tmp_path / ".git/index.lock"
    (app / ".git").write_text(f"gitdir: {tmp_path}/.git/worktrees/shop\n")

    assert git_lock(app) == tmp_path / ".git/worktrees/shop/index.lock"
