"""Which paths are nobody's source: environments, caches, and data that `.gitignore` names.

A module that was imported counts wherever it lies: generated code is often ignored by git, and must reload.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from .sources import Signature, signature

IGNORED = (".venv", ".sst", ".git", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
"""Names of folders that are never looked into."""


class Ignore:
    """Answers for paths under *root* and in other repositories alike, by the `.gitignore` files above them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, path: str) -> bool:
        """Whether a change of *path* concerns nobody."""
        file = Path(path)
        if not set(file.parts).isdisjoint(IGNORED):
            return True
        if file.suffix == ".py":
            return False
        for folder in file.parents:
            if (spec := _spec(folder)) and spec.match_file(file.relative_to(folder)):
                return True
            if folder == self._root or (folder / ".git").exists():
                return False
        return False


def _spec(folder: Path) -> GitIgnoreSpec | None:
    file = folder / ".gitignore"
    seen = signature(str(file))
    return _parse(file, seen) if seen else None


@lru_cache(maxsize=256)  # repositories hold a handful of them
def _parse(file: Path, _seen: Signature) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(file.read_text("utf-8", "replace").splitlines())
    except OSError:  # gone since it was looked at
        return GitIgnoreSpec.from_lines([])
