"""The preload lists on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from sst_dev.functions.preload import MODULES_MAX, Preloads


def test_lists_are_kept_across_sessions(tmp_path: Path) -> None:
    """In a file of the stage that only the user can read, in the order of import."""
    file = tmp_path / "stage" / "preload.json"
    assert Preloads(file).learn("Api", ["boto3", "json", "boto3"])

    assert Preloads(file).of("Api") == ("boto3", "json")
    assert Preloads(file).of("Other") == ()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_modules_are_nothing_new(tmp_path: Path) -> None:
    """Order does not matter, and nothing is written."""
    preloads = Preloads(tmp_path / "preload.json")
    preloads.learn("Api", ["a", "b"])

    assert not preloads.learn("Api", ["b", "a"])
    assert preloads.learn("Api", ["a"])


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"Api": 3}', "null"])
def test_a_damaged_file_only_costs_time(tmp_path: Path, damage: str) -> None:
    """The lists start empty."""
    (tmp_path / "preload.json").write_text(damage)

    assert Preloads(tmp_path / "preload.json").of("Api") == ()


def test_lists_are_bounded(tmp_path: Path) -> None:
    """A handler that imports without end does not fill the disk."""
    preloads = Preloads(tmp_path / "preload.json")
    preloads.learn("Api", [f"m{n}" for n in range(MODULES_MAX + 1)])

    assert len(preloads.of("Api")) == MODULES_MAX
