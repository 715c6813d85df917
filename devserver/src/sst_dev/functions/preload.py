"""What each function's workers imported last time, kept across sessions in `.sst/`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

MODULES_MAX = 5_000
"""Modules remembered per function: pandas, boto3 and FastAPI together import about 1,500."""


class Preloads:
    """Preload lists by function, one small JSON file for a stage."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lists: dict[str, list[str]] = _read(file)

    def of(self, function: str) -> tuple[str, ...]:
        """The modules to import before a worker of *function* is forked."""
        return tuple(self._lists.get(function, ()))

    def learn(self, function: str, modules: Sequence[str]) -> bool:
        """Remember *modules*; False when that is nothing new."""
        modules = list(dict.fromkeys(modules))[:MODULES_MAX]
        if set(modules) == set(self._lists.get(function, ())):
            return False
        self._lists[function] = modules
        self._write()
        return True

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._file.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(self._lists, file)
        new.replace(self._file)


def _read(file: Path) -> dict[str, list[str]]:
    """The lists in *file*; none when it is missing or damaged, as it only saves time."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return {str(name): [str(module) for module in modules] for name, modules in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
