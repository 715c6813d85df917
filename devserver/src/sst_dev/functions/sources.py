"""Which files a worker's code came from, and whether they are still what it read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Signature = tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode: an in-place edit, an atomic save and a rename all
change at least one of them."""


def signature(path: str) -> Signature | None:
    """The signature of *path*, or None when there is no such file. Links are followed."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - a hot path: called for every file at every dispatch
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)


@dataclass
class Sources:
    """The project files a worker has read, as they were just before it read them, and those it missed."""

    files: dict[str, Signature] = field(default_factory=dict)
    sought: set[str] = field(default_factory=set)

    def add(self, files: Mapping[str, Iterable[int]], sought: Iterable[str] = ()) -> None:
        """Take in a worker's report. The first signature of a file counts: that is what was loaded."""
        for path, (mtime, size, inode) in files.items():
            self.files.setdefault(path, (mtime, size, inode))
        self.sought.update(path for path in sought if path not in self.files)

    def changed(self, look: Callable[[str], Signature | None] = signature) -> list[str]:
        """The paths that are not what was loaded: edited, replaced, deleted, or there at last."""
        changed = [path for path, then in self.files.items() if look(path) != then]
        return changed + [path for path in self.sought if look(path) is not None]

    def directories(self) -> set[str]:
        """The directories in which a change would be seen, both where a link stands and where it points."""
        found: set[str] = set()
        for path in [*self.files, *self.sought]:
            for place in (path, os.path.realpath(path)):
                directory = os.path.dirname(place)  # noqa: PTH120
                while not os.path.isdir(directory) and directory != "/":  # noqa: PTH112
                    directory = os.path.dirname(directory)  # noqa: PTH120
                found.add(directory)
        return found
