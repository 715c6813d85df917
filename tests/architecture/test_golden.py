"""The wire is frozen: what a golden file once said it says for ever; new kinds are added beside the old."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.architecture.sources import ROOT

GOLDEN = "tests/wire/golden"


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def versions() -> list[tuple[str, str]]:
    """Every golden file of every commit that touched it."""
    found, commit = [], ""
    for line in git("log", "--format=commit %H", "--name-only", "--", f"{GOLDEN}/*.json").splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line:
            found.append((commit, line))
    return found


def kept(old: Any, new: Any) -> bool:
    """Whether everything in *old* is still in *new*: same members, same beginning of each list."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and kept(value, new[key]) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) <= len(new) and all(map(kept, old, new))
    return bool(old == new)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the history is in the git checkout, and this is none")
def test_golden_files_are_only_appended_to() -> None:
    """Every entry of every committed version is in today's file, unchanged."""
    broken = []
    for commit, name in versions():
        old = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=ROOT, capture_output=True, text=True)
        if old.returncode:
            continue  # this commit deleted it; an older one has the contents
        today = ROOT / name
        if not today.exists() or not kept(json.loads(old.stdout), json.loads(today.read_text())):
            broken.append(f"{name} said otherwise in {commit[:9]}")

    assert broken == []


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ({"a": [1]}, {"a": [1, 2], "b": 3}, True),
        ({"a": [1]}, {"a": [2, 1]}, False),
        ({"a": {"b": 1}}, {"a": {}}, False),
        ({"a": 1}, {"a": "1"}, False),
    ],
)
def test_what_counts_as_kept(old: Any, new: Any, answer: bool) -> None:
    """Adding is allowed at every depth; changing, removing and reordering are not."""
    assert kept(old, new) is answer
