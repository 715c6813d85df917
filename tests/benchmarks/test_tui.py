"""A small run of `tui.py`: it measures what it says, and its last line is JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("tui.py")


def test_a_small_run_reports_every_case() -> None:
    """Latencies for each load, and memory after the lines; no assertion on seconds."""
    command = [sys.executable, str(SCRIPT), "--keys", "4", "--lines", "4000", "--flood", "--only"]
    command += ["functions", "command", "sst", "flood-four"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=170).stdout

    found = json.loads(out.splitlines()[-1])
    assert [case["load"] for case in found["cases"]] == ["idle", "functions", "command", "sst", "flood-four"]
    assert all(case["key_p50_ms"] > 0 and case["frame_p50_ms"] > 0 for case in found["cases"])
    assert set(found["memory"]) == {"functions", "command", "sst", "flood-four"}
