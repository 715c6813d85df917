"""What exists: the engine's record of one stage, one JSON line a change, so that a kill costs at most one line.

The first line is a header, with what the cloud offered when it was last applied to. `put` lines give a resource,
`begin` lines say that a call which makes or changes one is about to be sent, `drop` lines that one is gone. Opening
the file replays it and writes it anew, compact.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TextIO

from ...core.errors import BugError
from ...core.files import private_dir, write_private

FORMAT = 1


@dataclass
class Entry:
    """One resource as the engine last knew it."""

    urn: str
    type: str
    name: str
    id: str = ""
    """Empty while its making has begun and is not known to have ended."""
    component: str = ""
    component_type: str = ""
    inputs: dict[str, Any] = field(default_factory=dict, repr=False)
    outputs: dict[str, Any] = field(default_factory=dict, repr=False)
    dependencies: list[str] = field(default_factory=list)
    """Urns this resource was made from: they are deleted after it."""
    protect: bool = False
    retain: bool = False
    """Forget it instead of deleting it."""
    renamed: dict[str, str] = field(default_factory=dict)
    """The names that the program generates where `inputs` hold others, because retained resources have them."""
    pending: bool = False
    """A change of it was begun and is not known to have ended: it is made again, whatever the inputs say."""

    @property
    def options(self) -> tuple[Any, ...]:
        """What the program says of it beside its inputs: a change of these is written down and makes no call."""
        return (self.dependencies, self.protect, self.retain)


class State:
    """The record in one file of mode 0600. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cloud: dict[str, Any] | None = None
        """The cloud of this run, for the next one to preview with; None keeps what the file says. Set before `open`."""
        self.entries: dict[str, Entry] = {}
        """By urn, in the order in which they were made."""
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def open(self) -> None:
        """Read the file and begin to write to it. Raises `BugError` for a file of another format."""
        self.entries = read(self.path)
        self.cloud = self.cloud or read_cloud(self.path)
        self._compact()
        self._file = self.path.open("a", encoding="utf-8")

    def begin(self, entry: Entry) -> None:
        """Say that a call for *entry* is about to be sent: should it not end, the next run looks for what it made."""
        with self._lock:
            self._write({"begin": vars(entry)})

    def suspect_all(self) -> None:
        """Have every resource made again, as if a change of it were under way: what it is by now is not known."""
        for entry in list(self.entries.values()):
            self.put(replace(entry, pending=True))

    def put(self, entry: Entry) -> None:
        """Record *entry* as it is now."""
        with self._lock:
            self.entries[entry.urn] = entry
            self._write({"put": vars(entry)})

    def drop(self, urn: str) -> None:
        """Record that the resource *urn* is gone."""
        with self._lock:
            self.entries.pop(urn, None)
            self._write({"drop": urn})

    def close(self) -> None:
        """Write the file anew, without what later lines made obsolete."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self._compact()

    # --- private ----------------------------------------------------------------------------------

    def _write(self, line: dict[str, Any]) -> None:
        assert self._file is not None, "the state is written while it is open"
        # One write call and no buffer left behind: a kill leaves whole lines and at most one torn last one.
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()

    def _compact(self) -> None:
        header = {"format": FORMAT, **({"cloud": self.cloud} if self.cloud else {})}
        lines = [header, *({"put": vars(entry)} for entry in self.entries.values())]
        write_private(self.path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def read(path: Path) -> dict[str, Entry]:
    """The resources recorded in *path*, by urn; none when the file does not exist."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")
    known = {f.name for f in fields(Entry)}
    entries: dict[str, Entry] = {}
    # What follows the last newline is a line that a kill has torn.
    for number, text in enumerate(lines[:-1]):
        line = json.loads(text)
        if number == 0 and line.get("format") != FORMAT:
            raise BugError(
                f"{path} has format {line.get('format')!r}; this version of sst reads format {FORMAT}.",
                hint="Use the version of sst that wrote it, or delete the stage's folder to begin anew.",
            )
        if "put" in line:
            entry = Entry(**{k: v for k, v in line["put"].items() if k in known})
            entries[entry.urn] = entry
        elif "begin" in line:
            begun = Entry(**{k: v for k, v in line["begin"].items() if k in known})
            entries.setdefault(begun.urn, begun).pending = True
        elif "drop" in line:
            entries.pop(line["drop"], None)
    return entries


def read_cloud(path: Path) -> dict[str, Any]:
    """What the cloud offered at the last apply that *path* records; empty when that is not known."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        found = json.loads(file.readline() or "{}").get("cloud")
    return found if isinstance(found, dict) else {}


def signature(path: Path) -> tuple[int, ...]:
    """Changes with every change of the record in *path*; empty when there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def holder(folder: Path) -> str:
    """Who holds the engine's lock of a stage, for people; empty when nobody does."""
    with _lock_file(folder) as descriptor:
        return "" if _taken(descriptor) else _holder(descriptor)


@contextmanager
def locked(folder: Path, waiting: Any = None) -> Iterator[None]:
    """Hold the engine's lock of a stage; *waiting* is called with who holds it, if somebody does, before the wait.

    It is a lock of the operating system: it ends with its process, however that ends.
    """
    import fcntl

    with _lock_file(folder) as descriptor:
        if not _taken(descriptor):
            if waiting is not None:
                waiting(_holder(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield


@contextmanager
def _lock_file(folder: Path) -> Iterator[int]:
    private_dir(folder)
    descriptor = os.open(folder / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Whether the lock was free and is now ours."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
