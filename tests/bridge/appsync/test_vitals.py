"""`sst_bridge.appsync.vitals`: what the clocks say about a socket."""

from __future__ import annotations

from sst_bridge.appsync.timing import Timing
from sst_bridge.appsync.vitals import Verdict, Vitals

TIMING = Timing()
WALL = 1_700_000_000.0


def vitals(**options: float) -> Vitals:
    return Vitals(TIMING, 0.0, WALL, uniform=lambda _, spread: spread, **options)


def looks(one: Vitals, *times: tuple[float, float]) -> list[Verdict]:
    """The verdicts at these times since the start: by the loop's clock, and by the wall's."""
    return [one.look(now, WALL + wall) for now, wall in times]


def ticks(start: float, end: float) -> list[tuple[float, float]]:
    return [(float(t), float(t)) for t in range(int(start), int(end), int(TIMING.tick))]


def test_keep_alives_keep_it_alive() -> None:
    """A frame a minute is enough."""
    one = vitals()
    verdicts = []
    for now, wall in ticks(5, 3600):
        if now % 60 == 0:
            one.heard(now, WALL + wall)
        verdicts += looks(one, (now, wall))

    assert set(verdicts) == {Verdict.FINE}


def test_silence_is_death() -> None:
    """Two and a half missed keep-alives end a socket."""
    verdicts = looks(vitals(), *ticks(5, 170))

    assert verdicts.index(Verdict.DEAD) == len(ticks(5, TIMING.silence)) + 1
    assert Verdict.SLEPT not in verdicts


def test_the_service_may_ask_for_less_patience() -> None:
    """A shorter limit in the acknowledgement counts, a longer one does not."""
    short, long = vitals(), vitals()
    short.limit_silence(20.0)
    long.limit_silence(300.0)

    assert looks(short, *ticks(5, 30))[-1] is Verdict.DEAD
    assert looks(long, *ticks(5, 170))[-1] is Verdict.DEAD


def test_a_jump_of_the_wall_clock_is_sleep() -> None:
    """While the machine sleeps the loop's clock may stand still: the wall's tells, once."""
    assert looks(vitals(), (5, 5), (10, 130), (15, 135)) == [Verdict.FINE, Verdict.SLEPT, Verdict.FINE]


def test_a_jump_of_both_clocks_is_sleep() -> None:
    """A frozen environment wakes with both clocks ahead."""
    assert looks(vitals(), (5, 5), (65, 65), (70, 70)) == [Verdict.FINE, Verdict.SLEPT, Verdict.FINE]


def test_a_long_sleep_is_death() -> None:
    """After twice the limit of silence nobody keeps the other end."""
    assert looks(vitals(), (5, 5), (10, 400)) == [Verdict.FINE, Verdict.DEAD]


def test_a_busy_loop_is_not_asleep() -> None:
    """A tick that comes some seconds late says nothing."""
    assert looks(vitals(), (5, 5), (19, 19)) == [Verdict.FINE, Verdict.FINE]


def test_a_clock_set_back_says_nothing() -> None:
    """When the wall clock is corrected backwards the socket goes on as if nothing was."""
    one = vitals()

    assert looks(one, (5, 5), (10, -3600), (15, -3595)) == [Verdict.FINE] * 3
    assert looks(one, *((now, now - 3610) for now, _ in ticks(20, 170)))[-1] is Verdict.DEAD


def test_age_calls_for_a_hand_over() -> None:
    """Before the service ends a socket at 24 h it counts as old, at a time of its own."""
    one = vitals()
    limit = TIMING.lifetime + TIMING.lifetime_spread
    one.heard(limit, WALL + limit)
    one.look(limit - 5, WALL + limit - 5)
    one.heard(limit, WALL + limit)

    assert limit < 24 * 3600
    assert looks(one, (limit - 1, limit - 1), (limit, limit)) == [Verdict.FINE, Verdict.OLD]
    assert one.age(limit) == limit
