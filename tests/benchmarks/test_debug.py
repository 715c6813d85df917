"""The debugging benchmark, made small."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.debug import run


@pytest.mark.scenario
def test_a_small_run_reports_every_case(tmp_path: Path) -> None:
    """Calls and saves, without an IDE and with one; each answer is that of the code that was saved."""
    cases = run(tmp_path, 2)

    assert [case["what"].partition(",")[0] for case in cases] == ["call", "save and call"] * 2
    for case in cases:
        assert case["without_ms"] > 0
        assert case["ratio"] == pytest.approx(case["debug_ms"] / case["without_ms"], rel=0.01)
