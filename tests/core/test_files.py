"""Private files: modes, and all or nothing."""

import stat
from pathlib import Path

import pytest
from sst_dev.core.errors import UserError
from sst_dev.core.files import private_dir, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_folder_and_file_are_the_users_alone(tmp_path: Path) -> None:
    """Folders are 0700, files 0600, also the parents that were made on the way."""
    write_private(tmp_path / ".sst" / "stages" / "state.json", "{}")

    assert [mode(tmp_path / p) for p in (".sst", ".sst/stages", ".sst/stages/state.json")] == [0o700, 0o700, 0o600]


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    """Only what is made is made private; the project's own folder is not ours."""
    tmp_path.chmod(0o755)
    private_dir(tmp_path / "x")

    assert mode(tmp_path) == 0o755


def test_a_failed_write_leaves_the_old_text_and_no_debris(tmp_path: Path) -> None:
    """What cannot be encoded raises, and nothing changed."""
    path = tmp_path / "state.json"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_where_nobody_may_write_is_named(tmp_path: Path) -> None:
    """One sentence with the folder, instead of a traceback of ours."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        private_dir(tmp_path / "file" / ".sst")
