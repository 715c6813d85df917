"""The share of the event loop that readers of loud programs get."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.core.pace import LONGEST, SHARE, Pace, running_pace


@given(st.lists(st.floats(0.0001, 0.02), min_size=1, max_size=40), st.integers(1, 8))
def test_readers_together_keep_to_the_share(slices: list[float], readers: int) -> None:
    """However many readers there are and however long their slices: they use no more than the share, but for one
    round of slices, and for those that waited the longest."""
    pace, now, used, longest = Pace(), 0.0, 0.0, False
    ready = [0.0] * readers
    for took in slices * 5:
        reader = min(range(readers), key=ready.__getitem__)
        now = max(now, ready[reader])
        pause = pace.pause(now, now + took)
        longest = longest or pause >= LONGEST
        now, used = now + took, used + took
        ready[reader] = now + pause

    assert longest or used <= SHARE * now + readers * max(slices) + 1e-6


def test_a_quiet_reader_does_not_wait() -> None:
    """Time unused is not saved up, and what was used long ago is forgotten."""
    pace = Pace()
    assert pace.pause(0.0, 0.004) == 0.004
    assert pace.pause(10.0, 10.001) < 0.002


def test_nobody_waits_longer_than_the_longest() -> None:
    """Not after a slice that took seconds either."""
    pace = Pace()

    assert pace.pause(0.0, 5.0) == LONGEST


async def test_a_loop_has_one_pace() -> None:
    """All readers of a loop share it."""
    assert running_pace() is running_pace()
