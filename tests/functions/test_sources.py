"""Whether files are still what a worker read."""

from __future__ import annotations

import os
from pathlib import Path

from sst_dev.functions.sources import Sources, signature


def of(*files: Path, sought: tuple[Path, ...] = ()) -> Sources:
    sources = Sources()
    sources.add({str(file): signature(str(file)) or (0, 0, 0) for file in files}, map(str, sought))
    return sources


def test_an_untouched_file_has_not_changed(tmp_path: Path) -> None:
    """Reading is no change."""
    file = tmp_path / "a.py"
    file.write_text("1")
    sources = of(file)
    file.read_text()

    assert sources.changed() == []


def test_edits_replacements_and_deletions_are_changes(tmp_path: Path) -> None:
    """Size, date or inode differ, or the file is gone."""
    files = [tmp_path / name for name in ("edited", "replaced", "deleted", "kept")]
    for file in files:
        file.write_text("1")
        os.utime(file, (1, 1))
    sources = of(*files)
    files[0].write_text("2")
    (tmp_path / "new").write_text("2")
    os.utime(tmp_path / "new", (1, 1))
    (tmp_path / "new").rename(files[1])
    files[2].unlink()

    assert sources.changed() == [str(file) for file in files[:3]]


def test_a_sought_file_that_appears_is_a_change(tmp_path: Path) -> None:
    """What an import looked for in vain counts as soon as it is there."""
    sources = of(sought=(tmp_path / "late.py",))
    assert sources.changed() == []
    (tmp_path / "late.py").write_text("")

    assert sources.changed() == [str(tmp_path / "late.py")]


def test_the_first_signature_counts(tmp_path: Path) -> None:
    """A later report of the same file does not hide that the loaded code is older."""
    file = tmp_path / "a.py"
    file.write_text("1")
    sources = of(file)
    file.write_text("22")
    sources.add({str(file): signature(str(file)) or ()})

    assert sources.changed() == [str(file)]


def test_folders_to_watch(tmp_path: Path) -> None:
    """Where a link stands and where it points; for a missing folder the nearest that exists."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    sources = of(tmp_path / "link/a.py", sought=(tmp_path / "not/yet/b.py",))

    assert sources.directories() == {str(tmp_path / "real"), str(tmp_path / "link"), str(tmp_path)}
