"""Watches the folders of the files that workers were made from, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from watchfiles import awatch

STEP_MS = 50
"""Quiet time that ends a batch of changes: editors and `git checkout` write in bursts. Calls do not wait for it:
they look at the files themselves."""
GIT_STEP = 0.05
"""Seconds between two looks whether git is done."""
GIT_LIMIT = 10.0
"""Seconds a git operation is waited for: a lock that stays longer was left behind by a crash."""
DEBOUNCE_MS = 1_000
"""Longest time a batch may grow."""


class Watcher:
    """Calls *on_change* with each batch of changed paths in the watched folders (not those below them)."""

    def __init__(self, on_change: Callable[[list[str]], None]) -> None:
        self._on_change = on_change
        self._folders: frozenset[str] = frozenset()
        self._again = asyncio.Event()

    def watch(self, folders: Collection[str | Path]) -> None:
        """From now on watch *folders* instead of those before."""
        wanted = frozenset(str(folder) for folder in folders)
        if wanted != self._folders:
            self._folders = wanted
            self._again.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._again.clear()
            folders = [folder for folder in sorted(self._folders) if Path(folder).is_dir()]
            if not folders:
                await self._again.wait()
                continue
            # Runs once the folders are watched: what changed before that shows when the files are compared.
            asyncio.get_running_loop().call_soon(self._on_change, [])
            async for batch in awatch(
                *folders,
                recursive=False,
                stop_event=self._again,
                step=STEP_MS,
                debounce=DEBOUNCE_MS,
                watch_filter=None,
                yield_on_timeout=False,
                ignore_permission_denied=True,
            ):
                self._on_change(sorted({path for _, path in batch}))


def git_lock(root: Path) -> Path | None:
    """The file that exists while git changes the files of the repository *root* is in; None outside of one."""
    for folder in (root, *root.parents):
        place = folder / ".git"
        if place.is_dir():
            return place / "index.lock"
        if place.is_file():  # a worktree or submodule: `gitdir: PATH`
            _, _, target = place.read_text("utf-8", "replace").partition("gitdir:")
            return folder / target.strip() / "index.lock"
    return None
