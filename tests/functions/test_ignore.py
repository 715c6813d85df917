"""Whose changes concern nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst_dev.functions.ignore import Ignore


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("functions/data.json", False),
        ("functions/api.py", False),
        (".venv/lib/x.py", True),
        ("functions/__pycache__/api.cpython-311.pyc", True),
        (".sst/state.json", True),
        ("web/node_modules/a/b.json", True),
        (".git/HEAD", True),
        ("build/out.txt", True),
        ("functions/x.log", True),
        ("functions/keep.log", False),
        ("functions/local/y.txt", True),
        ("build/generated.py", False),
    ],
)
def test_paths(tmp_path: Path, path: str, ignored: bool) -> None:
    """Environments, caches and what `.gitignore` files name, nested ones too; modules count anywhere else."""
    (tmp_path / "functions").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n*.log\n!keep.log\n")
    (tmp_path / "functions/.gitignore").write_text("local/\n")

    assert Ignore(tmp_path)(str(tmp_path / path)) is ignored


def test_an_edited_gitignore_counts_at_once(tmp_path: Path) -> None:
    """No restart is needed."""
    ignore = Ignore(tmp_path)
    assert not ignore(str(tmp_path / "a.txt"))
    (tmp_path / ".gitignore").write_text("*.txt\n")

    assert ignore(str(tmp_path / "a.txt"))
