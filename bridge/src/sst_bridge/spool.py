"""The last reply of each execution environment, on disk: a dev server that starts after one was killed repeats it.

One file an environment, overwritten by the next reply, so the folder is as large as the replies in flight. A
write is not synced: it has to survive the process, not the machine. It holds what handlers returned, in clear,
and belongs into a folder that only the user can read."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from . import codec
from .errors import Malformed
from .messages import Error, Response

MAX_AGE = 60.0
"""Seconds: stubs ask for a missed reply within 6 s, and within a `DEAD_AFTER` of 15 s for one whose dev server died."""


class Spool:
    """The folder *path*, made when it is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, environment: str, reply: Response | Error) -> None:
        """Remember *reply* instead of the one before."""
        (self._path / environment).write_bytes(codec.encode(reply))

    def load(self) -> list[tuple[str, Response | Error]]:
        """Replies of the last `MAX_AGE` seconds by environment; older files are deleted."""
        replies: list[tuple[str, Response | Error]] = []
        for file in self._path.iterdir():
            if time.time() - file.stat().st_mtime > MAX_AGE:
                file.unlink()
                continue
            with contextlib.suppress(Malformed):  # the process was killed while it wrote: that reply was never sent
                reply = codec.decode(file.read_bytes())
                if isinstance(reply, Response | Error):
                    replies.append((file.name, reply))
        return replies
