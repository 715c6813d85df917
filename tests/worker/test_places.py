"""Whose file is it, and project files are loaded as they are now."""

from __future__ import annotations

import importlib
import importlib.util
import os
import py_compile
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sst_worker import places


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of project files, loaded by `ProjectLoader`; nothing of it is left afterwards."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = (list(sys.path), list(sys.path_hooks), list(sys.meta_path), set(sys.modules))
    sys.path.insert(0, str(tmp_path))
    places.use_project_loader()
    places.noted.clear()
    yield tmp_path
    sys.path[:], sys.path_hooks[:], sys.meta_path[:] = before[:3]
    for name in set(sys.modules) - before[3]:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def test_libraries_are_told_from_projects_by_where_they_lie() -> None:
    """The standard library, site-packages and this package are libraries, wherever the project lies."""
    assert places.is_library(os.__file__)
    assert places.is_library("/any/.venv/lib/python3.12/site-packages/boto3/__init__.py")
    assert places.is_library("/usr/lib/python3/dist-packages/yaml/__init__.py")
    assert places.is_library(places.__file__)
    assert places.is_library("<frozen importlib._bootstrap>")
    assert not places.is_library("/usr/src/app/functions/api.py")
    assert not places.is_library(os.path.dirname(os.__file__) + "-of-mine/api.py")
    assert not places.is_library("/p/site-packages.py")


def _import_again(name: str) -> object:
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module(name)


def test_two_edits_within_a_second_that_keep_the_size_both_run(project: Path) -> None:
    """Python's own caches would run the first again: they compare whole seconds and sizes."""
    source = project / "edited.py"
    for value in (1, 2, 3):
        source.write_text(f"value = {value}")
        os.utime(source, (1_000_000_000, 1_000_000_000))
        py_compile.compile(str(source))  # what another tool, a test run say, may have left
        cache = Path(importlib.util.cache_from_source(str(source)))
        os.utime(cache, (1_000_000_000, 1_000_000_000))
        if value > 1:
            source.write_text(f"value = {value + 10}")
            os.utime(source, (1_000_000_000, 1_000_000_000))
        expected = value + 10 if value > 1 else value
        assert _import_again("edited").value == expected  # type: ignore[attr-defined]


def test_a_cache_that_cannot_be_stale_is_used_and_made(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in a later second than its source, it has no twin: large projects load fast."""
    source = project / "settled.py"
    source.write_text("value = 1")
    later = time.time() + 5
    monkeypatch.setattr("time.time", lambda: later)
    _import_again("settled")
    cache = Path(importlib.util.cache_from_source(str(source)))
    cache.write_bytes(cache.read_bytes().replace(b"value", b"other"))
    os.utime(cache, (later, later))
    assert hasattr(_import_again("settled"), "other")


def test_a_source_touched_this_second_leaves_no_cache(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It might be edited again before the second is over; a file moved into place keeps an old time of its own."""
    source = project / "fresh.py"
    source.write_text("value = 1")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    now = source.stat().st_ctime
    monkeypatch.setattr("time.time", lambda: now)
    _import_again("fresh")
    assert not Path(importlib.util.cache_from_source(str(source))).exists()


def test_a_file_is_noted_with_its_stamp_from_before_it_was_read(project: Path) -> None:
    """The first stamp stays: it is what this process runs."""
    source = project / "noted.py"
    source.write_text("value = 1")
    before = source.stat()
    _import_again("noted")
    source.write_text("value = 22")
    places.note_file(str(source))
    assert places.noted == {str(source): (before.st_mtime_ns, before.st_size, before.st_ino)}


def test_what_was_looked_for_in_the_project_is_remembered(project: Path) -> None:
    """Modules and packages, at the top and inside a package, not in folders of libraries."""
    (project / "pkg").mkdir()
    (project / "pkg" / "__init__.py").write_text("")
    sought = places.Sought()
    sys.meta_path.append(sought)
    for name in ("absent", "pkg.absent"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
    here = {path for path in sought.paths if path.startswith(str(project))}
    assert here == {
        str(project / "absent.py"),
        str(project / "absent" / "__init__.py"),
        str(project / "pkg" / "absent.py"),
        str(project / "pkg" / "absent" / "__init__.py"),
    }
    assert not any("site-packages" in path for path in sought.paths)
