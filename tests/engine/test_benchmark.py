"""The engine's benchmark runs and measures what it says."""

from __future__ import annotations

from tests.benchmarks.engine import measure


def test_a_small_version() -> None:
    """All resources are made, the second run makes no call, and the bare calls are those of the engine."""
    result = measure(2, 1, 1, pause=0)

    assert (result["resources"], result["second_calls"]) == (2 * 6 + 1 + 3, 0)
    assert result["calls"] >= result["resources"]
