"""The benchmark of a bare worker works, in a small version; numbers are read, not asserted."""

from __future__ import annotations

from tests.benchmarks import worker


def test_a_small_run_measures_every_size() -> None:
    """Each case has both times and their ratio."""
    result = worker.measure(3)
    assert [case["bytes"] for case in result["cases"]] == list(worker.SIZES)
    assert all(case["round_trip_p50_us"] > 0 and case["echo_p50_us"] > 0 for case in result["cases"])
    assert result["fork_init_p50_ms"] > 0
