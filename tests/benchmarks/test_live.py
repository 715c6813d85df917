"""The latency benchmark, made small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.live import APP, SIZES, event, percentile, run
from tests.support.session import session


@pytest.mark.scenario
def test_a_small_run_reports_every_case(tmp_path: Path) -> None:
    """Both functions answer with the bytes they were sent, and each size has its numbers."""
    with session(tmp_path, APP) as running:
        cases = run(running, 5)

    assert [case["bytes"] for case in cases] == list(SIZES)
    for case in cases:
        assert 0 < case["live_p50_ms"] <= case["live_p95_ms"] <= case["live_p99_ms"]
        assert case["ratio"] == pytest.approx(case["live_p50_ms"] / case["baseline_p50_ms"], rel=0.01)


def test_percentiles_are_values_that_were_measured() -> None:
    """p50 is the median; the others are the smallest value that so many percent do not exceed."""
    values = [float(n) for n in range(1, 101)]

    assert [percentile(values, p) for p in (50, 95, 99)] == [50.5, 95.0, 99.0]
    assert percentile([7.0], 99) == 7.0


def test_events_have_their_size_and_survive_a_json_round_trip() -> None:
    """MiniStack parses and writes bodies anew; an event that changed on the way would be taken for a fault."""
    for size in SIZES:
        body = event(size)

        assert len(body) == size
        assert json.dumps(json.loads(body)).encode() == body
