"""The stub's side, one transition of its table a test."""

from __future__ import annotations

from typing import Any

import pytest
from sst_bridge.delivery.link import Repeat, message_id
from sst_bridge.delivery.stub import Deliver, GiveUp, Send, State, StubDelivery
from sst_bridge.messages import (
    Accepted,
    Bye,
    Error,
    Heartbeat,
    Hello,
    Invoke,
    Message,
    Missing,
    Received,
    Reintroduce,
    Response,
    Stream,
    Working,
)

from tests.support.script import says

HELLO = Hello("env", "Api", {"TABLE": "notes"})
INVOKE = Invoke("env", "n1", "Api", "r-1", 9_000_000, "arn", 0.0, body=b"{}")
NEXT = Invoke("env", "n2", "Api", "r-2", 9_000_000, "arn", 1.0)
AGAIN = Send((INVOKE,), again=True)


def calling(now: float = 0.0, **options: float) -> StubDelivery:
    """A stub that has sent its first invocation."""
    stub = StubDelivery(HELLO, **options)
    says(stub.invoke(INVOKE, now), Send((HELLO, INVOKE)))
    assert stub.state is State.CALLING
    return stub


def hear(stub: StubDelivery, message: Message, now: float = 0.0) -> list[Any]:
    """*message* comes on the path of this environment."""
    stub.heard(message.sender, now)
    return stub.receive(message, now)


def waiting() -> StubDelivery:
    """A stub whose invocation was accepted at 0."""
    stub = calling()
    says(hear(stub, Accepted("dev", "n1")))
    assert stub.state is State.WAITING
    return stub


def streaming() -> StubDelivery:
    """A stub that delivered piece 0 at 0."""
    stub = calling()
    piece = Stream("dev", "n1", 0, body=b"0")
    says(hear(stub, piece), Deliver(piece))
    assert stub.state is State.STREAMING
    return stub


def test_hello_travels_with_the_first_invocation_only() -> None:
    """In the same publish."""
    stub = calling()
    hear(stub, Response("dev", "n1"))
    says(stub.invoke(NEXT, 1.0), Send((NEXT,)))


def test_one_invocation_at_a_time() -> None:
    """An execution environment is busy until it has answered."""
    with pytest.raises(ValueError, match="n2 cannot start"):
        calling().invoke(NEXT, 0.0)


@pytest.mark.parametrize("reply", [Response("dev", "n1", body=b"1"), Error("dev", "n1", "E", body=b"{}")])
def test_the_answer_is_delivered_once(reply: Response | Error) -> None:
    """A second delivery of it is ignored, and the next invocation does not get it either."""
    stub = calling()
    says(hear(stub, reply), Deliver(reply))
    assert stub.state is State.IDLE and stub.next_deadline() is None
    says(hear(stub, reply))
    stub.invoke(NEXT, 1.0)
    says(hear(stub, reply))


def test_two_sends_then_nobody_is_there() -> None:
    """At 0 and at half of the window; at its end the answer is out, within 3.5 s."""
    stub = calling()
    assert stub.next_deadline() == 1.5
    says(stub.tick(1.5), AGAIN)
    assert stub.next_deadline() == 3.0
    says(stub.tick(3.0), GiveUp("no dev server answered within 3 s"))
    assert stub.state is State.IDLE


def test_a_tick_before_its_time_does_nothing() -> None:
    """Timers may be early, late or for nothing."""
    says(calling().tick(1.0))
    says(StubDelivery(HELLO).tick(100.0))


@pytest.mark.parametrize(
    "sign", [Accepted("dev", "n1"), Working("dev", "n1"), Missing("dev", message_id(INVOKE).hex(), (3,))]
)
def test_a_sign_of_life_stops_the_fail_fast_clock(sign: Message) -> None:
    """Whatever it is."""
    stub = calling()
    says(hear(stub, sign, 2.9))
    assert stub.state is State.WAITING
    assert stub.next_deadline() == 2.9 + 6.0


def test_a_frame_of_anything_else_extends_the_window() -> None:
    """Somebody is there, but it may not know of this invocation: it is repeated as before."""
    stub = calling()
    stub.heard("dev", 2.0)
    assert stub.state is State.CALLING
    says(stub.tick(2.0), AGAIN)
    assert stub.next_deadline() == 3.5
    stub.tick(3.5)
    assert isinstance(stub.tick(5.0)[0], GiveUp)


