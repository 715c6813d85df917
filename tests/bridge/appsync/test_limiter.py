"""`sst_bridge.appsync.limiter`: the publish rate of one socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sst_bridge.appsync.limiter import PUBLISHES, Limiter, local_limiter

from tests.support.event_service import Bucket


def test_a_burst_leaves_at_once_and_the_next_waits_for_the_window() -> None:
    """The quota may be used up in one go; the one after it leaves when the first has left the window."""
    limiter = Limiter(count=3, window=1.1)
    for now in (10.0, 10.2, 10.4):
        assert limiter.delay(now) == 0
        limiter.take(now)

    assert limiter.delay(10.5) == pytest.approx(0.6)
    assert limiter.delay(11.1) == pytest.approx(0.0, abs=1e-9)


def test_throttling_pauses_a_socket_with_rate_to_spare() -> None:
    """A pause holds whatever the log of send times says, and the longest one counts."""
    limiter = Limiter()
    limiter.pause(12.0)
    limiter.pause(11.0)

    assert limiter.delay(10.0) == 2.0
    assert limiter.delay(12.0) == 0


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=300))
def test_the_service_never_has_to_throttle(gaps: list[float]) -> None:
    """However publishes come, sent when the limiter says they keep within the service's bucket of 25 a second."""
    limiter, bucket, now = Limiter(), Bucket(PUBLISHES), 0.0
    for gap in gaps:
        now += gap
        while (delay := limiter.delay(now)) > 0:
            now += delay
        limiter.take(now)

        assert bucket.take(now)


def test_a_local_cloud_is_not_slowed_down() -> None:
    """MiniStack has no quota: hundreds of calls a second on one socket leave without waiting."""
    limiter = local_limiter()
    for _ in range(500):
        assert limiter.delay(1.0) == 0.0
        limiter.take(1.0)
