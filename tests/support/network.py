"""Both roles of delivery on a simulated network and a simulated clock: no loop, no sockets, nothing waits.

A `World` holds stubs, dev servers and the events in flight. What happens to an event is decided one by one
(`deliver`, `drop`, `duplicate`), or by `settle`, which delivers everything and lets time pass until nothing is
due any more."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

from sst_bridge.channel import Paths
from sst_bridge.delivery import dev, stub
from sst_bridge.delivery.dev import DevDelivery
from sst_bridge.delivery.link import Link
from sst_bridge.delivery.stage import SessionInfo
from sst_bridge.delivery.stub import StubDelivery
from sst_bridge.errors import Replayed
from sst_bridge.messages import Error, Hello, Invoke, Response, Stream

KEY = bytes(range(32))
PATHS = Paths("notes", "ada")
EPOCH = 1_750_000_000.0
INCOMING = OUTGOING = 64 * 1024 * 1024


class World:
    """Everything that talks, and everything that is on its way."""

    def __init__(self, seed: int = 0) -> None:
        self.now = 1_000.0
        self.random = random.Random(seed)
        self.in_flight: list[tuple[str, str, str]] = []
        """Receiver, path and event, oldest first."""
        self.nodes: dict[str, StubNode | DevNode] = {}
        self.spool: dict[str, Response | Error] = {}
        self.ran: dict[str, list[str]] = defaultdict(list)
        """Nonce → the dev servers that ran it, in order."""
        self.answers: dict[str, list[Response | Error | Stream]] = defaultdict(list)
        """Nonce → what handlers answered."""
        self.published = 0

    @property
    def at(self) -> float:
        return EPOCH + self.now

    @property
    def stubs(self) -> list[StubNode]:
        return [node for node in self.nodes.values() if isinstance(node, StubNode)]

    @property
    def devs(self) -> list[DevNode]:
        return [node for node in self.nodes.values() if isinstance(node, DevNode)]

    def stub(self, name: str, **options: float) -> StubNode:
        """A new execution environment."""
        self.nodes[name] = node = StubNode(self, name, **options)
        return node

    def dev(self, name: str, *, takeover: bool = False) -> DevNode:
        """A new dev server that has said its first claim."""
        self.nodes[name] = node = DevNode(self, name)
        node.perform(node.delivery.claim(self.now, takeover=takeover))
        return node

    def holding(self, name: str, *, takeover: bool = False) -> DevNode:
        """A new dev server that holds the stage."""
        node = self.dev(name, takeover=takeover)
        self.settle(until=self.now + 3.0)
        return node

    # --- the network ------------------------------------------------------------------------------

    def publish(self, path: str, events: list[str]) -> None:
        """Send to whoever listens, the publisher too."""
        self.published += -(-len(events) // 5)
        for event in events:
            for node in self.nodes.values():
                if path in node.paths:
                    self.in_flight.append((node.name, path, event))

    def deliver(self, index: int = 0) -> None:
        """The event *index* arrives."""
        receiver, path, event = self.in_flight.pop(index)
        if (node := self.nodes.get(receiver)) is not None and path in node.paths:
            node.receive(path, event)

    def duplicate(self, index: int) -> None:
        """The event *index* will arrive once more."""
        self.in_flight.append(self.in_flight[index])

    def drop(self, index: int = 0) -> None:
        """The event *index* never arrives."""
        self.in_flight.pop(index)

    def deliver_all(self) -> None:
        """Everything arrives, in order, and what follows from it."""
        while self.in_flight:
            self.deliver()

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        times = [node.next_deadline() for node in self.nodes.values() if not node.frozen]
        return min((time for time in times if time is not None), default=None)

    def advance(self, seconds: float) -> None:
        """Let time pass; what becomes due happens when it is due."""
        end = self.now + seconds
        while (due := self.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.tick()
        self.now = max(self.now, end)

    def tick(self) -> None:
        for node in list(self.nodes.values()):
            if not node.frozen:
                node.tick()
                due = node.next_deadline()
                assert due is None or due > self.now - 1e-6, f"{node.name} was ticked and is still due"

    def settle(self, until: float, *, lose: float = 0.0) -> None:
        """Deliver everything (but the share *lose*) and let time pass until *until*, or until nothing happens
        any more."""
        while True:
            while self.in_flight:
                self.drop() if self.random.random() < lose else self.deliver()
            due = self.next_deadline()
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.tick()
        self.now = max(self.now, until)

    def kill(self, name: str) -> None:
        """A process is gone without a word."""
        del self.nodes[name]


@dataclass
class Outcome:
    """What a caller was told."""

    invoke: Invoke
    replies: list[Response | Error | Stream] = field(default_factory=list)
    gave_up: str = ""

    @property
    def ended(self) -> bool:
        last = self.replies[-1] if self.replies else None
        return bool(self.gave_up) or (last is not None and (not isinstance(last, Stream) or last.final))


class StubNode:
    """One execution environment."""

    def __init__(self, world: World, name: str, **options: float) -> None:
        self.world = world
        self.name = name
        self.paths = {PATHS.environment(name), PATHS.all}
        self.frozen = False
        self.delivery = StubDelivery(Hello(name, "Api", {"TABLE": "notes"}), **options)
        self.link = Link(KEY, name, route=lambda sender: PATHS.dev, max_incoming=INCOMING, max_outgoing=OUTGOING)
        self.outcomes: list[Outcome] = []

    def invoke(self, nonce: str, body: bytes = b"{}", *, seconds: float = 900.0) -> Outcome:
        """Take an event from Lambda."""
        at = self.world.at
        invoke = Invoke(self.name, nonce, "Api", "r-1", int((at + seconds) * 1000), "arn", at, body=body)
        outcome = Outcome(invoke)
        self.outcomes.append(outcome)
        self.perform(self.delivery.invoke(invoke, self.world.now))
        return outcome

    def receive(self, path: str, event: str) -> None:
        try:
            arrival = self.link.receive(path, event, now=self.world.now, at=self.world.at)
        except Replayed:
            return
        if arrival is None:
            return
        for to, events in arrival.replies:
            self.world.publish(to, events)
        if path != PATHS.all:
            self.delivery.heard(arrival.sender, self.world.now)
        if arrival.message is not None:
            self.perform(self.delivery.receive(arrival.message, self.world.now))

    def perform(self, effects: list[stub.Effect]) -> None:
        for effect in effects:
            match effect:
                case stub.Send(messages, again):
                    events = self.link.send(PATHS.dev, messages, now=self.world.now, at=self.world.at, again=again)
                    self.world.publish(PATHS.dev, events)
                case stub.Deliver(reply):
                    assert not self.outcomes[-1].ended, "an answer after the answer"
                    self.outcomes[-1].replies.append(reply)
                    if isinstance(reply, Stream):
                        self.perform(self.delivery.taken(reply))
                case stub.GiveUp(reason):
                    assert not self.outcomes[-1].ended, "giving up after the answer"
                    self.outcomes[-1].gave_up = reason

    def next_deadline(self) -> float | None:
        times = [self.link.next_deadline(), self.delivery.next_deadline()]
        return min((time for time in times if time is not None), default=None)

    def tick(self) -> None:
        for path, events in self.link.tick(now=self.world.now, at=self.world.at):
            self.world.publish(path, events)
        self.perform(self.delivery.tick(self.world.now))


class DevNode:
    """One dev server. Its handlers wait until the test answers for them."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.paths = {PATHS.dev}
        self.frozen = False
        me = SessionInfo(name, f"host-{name}", "ada", world.at, 1)
        self.delivery = DevDelivery(me, PATHS, claim_window=1.0)
        self.link = Link(KEY, name, route=PATHS.environment, max_incoming=INCOMING, max_outgoing=OUTGOING)
        self.running: dict[str, Invoke] = {}
        self.resumed: list[str] = []
        self.lost_to = ""
        for environment, reply in world.spool.items():
            self.delivery.restore(environment, reply, world.now)

    def respond(self, nonce: str, body: bytes = b"{}") -> None:
        """The handler of *nonce* returns."""
        self._answer(Response(self.name, nonce, body=body))

    def fail(self, nonce: str) -> None:
        """The handler of *nonce* raises."""
        self._answer(Error(self.name, nonce, "E", body=b"{}"))

    def _answer(self, reply: Response | Error) -> None:
        del self.running[reply.nonce]
        self.world.answers[reply.nonce].append(reply)
        self.perform(self.delivery.reply(reply, self.world.now))

    def stream(self, nonce: str, body: bytes, *, final: bool = False) -> None:
        """The handler of *nonce* yields."""
        index = sum(isinstance(one, Stream) and one.sender == self.name for one in self.world.answers[nonce])
        piece = Stream(self.name, nonce, index, final, body=body)
        self.world.answers[nonce].append(piece)
        if final:
            del self.running[nonce]
        self.perform(self.delivery.stream(piece, self.world.now))

    def close(self) -> None:
        """Leave, without waiting for what runs."""
        self.perform(self.delivery.leave())
        self.perform(self.delivery.gone())
        self.world.kill(self.name)

    def receive(self, path: str, event: str) -> None:
        try:
            arrival = self.link.receive(path, event, now=self.world.now, at=self.world.at)
        except Replayed:
            return
        if arrival is None:
            return
        for to, events in arrival.replies:
            self.world.publish(to, events)
        if arrival.message is not None:
            self.perform(self.delivery.receive(arrival.message, self.world.now, arrival.sent_at))

    def perform(self, effects: list[dev.Effect]) -> None:
        for effect in effects:
            match effect:
                case dev.Send(path, messages, again):
                    events = self.link.send(path, messages, now=self.world.now, at=self.world.at, again=again)
                    self.world.publish(path, events)
                case dev.Run(environment, invoke):
                    assert environment.variables == {"TABLE": "notes"}
                    self.world.ran[invoke.nonce].append(self.name)
                    self.running[invoke.nonce] = invoke
                case dev.Keep(environment, reply):
                    self.world.spool[environment] = reply
                case dev.Release(pieces):
                    for piece in pieces:
                        self.link.release(piece)
                case dev.Forget(repeat):
                    self.link.forget(repeat)
                case dev.Resume(nonce):
                    self.resumed.append(nonce)
                case dev.Lost(holder):
                    self.lost_to = holder.id

    def next_deadline(self) -> float | None:
        times = [self.link.next_deadline(), self.delivery.next_deadline()]
        return min((time for time in times if time is not None), default=None)

    def tick(self) -> None:
        for path, events in self.link.tick(now=self.world.now, at=self.world.at):
            self.world.publish(path, events)
        self.perform(self.delivery.tick(self.world.now))