def test_a_missed_beat_repeats_the_invocation() -> None:
    """Either a beat was lost, or the reply."""
    stub = waiting()
    says(stub.tick(6.0), AGAIN)
    says(stub.tick(7.5), AGAIN)
    hear(stub, Working("dev", "n1"), 8.0)
    assert stub.next_deadline() == 14.0


def test_fifteen_silent_seconds_mean_death() -> None:
    """Then a new window for whoever comes next, and an honest end."""
    stub = waiting()
    for now in (6.0, 7.5, 9.0, 10.5, 12.0, 13.5):
        says(stub.tick(now), AGAIN)
    says(stub.tick(15.0), AGAIN)
    assert stub.state is State.CALLING
    says(stub.tick(16.5), AGAIN)
    says(stub.tick(18.0), GiveUp("the dev server that ran it died, and no other one has come"))


def test_reintroduce_is_answered_with_hello_and_the_invocation() -> None:
    """In one publish; a large invocation is not sent as a whole again."""
    stub = calling()
    says(hear(stub, Reintroduce("dev", "n1")), Send((HELLO, INVOKE), again=True))
    assert stub.state is State.WAITING
    says(hear(stub, Reintroduce("dev", "n0")))


@pytest.mark.parametrize("sender", ["dev", "dev-2"])
def test_a_heartbeat_repeats_the_invocation_at_once(sender: str) -> None:
    """Its sender may have taken the stage from one that died, or may have been deaf for a while."""
    stub = waiting()
    says(stub.receive(Heartbeat(sender, "host", "ada", 0.0), 1.0), AGAIN)
    assert stub.state is State.WAITING


def test_a_bye_of_the_one_that_works_on_it_opens_a_new_window() -> None:
    """Whoever took over may run it."""
    stub = waiting()
    says(stub.receive(Bye("dev"), 1.0), AGAIN)
    assert stub.state is State.CALLING
    stub.tick(2.5)
    assert isinstance(stub.tick(4.0)[0], GiveUp)


def test_after_a_bye_the_next_invocation_is_given_up_at_once() -> None:
    """No window, nothing sent."""
    stub = waiting()
    hear(stub, Response("dev", "n1"))
    stub.receive(Bye("dev"), 1.0)
    says(stub.invoke(NEXT, 2.0), GiveUp("the dev server said goodbye and no other one has come"))
    assert stub.state is State.IDLE


@pytest.mark.parametrize(
    "case", ["heartbeat", "frame", "another one is there", "the connection was down", "still draining"]
)
def test_a_bye_counts_only_if_nothing_came_since(case: str) -> None:
    """Else a stub would refuse while someone is there."""
    stub = waiting()
    hear(stub, Response("dev", "n1"))
    if case == "another one is there":
        stub.receive(Heartbeat("dev-2", "host", "ada", 0.0), 0.5)
    stub.receive(Bye("dev", running=("n9",) if case == "still draining" else ()), 1.0)
    if case == "heartbeat":
        stub.receive(Heartbeat("dev-2", "host", "ada", 0.0), 1.5)
    if case == "frame":
        stub.heard("dev-2", 1.5)
    if case == "the connection was down":
        stub.missed()
    says(stub.invoke(NEXT, 2.0), Send((NEXT,)))


def test_a_frame_that_its_senders_bye_overtook_proves_nothing() -> None:
    """A reply sent again just before the end, for example."""
    stub = waiting()
    reply = Response("dev", "n1")
    hear(stub, reply)
    stub.receive(Bye("dev"), 1.0)
    says(hear(stub, reply, 1.1))
    assert isinstance(stub.invoke(NEXT, 2.0)[0], GiveUp)


def test_messages_about_another_invocation_are_ignored() -> None:
    """Late ones, of every kind."""
    stub = calling()
    for message in (
        Accepted("dev", "n0"),
        Working("dev", "n0"),
        Response("dev", "n0"),
        Error("dev", "n0"),
        Stream("dev", "n0", 0),
        Missing("dev", "00" * 16, (1,)),
    ):
        says(stub.receive(message, 0.0))
    says(stub.receive(Repeat("dev", "n1"), 0.0))
    assert stub.state is State.CALLING


