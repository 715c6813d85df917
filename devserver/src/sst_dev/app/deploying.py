"""Applies the app again when its configuration changes: one apply at a time, and the latest wish wins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..core.errors import SstError
from ..core.events import DeployFailed
from ..core.settings import Settings
from ..core.stream import Stream
from ..core.tasks import cancel_all, spawn

DEBOUNCE_MS = 50
"""Milliseconds of quiet that end a burst of saves: an editor's write and rename are one change."""


class Deploying:
    """Owns the wish to deploy: saves during an apply add up to one more apply, not to a queue of them."""

    def __init__(self, settings: Settings, stream: Stream, apply: Callable[[str], Awaitable[None]]) -> None:
        self._settings = settings
        self._stream = stream
        self._apply = apply
        self._wanted = asyncio.Event()
        self._trigger = ""

    def request(self, trigger: str) -> None:
        """Apply as soon as no other apply runs; *trigger* says why, for people."""
        self._trigger = trigger
        self._wanted.set()

    async def watch(self) -> None:
        """Apply whenever asked or when a configuration file changes, until cancelled.

        A failure is published and the last good app keeps serving.
        """
        tasks: set[asyncio.Task[Any]] = set()
        spawn(self._watch_files(), name="config files are watched", owner=tasks)
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                try:
                    await self._apply(self._trigger)
                except SstError as error:
                    self._stream.publish(DeployFailed(time.time(), error.message, error.hint, error.trace))
        finally:
            await cancel_all(tasks)

    async def _watch_files(self) -> None:
        from watchfiles import awatch

        root = self._settings.root
        names = {self._settings.config.name, ".env", f".env.{self._settings.stage}"}

        def ours(_: object, path: str) -> bool:
            folder, _, name = path.rpartition("/")
            return name in names and folder == str(root)

        async for changes in awatch(root, watch_filter=ours, recursive=False, debounce=DEBOUNCE_MS, step=10):
            self.request(min(path.rpartition("/")[2] for _, path in changes))
