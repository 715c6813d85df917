"""One dev server a stage, one transition of the table a test."""

from __future__ import annotations

import pytest
from sst_bridge.delivery.stage import SessionInfo, Stage, State
from sst_bridge.messages import Claim, Heartbeat

from tests.support.script import says

ME = SessionInfo("me", "laptop", "ada", 100.0, 1)
CLAIM = Claim("me", "laptop", "ada", 100.0)
HEARTBEAT = Heartbeat("me", "laptop", "ada", 100.0, 1)
ANSWER = Heartbeat("me", "laptop", "ada", 100.0, 1, "other")


def claiming(*, takeover: bool = False) -> Stage:
    stage = Stage(ME, window=0.75)
    says(stage.claim(0.0, takeover=takeover), Claim("me", "laptop", "ada", 100.0, takeover))
    return stage


def holding(*, takeover: bool = False) -> Stage:
    stage = claiming(takeover=takeover)
    for now in (0.25, 0.5, 0.75):
        stage.tick(now)
    assert stage.state is State.HOLDING
    return stage


def test_a_claim_is_said_three_times_then_held() -> None:
    """And the heartbeat that tells everyone twice."""
    stage = claiming()
    says(stage.tick(0.2))
    says(stage.tick(0.25), CLAIM)
    says(stage.tick(0.5), CLAIM)
    says(stage.tick(0.75), HEARTBEAT)
    assert stage.next_deadline() == 1.75
    says(stage.tick(1.75), HEARTBEAT)
    assert stage.next_deadline() is None


def test_a_held_stage_is_refused_with_its_holder() -> None:
    """Host, user and start time."""
    stage = claiming()
    says(stage.receive(Heartbeat("other", "desktop", "grace", 50.0, 2, "me")))
    assert stage.state is State.REFUSED
    assert stage.holder == SessionInfo("other", "desktop", "grace", 50.0, 2)
    assert stage.next_deadline() is None


def test_a_takeover_goes_on_when_the_holder_is_there() -> None:
    """It may not have heard the claim yet."""
    stage = claiming(takeover=True)
    says(stage.receive(Heartbeat("other", "desktop", "grace", 50.0)))
    assert stage.state is State.CLAIMING
    for now in (0.25, 0.5, 0.75):
        last = stage.tick(now)
    says(last, Heartbeat("me", "laptop", "ada", 100.0, 1, "", True))


@pytest.mark.parametrize(
    ("other", "wins"),
    [
        (Claim("other", "h", "u", 101.0), True),
        (Claim("other", "h", "u", 99.0), False),
        (Claim("other", "h", "u", 101.0, takeover=True), False),
        (Claim("zzz", "h", "u", 100.0), True),
        (Claim("aaa", "h", "u", 100.0), False),
    ],
)
def test_of_two_claims_one_goes_on(other: Claim, wins: bool) -> None:
    """Takeover first, then the older one, then by id: both sides decide the same."""
    stage = claiming()
    if wins:
        says(stage.receive(other), Heartbeat("me", "laptop", "ada", 100.0, 1, other.sender))
        assert stage.state is State.CLAIMING
    else:
        says(stage.receive(other))
        assert stage.state is State.REFUSED


def test_a_holder_answers_a_claim() -> None:
    """So that the other one is refused."""
    says(holding().receive(Claim("other", "h", "u", 200.0)), ANSWER)


@pytest.mark.parametrize(
    "message",
    [
        Claim("other", "h", "u", 200.0, takeover=True),
        Heartbeat("other", "h", "u", 200.0, takeover=True),
        Heartbeat("other", "h", "u", 200.0, answer_to="me"),
    ],
)
def test_a_holder_that_is_replaced_leaves(message: Claim | Heartbeat) -> None:
    """By a takeover, or because another one came while this one could not hear."""
    stage = holding()
    says(stage.receive(message))
    assert stage.state is State.TAKEN
    assert stage.holder.id == "other"
    says(stage.receive(message))


def test_a_holder_answers_one_that_did_not_hear_it() -> None:
    """All three claims, or all answers to them, were lost: the younger one leaves."""
    stage = holding()
    says(stage.receive(Heartbeat("other", "h", "u", 200.0)), ANSWER)
    assert stage.state is State.HOLDING


def test_a_holder_asks_again_after_its_connection_was_down() -> None:
    """And tells the stubs that it is back. Who does not hold has nothing to ask."""
    stage = holding(takeover=True)
    stage.tick(1.75)
    says(stage.reclaim(), CLAIM, HEARTBEAT)
    says(claiming().reclaim())
