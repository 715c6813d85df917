"""Time stands still while a thread stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_worker import clock


class Wall:
    now = 1_000.0

    def time(self) -> float:
        return self.now


@given(st.lists(st.sampled_from(["pass", "pause", "resume"]), max_size=30))
def test_only_time_without_a_pause_counts(steps: list[str]) -> None:
    """Whatever overlaps: the clock shows the seconds in which nobody stood; the first and the last are told."""
    wall, standing, counted = Wall(), 0, 1_000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", wall)
        ours = clock.Clock()
        for step in steps:
            if step == "pause":
                standing += 1
                assert ours.pause() is (standing == 1)
            elif step == "resume" and standing:
                standing -= 1
                assert ours.resume() is (standing == 0)
            else:
                wall.now += 1
                counted += not standing
            assert ours.time() == counted


def test_an_invocation_begins_without_the_pauses_before_it() -> None:
    """Its deadline is by the wall clock; what still stands stands from then on."""
    wall = Wall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", wall)
        ours = clock.Clock()
        ours.pause()
        wall.now += 60
        ours.resume()
        ours.start()
        assert ours.time() == wall.now
        ours.pause()
        wall.now += 60
        ours.start()
        wall.now += 5
        assert ours.time() == wall.now - 5
        ours.resume()
        assert ours.time() == wall.now - 5
