"""The stop ladder: signals in order, each after its grace, skipped on request."""

from __future__ import annotations

from signal import SIGINT, SIGKILL, SIGTERM

from hypothesis import given
from hypothesis import strategies as st
from sst_dev.processes.ladder import HARD, RUNGS, Ladder


def test_climbs_a_rung_when_its_grace_is_over() -> None:
    """Ask, then terminate, then kill, each when the grace before it has passed, then report."""
    ladder = Ladder()

    assert ladder.request(0.0) == SIGINT
    assert ladder.tick(4.9) is None
    assert ladder.tick(5.0) == SIGTERM
    assert ladder.tick(7.9) is None
    assert ladder.tick(8.0) == SIGKILL
    assert not ladder.exhausted
    assert ladder.tick(10.0) is None
    assert ladder.exhausted


def test_a_second_request_skips_the_grace() -> None:
    """Every further request sends the next signal at once, up to SIGKILL and no further."""
    ladder = Ladder()

    assert [ladder.request(0.1 * n) for n in range(4)] == [SIGINT, SIGTERM, SIGKILL, None]


def test_hard_has_one_rung() -> None:
    """The hard ladder kills at once."""
    assert Ladder(HARD).request(0.0) == SIGKILL


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 4)), min_size=40))
def test_signals_never_repeat_and_it_always_ends(steps: list[tuple[bool, float]]) -> None:
    """Whatever the order of requests and ticks: each rung once, in order, and an end within the graces."""
    ladder, now, sent = Ladder(), 0.0, [Ladder().request(0.0)]
    ladder.request(now)
    for again, pause in steps:
        now += pause
        number = ladder.request(now) if again else ladder.tick(now)
        if number is not None:
            sent.append(number)
    while ladder.deadline is not None:
        number = ladder.tick(ladder.deadline)
        if number is not None:
            sent.append(number)

    assert sent == [rung.signal for rung in RUNGS]
    assert ladder.exhausted
