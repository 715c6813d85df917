"""`sst_bridge.appsync.backoff`: full jitter under a doubling ceiling."""

from __future__ import annotations

from sst_bridge.appsync.backoff import Backoff


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    """Each failure doubles the range that the delay is drawn from, until the cap."""
    backoff = Backoff(base=0.1, cap=1.0, uniform=lambda _, ceiling: ceiling)

    assert [backoff.delay() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_the_delay_is_drawn_from_zero() -> None:
    """Full jitter: the range starts at no delay at all, so that a crowd spreads evenly."""
    floors = []
    backoff = Backoff(uniform=lambda floor, ceiling: floors.append(floor) or ceiling)
    backoff.delay()
    backoff.delay()

    assert floors == [0.0, 0.0]


def test_success_starts_anew() -> None:
    """After `reset` the next failure waits as the first did."""
    backoff = Backoff(base=0.1, cap=30.0, uniform=lambda _, ceiling: ceiling)
    for _ in range(5):
        backoff.delay()
    backoff.reset()

    assert backoff.delay() == 0.1


def test_a_service_down_for_days_does_not_overflow() -> None:
    """Thousands of failures leave the delay at the cap."""
    backoff = Backoff(base=0.1, cap=30.0, uniform=lambda _, ceiling: ceiling)

    assert {backoff.delay() for _ in range(5000)} >= {30.0}
    assert backoff.delay() == 30.0