def test_a_forgotten_invocation_gets_no_answer() -> None:
    """Its caller has gone."""
    stub = waiting()
    stub.forget()
    says(hear(stub, Response("dev", "n1")))
    assert stub.next_deadline() is None and stub.nonce == ""


def test_pieces_are_delivered_in_order() -> None:
    """Whatever order they come in; doubles are reported, so that the dev server stops repeating them."""
    stub = streaming()
    one, two, last = Stream("dev", "n1", 1), Stream("dev", "n1", 2), Stream("dev", "n1", 3, final=True)
    says(hear(stub, two))
    says(hear(stub, one), Deliver(one), Deliver(two))
    says(hear(stub, one), Send((Received("env", "n1", 3),)))
    says(hear(stub, last), Deliver(last))
    assert stub.state is State.IDLE


def test_a_gap_is_asked_for() -> None:
    """By the ids of the pieces, every 0.3 s."""
    stub = streaming()
    hear(stub, Stream("dev", "n1", 3), 1.0)
    asked = Send(tuple(Missing("env", message_id(Stream("dev", "n1", index)).hex(), (0,)) for index in (1, 2)))
    assert stub.next_deadline() == 1.3
    says(stub.tick(1.3), asked)
    says(stub.tick(1.6), asked)


def test_a_gap_that_stays_ends_the_answer() -> None:
    """A dev server that is alive, but has not kept the piece, would be asked for ever."""
    stub = streaming()
    now = 0.0
    effects: list[Any] = []
    while stub.state is State.STREAMING:
        assert now < 60
        now += 0.3
        hear(stub, Stream("dev", "n1", 3), now)
        effects += stub.tick(now + 0.3)
        now += 0.3
    assert effects[-1] == GiveUp("a part of the streamed answer was lost")


def test_the_caller_reports_what_it_took() -> None:
    """Each megabyte."""
    stub = streaming()
    large = Stream("dev", "n1", 1, body=bytes(600_000))
    says(stub.taken(large))
    says(stub.taken(Stream("dev", "n1", 2, body=bytes(600_000))), Send((Received("env", "n1", 3),)))
    says(stub.taken(Stream("dev", "n1", 3, body=b"1")))


def test_a_stream_is_that_of_one_dev_server() -> None:
    """Half of one answer and half of another is no answer."""
    stub = streaming()
    says(hear(stub, Stream("dev-2", "n1", 1)))
    says(hear(stub, Response("dev-2", "n1")))
    says(hear(stub, Error("dev-2", "n1")))
    error = Error("dev", "n1", "Sst.ReplyLost")
    says(hear(stub, error), Deliver(error))


def test_a_silent_stream_is_asked_for_its_last_piece_and_then_given_up() -> None:
    """It is never run again: half of its answer is out."""
    stub = streaming()
    for now in (6.0, 7.5, 9.0, 10.5, 12.0, 13.5):
        says(stub.tick(now), Send((Received("env", "n1", 1),)))
    says(stub.tick(15.0), GiveUp("the dev server died while it streamed the answer"))


def test_after_the_bye_of_its_dev_server_a_stream_has_one_window() -> None:
    """Pieces that the bye overtook may still come."""
    stub = streaming()
    says(stub.receive(Bye("dev"), 1.0))
    says(stub.receive(Heartbeat("dev-2", "host", "ada", 0.0), 1.0))
    assert stub.next_deadline() == 4.0
    assert isinstance(stub.tick(4.0)[0], GiveUp)


def test_a_frozen_environment_gives_its_dev_server_a_new_window() -> None:
    """What was sent to it while it stood still is on its way, or will be after a repeat."""
    stub = waiting()
    says(stub.tick(100.0), AGAIN)
    assert stub.state is State.WAITING
    for now in (101.5, 102.9):
        stub.tick(now)
        assert stub.state is State.WAITING
    stub.tick(103.0)
    assert stub.state is State.CALLING


def test_what_overtakes_is_bounded() -> None:
    """In bytes: what does not fit is asked for again."""
    stub = streaming()
    for index in range(1, 100):
        hear(stub, Stream("dev", "n1", index + 1, body=bytes(1024 * 1024)))
    assert sum(len(piece.body) for piece in stub._stream.early.values()) <= 8 * 1024 * 1024
