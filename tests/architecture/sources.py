"""Where the sources are, for the tests that look at all of them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "sst": ROOT / "sdk" / "src" / "sst",
    "sst_bridge": ROOT / "bridge" / "src" / "sst_bridge",
    "sst_stub": ROOT / "stub_lambda" / "src" / "sst_stub",
    "sst_dev": ROOT / "devserver" / "src" / "sst_dev",
    "sst_worker": ROOT / "devserver" / "src" / "sst_worker",
}


def python_files() -> dict[str, Path]:
    """Every source file: its path from the folder that holds its package (`sst_dev/core/state.py`) → where it is."""
    return {
        str(path.relative_to(folder.parent)): path
        for folder in PACKAGES.values()
        for path in sorted(folder.rglob("*.py"))
    }
