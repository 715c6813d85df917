"""Files that hold secrets or state: private to the user, and never half written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import UserError


def private_dir(path: Path) -> Path:
    """Make *path* and its parents below `.sst` with mode 0700; return it. Raises `UserError` where none may write."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be made: {error.strerror}.", hint="sst keeps its state there: make the folder writable."
        ) from error
    if not os.access(path, os.W_OK):
        raise UserError(f"{path} is not writable.", hint="sst keeps its state there: make the folder writable.")
    return path


def write_private(path: Path, text: str) -> None:
    """Write *text* to *path* with mode 0600, all of it or nothing: a temporary file is renamed into place."""
    private_dir(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
