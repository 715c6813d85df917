"""`sst_bridge.appsync.outbox`: what waits, in what order it leaves, and what it may cost."""

from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sst_bridge.appsync.outbox import MAX_ATTEMPTS, Outbox
from sst_bridge.appsync.protocol import MAX_EVENT_BYTES, Batch, Conversation
from sst_bridge.appsync.signing import Credentials, Signer


def taken(outbox: Outbox, now: float = 0.0) -> list[tuple[str, tuple[str, ...]]]:
    """Everything that waits, as the publishes it leaves in."""
    batches = iter(lambda: outbox.take(now), None)
    return [(batch.channel, batch.events) for batch in batches if batch]


def test_what_waits_together_leaves_together() -> None:
    """Events of one channel leave in their order, five a publish."""
    outbox = Outbox()
    outbox.put("/a", [str(n) for n in range(7)], 0)

    assert taken(outbox) == [("/a", ("0", "1", "2", "3", "4")), ("/a", ("5", "6"))]


def test_channels_take_turns() -> None:
    """A channel with much to send does not hold up the others."""
    outbox = Outbox()
    outbox.put("/a", [str(n) for n in range(12)], 0)
    outbox.put("/b", ["b"], 0)

    assert [channel for channel, _ in taken(outbox)] == ["/a", "/b", "/a", "/a"]


def test_a_publish_of_the_largest_events_fits_into_the_quota() -> None:
    """The whole frame, with a long session token, stays below 1.2 MB."""
    outbox = Outbox()
    event = json.dumps("x" * (MAX_EVENT_BYTES - 2))
    outbox.put("/a", [event] * 5, 0)
    batch = outbox.take(0)

    assert batch is not None
    signer = Signer("h" * 200, "us-east-1", lambda: Credentials("A" * 20, "s", "t" * 8_000))
    assert len(Conversation(signer).publish(batch)[1]) <= 1_200_000
    assert len(batch.events) == 4


def test_a_lone_event_of_nothing_but_quotes_still_leaves() -> None:
    """An event that doubles when it is embedded goes alone rather than never."""
    outbox = Outbox()
    outbox.put("/a", ['"' * 700_000] * 2, 0)

    assert [len(events) for _, events in taken(outbox)] == [1, 1]


def test_what_finds_no_room_is_dropped() -> None:
    """Past its bound the outbox takes nothing until something was answered; what is on its way counts too."""
    outbox = Outbox(max_bytes=10)
    outbox.put("/a", ["12345", "12345"], 0)
    batch = outbox.take(0)
    outbox.put("/a", ["x"], 0)
    assert batch is not None
    outbox.done(batch)
    outbox.put("/a", ["y"], 0)

    assert outbox.dropped == 1
    assert taken(outbox) == [("/a", ("y",))]


def test_what_is_too_old_is_dropped() -> None:
    """After its age limit an event is not worth sending: delivery has repeated it."""
    outbox = Outbox(max_age=30)
    outbox.put("/a", ["old"], 0)
    outbox.put("/a", ["new"], 20)

    assert taken(outbox, now=31) == [("/a", ("new",))]
    assert outbox.dropped == 1
    assert not outbox.waiting


def test_failed_events_go_first_again_and_in_order() -> None:
    """The events named by index are put back in front of everything else; the others are done."""
    outbox = Outbox()
    outbox.put("/a", ["0", "1", "2"], 0)
    outbox.put("/b", ["b"], 0)
    batch = outbox.take(0)
    assert batch is not None
    outbox.retry(batch, 0, [0, 2])
    outbox.done(batch)

    assert taken(outbox) == [("/a", ("0", "2")), ("/b", ("b",))]


def test_an_event_is_not_sent_for_ever() -> None:
    """After some attempts an event counts as lost, and the outbox is idle again."""
    outbox = Outbox()
    outbox.put("/a", ["x"], 0)
    attempts = 0
    while (batch := outbox.take(0)) is not None:
        attempts += 1
        outbox.retry(batch, 0)
        outbox.done(batch)

    assert attempts == MAX_ATTEMPTS
    assert outbox.dropped == 1
    assert outbox.idle


class OutboxMachine(RuleBasedStateMachine):
    """Nothing is lost without being counted, nothing doubled, and the bound holds, whatever the order of events."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(max_bytes=200, max_age=10)
        self.now = 0.0
        self.put = self.done = 0
        self.sent: list[Batch] = []

    @rule(channel=st.sampled_from("abc"), sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8))
    def put_events(self, channel: str, sizes: list[int]) -> None:
        self.outbox.put(channel, ["x" * size for size in sizes], self.now)
        self.put += len(sizes)

    @rule()
    def take(self) -> None:
        if (batch := self.outbox.take(self.now)) is not None:
            self.sent.append(batch)

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        if self.sent:
            batch = self.sent.pop(data.draw(st.integers(0, len(self.sent) - 1)))
            failed = data.draw(st.sets(st.integers(0, len(batch.events) - 1)))
            self.outbox.retry(batch, self.now, failed)
            self.outbox.done(batch)
            self.done += len(batch.events) - len(failed)

    @rule(seconds=st.floats(0, 6))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        held = self.outbox._waiting_bytes + self.outbox._unanswered_bytes
        assert 0 <= held <= 200
        assert self.outbox._unanswered_bytes == sum(batch.size for batch in self.sent)
        assert self.outbox.idle == (held == 0)

    def teardown(self) -> None:
        waiting = [event for _, events in taken(self.outbox, self.now) for event in events]
        on_their_way = sum(len(batch.events) for batch in self.sent)
        assert self.put == self.done + self.outbox.dropped + on_their_way + len(waiting)


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutboxMachine = OutboxMachine.TestCase
