"""Messages ↔ sealed events, and what is done about lost frames."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from sst_bridge.delivery.link import KEPT_IDLE, Arrival, Link, Repeat, message_id
from sst_bridge.errors import Malformed, Refused, Replayed
from sst_bridge.frames import MAX_PAYLOAD
from sst_bridge.messages import Accepted, Hello, Message, Missing, Response, Stream

KEY = bytes(range(32))
AT = 1_750_000_000.0
LARGE = Response("dev", "n1", body=os.urandom(3 * MAX_PAYLOAD))
"""Four frames."""


def make(sender: str, key: bytes = KEY, *, room: int = 100 * MAX_PAYLOAD) -> Link:
    return Link(key, sender, route=lambda to: f"/{to}", max_incoming=room, max_outgoing=room)


def send(link: Link, message: Message, now: float = 0.0, *, again: bool = False) -> list[str]:
    return link.send("/env", [message], now=now, at=AT, again=again)


def receive(link: Link, event: str, now: float = 0.0, path: str = "/env") -> Arrival | None:
    return link.receive(path, event, now=now, at=AT)


def test_a_message_arrives_with_its_sender_and_time() -> None:
    """One event, one arrival."""
    [event] = send(make("dev"), Accepted("dev", "n"))
    assert receive(make("env"), event) == Arrival("dev", AT, Accepted("dev", "n"))


def test_our_own_echo_is_nothing() -> None:
    """The service sends every subscriber what it published itself."""
    link = make("dev")
    [event] = send(link, Accepted("dev", "n"))
    assert receive(link, event) is None


@pytest.mark.parametrize(("event", "error"), [('"abc"', Malformed), ("17", Malformed)])
def test_noise_is_named(event: str, error: type[Exception]) -> None:
    """Probes of a channel among it."""
    with pytest.raises(error):
        receive(make("env"), event)


def test_another_key_and_a_replay_are_named() -> None:
    """Neither reaches delivery."""
    link = make("env")
    with pytest.raises(Refused):
        receive(link, send(make("dev", bytes(32)), Accepted("dev", "n"))[0])
    [event] = send(make("dev"), Accepted("dev", "n"))
    receive(link, event)
    with pytest.raises(Replayed):
        receive(link, event)


def test_a_repeat_of_a_large_message_costs_one_event() -> None:
    """And tells the receiver that it came again, once it is complete."""
    sender, receiver = make("dev"), make("env")
    events = send(sender, LARGE)
    assert len(events) == 4
    assert [receive(receiver, event).message for event in events] == [None, None, None, LARGE]
    [again] = send(sender, LARGE, again=True)
    assert receive(receiver, again) == Arrival("dev", AT, Repeat("dev", "n1", message_id(LARGE)))


def test_a_forgotten_completion_is_fetched_anew() -> None:
    """By its first frame, as if it came for the first time."""
    sender, receiver = make("dev"), make("env")
    for event in send(sender, LARGE):
        receive(receiver, event)
    repeat = receive(receiver, send(sender, LARGE, again=True)[0]).message
    receiver.forget(repeat)
    assert receive(receiver, send(sender, LARGE, again=True)[0]).message is None
    [(_, [asking])] = receiver.tick(now=0.3, at=AT)
    [(_, events)] = sender.receive("/dev", asking, now=0.3, at=AT).replies
    assert [receive(receiver, event).message for event in events] == [None, None, LARGE]


def test_a_repeat_brings_a_message_of_which_nothing_came() -> None:
    """By its first frame; the others are asked for."""
    sender, receiver = make("dev"), make("env")
    send(sender, LARGE)
    receive(receiver, send(sender, LARGE, again=True)[0])
    [(path, [asking])] = receiver.tick(now=0.3, at=AT)
    assert path == "/dev"
    [(back, events)] = sender.receive("/dev", asking, now=0.3, at=AT).replies
    assert (back, len(events)) == ("/env", 3)
    assert [receive(receiver, event).message for event in events] == [None, None, LARGE]
    assert receiver.next_deadline() is None or receiver.tick(now=9.0, at=AT) == []


def test_what_is_missing_is_asked_for_when_frames_stop_coming() -> None:
    """0.3 s after the last one, then less and less often."""
    sender, receiver = make("dev"), make("env")
    first, _, third, _ = send(sender, LARGE)
    receive(receiver, first, 0.0)
    receive(receiver, third, 0.2)
    assert receiver.next_deadline() == 0.5
    assert receiver.tick(now=0.4, at=AT) == []
    times, now = [], 0.5
    while now < 20:
        [(_, [event])] = receiver.tick(now=now, at=AT)
        arrival = sender.receive("/dev", event, now=now, at=AT)
        assert arrival.message == Missing("env", message_id(LARGE).hex(), (1, 3))
        times.append(round(now, 1))
        now = receiver.next_deadline()
    assert times == [0.5, 1.1, 2.3, 4.7, 9.5, 14.5, 19.5]


def test_while_frames_come_their_sender_hears_of_it() -> None:
    """Each second: a slow line is not a dead one."""
    sender, receiver = make("dev"), make("env")
    said = []
    for step, event in enumerate(send(sender, replace(LARGE, body=os.urandom(20 * MAX_PAYLOAD)))):
        now = step * 0.25
        receive(receiver, event, now)
        for _, [answer] in receiver.tick(now=now, at=AT):
            said.append(sender.receive("/dev", answer, now=now, at=AT))
    assert [arrival.message.indexes for arrival in said] == [()] * 4
    assert all(events == [] for arrival in said for _, events in arrival.replies)


def test_nothing_is_asked_of_a_sender_that_has_gone() -> None:
    """After a minute what came of its message is dropped."""
    receiver = make("env")
    receive(receiver, send(make("dev"), LARGE)[0])
    assert receiver.held > 0
    assert receiver.tick(now=61.0, at=AT) == []
    assert receiver.next_deadline() is None and receiver.held == 0


def test_what_was_sent_is_kept_within_bounds() -> None:
    """Of bytes and age; what is released is forgotten at once."""
    link = make("dev", room=8 * MAX_PAYLOAD)
    for number in range(10):
        send(link, replace(LARGE, nonce=f"n{number}"), now=0.0)
        assert link.held <= 8 * MAX_PAYLOAD
    send(link, replace(LARGE, nonce="late"), now=KEPT_IDLE + 1)
    assert MAX_PAYLOAD < link.held < 4 * MAX_PAYLOAD
    link.release(replace(LARGE, nonce="late"))
    assert link.held == 0


def test_a_forgotten_message_is_made_again_for_a_repeat() -> None:
    """With the same id and the same frames."""
    sender, receiver = make("dev", room=0), make("env")
    first, *_ = send(sender, LARGE)
    assert sender.held == 0
    receive(receiver, first)
    receive(receiver, send(sender, LARGE)[1])
    receive(receiver, send(sender, LARGE)[2])
    assert receive(receiver, send(sender, LARGE)[3]).message == LARGE


def test_asking_for_what_never_was_is_harmless() -> None:
    """Whatever indexes and ids it names."""
    sender, asker = make("dev"), make("env")
    send(sender, LARGE)
    name = message_id(LARGE).hex()
    for missing in (
        Missing("env", "no hex", (0,)),
        Missing("env", "00" * 16, (0,)),
        Missing("env", name, (-1, 4, 10_000)),
    ):
        [event] = asker.send("/dev", [missing], now=0.0, at=AT)
        arrival = sender.receive("/dev", event, now=0.0, at=AT)
        assert all(events == [] for _, events in arrival.replies)


def test_a_message_id_is_that_of_one_message() -> None:
    """The same each time, another one for every sender, kind, nonce and piece."""
    messages = [
        Response("dev", "n1"),
        Response("dev-2", "n1"),
        Response("dev", "n2"),
        Accepted("dev", "n1"),
        Stream("dev", "n1", 0),
        Stream("dev", "n1", 1),
        Stream("dev", "n1", 10),
    ]
    assert len({message_id(message) for message in messages}) == len(messages)
    assert message_id(LARGE) == message_id(replace(LARGE, body=b""))
    assert message_id(Hello("env", "Api")) != message_id(Hello("env", "Api"))


def test_pieces_of_a_stream_can_be_asked_for_by_their_ids() -> None:
    """Though each is a single frame."""
    sender, asker = make("dev"), make("env")
    lost = Stream("dev", "n1", 3, body=b"3")
    send(sender, lost)
    [event] = asker.send("/dev", [Missing("env", message_id(lost).hex(), (0,))], now=0.0, at=AT)
    [(_, [again])] = sender.receive("/dev", event, now=0.0, at=AT).replies
    assert receive(asker, again).message == lost
