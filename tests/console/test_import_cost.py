"""What `sst dev --mode=basic` must not load, seen from a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["sst_dev.console.printer", "sst_dev.console.logfiles", "sst_dev.cli.serving"])
def test_the_stream_modes_load_no_screen(module: str) -> None:
    """Neither Textual, nor Rich, nor the terminal emulator: they cost half a second that only the screen needs."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))

    assert {name for name in loaded if name.partition(".")[0] in ("textual", "rich", "pyte")} == set()
    assert not any(name.startswith("sst_dev.tui.") for name in loaded)
