"""The benchmarks of the bridge, made small."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def last_line(module: str, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments], capture_output=True, text=True, timeout=150
    )
    assert done.stdout, done.stderr[-2_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.scenario
def test_a_small_run_answers_every_question() -> None:
    """And a small invocation costs four operations; who said goodbye is not waited for."""
    report = last_line("bridge", "--rounds", "5")
    assert report["ops_per_invocation"] == 4
    assert 3.0 <= report["nobody_there_s"] <= 3.5
    assert report["after_bye_ms"] < 1_000 * report["nobody_there_s"]
    wanted = {"hop_ratio", "six_mb_ratio", "reconnect_ms", "stub_zip_kb", "stub_import_ms", "sst_ops_per_invocation"}
    assert wanted <= report.keys()
