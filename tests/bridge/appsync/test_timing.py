"""`sst_bridge.appsync.timing`: the defaults keep the promises that the service's own numbers need."""

from __future__ import annotations

from sst_bridge.appsync.timing import Timing

DEFAULT = Timing()


def test_the_hand_over_is_done_before_the_service_ends_the_socket() -> None:
    """Even the latest hand-over, with its slowest opening, is over before 24 h."""
    assert DEFAULT.lifetime + DEFAULT.lifetime_spread + DEFAULT.answer + DEFAULT.overlap < 24 * 3600


def test_silence_is_noticed_before_the_service_gives_up() -> None:
    """The watchdog is quicker than the 300 s of the acknowledgement and more patient than two keep-alives."""
    assert 2 * 60 < DEFAULT.silence < 300


def test_a_dead_socket_leaves_time_for_another() -> None:
    """A thawed stub has proven its socket dead well within its 3 s of waiting for a dev server."""
    assert DEFAULT.proof + DEFAULT.backoff_base < 3.0 / 2
