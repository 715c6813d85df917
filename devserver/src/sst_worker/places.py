"""Which file belongs to whom: to the project, to a library, or to nobody the dev server watches."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

_STDLIB = tuple({os.path.dirname(os.__file__), os.path.realpath(os.path.dirname(os.__file__))})
_OWN = os.path.dirname(os.path.abspath(__file__))
_LIBRARY_FOLDERS = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)

_sdk = ""

Stamp = tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode: what changes when a file does."""

noted: dict[str, Stamp] = {}
"""Project files this process depends on, with their stamps from before they were read."""


def note_file(path: str) -> None:
    """Note that the file at *path* is about to be read. The first time counts: that is what this process runs."""
    path = os.path.abspath(path)
    if path in noted or is_library(path):
        return
    try:
        status = os.stat(path)
    except OSError:  # what cannot be read is not depended on; the reader reports it
        return
    noted[path] = (status.st_mtime_ns, status.st_size, status.st_ino)


def is_library(path: str) -> bool:
    """Whether *path* is installed code: the standard library, site-packages, this package or the SDK's copy."""
    if any(folder in path for folder in _LIBRARY_FOLDERS):
        return True
    owners = (*_STDLIB, _OWN, _sdk) if _sdk else (*_STDLIB, _OWN)
    return any(path.startswith(owner + os.sep) for owner in owners) or path.startswith("<")


class SdkFinder(importlib.abc.MetaPathFinder):
    """The last finder: offers the CLI's copy of the package `sst`, and nothing else of its folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The package itself; its submodules are found through its `__path__`."""
        if fullname != "sst":
            return None
        return importlib.util.spec_from_file_location(
            "sst", os.path.join(self.folder, "__init__.py"), submodule_search_locations=[self.folder]
        )


def offer_sdk(folder: str) -> None:
    """Make `import sst` find the package in *folder*, unless the user has one of that name."""
    global _sdk
    if not any(isinstance(finder, SdkFinder) for finder in sys.meta_path):
        _sdk = folder
        sys.meta_path.append(SdkFinder(folder))


class Sought(importlib.abc.MetaPathFinder):
    """The very last finder: finds nothing, and notes which files of the project would have been found."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Note the files that would make *fullname* importable from a folder of the project."""
        tail = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            place = os.path.abspath(os.path.join(folder, tail))
            if not is_library(place) and os.path.isdir(folder):
                self.paths.update((place + ".py", os.path.join(place, "__init__.py")))


class ProjectLoader(importlib.machinery.SourceFileLoader):
    """Loads project files, with bytecode caches trusted only where they cannot be stale.

    Python compares a cache with its source by size and by modification time in whole seconds, so two edits
    within a second that keep the size run the old code. A cache written in a later second than the source was
    has no such twin: only those are read and written.
    """

    def path_stats(self, path: Any) -> Any:
        """Size and time of a source; called before it or its cache is read."""
        note_file(str(path))
        return super().path_stats(path)

    def get_data(self, path: str | bytes) -> bytes:
        """The bytes of a file; a cache that may be stale counts as absent."""
        if str(path).endswith(".pyc"):
            source = os.stat(self.path)
            if int(os.stat(path).st_mtime) <= _last_touched(source):
                raise OSError(f"{path!s} may be stale")
        return super().get_data(str(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write a cache, unless its source was written within this second."""
        import time

        if int(time.time()) > _last_touched(os.stat(self.path)):
            super().set_data(path, data, _mode=_mode)


def _last_touched(source: os.stat_result) -> int:
    """The second of the last write or rename: a file moved into place keeps the date of its contents."""
    return int(max(source.st_mtime, source.st_ctime))


def _project_finder(path: str) -> importlib.machinery.FileFinder:
    if not os.path.isdir(path) or is_library(os.path.join(path, "")):
        raise ImportError("not a folder of the project", path=path)
    machinery = importlib.machinery
    return machinery.FileFinder(
        path,
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (ProjectLoader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )


def use_project_loader() -> None:
    """Load project files by `ProjectLoader` from now on."""
    sys.path_hooks.insert(0, _project_finder)
    for path in list(sys.path_importer_cache):
        if not is_library(os.path.join(path, "")):
            del sys.path_importer_cache[path]
