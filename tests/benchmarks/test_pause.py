"""The long stays, made short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.pause import TIMEOUT, run


@pytest.mark.scenario
def test_stays_longer_than_the_timeout(tmp_path: Path) -> None:
    """At a breakpoint and at the pause button: the answer is right, and little of the function's time has passed."""
    cases = run(tmp_path, TIMEOUT + 0.5)

    assert [case["how"] for case in cases] == ["at breakpoint", "at pause button"]
    assert all(case["stood_s"] > TIMEOUT > case["passed_ms"] / 1000 for case in cases), cases
    assert all(case["place"].startswith("api.py:") for case in cases), cases
