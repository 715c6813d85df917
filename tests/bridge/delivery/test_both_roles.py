"""Both roles joined by a faulty network: none lost, none run twice, no success that did not happen, and it ends."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sst_bridge import frames
from sst_bridge.delivery.stage import State as StageState
from sst_bridge.messages import Response, Stream

from tests.support.network import World

FOREVER = 1e9


class Delivery(RuleBasedStateMachine):
    """Stubs, dev servers, handlers, and a network that does what it likes. Frames are small, so that messages
    have many."""

    accept_window = 3.0
    dead_after = 15.0
    dev_servers_die = True

    @initialize()
    def start(self) -> None:
        self.payload = frames.MAX_PAYLOAD
        frames.MAX_PAYLOAD = 200
        self.world = World()
        self.names = 0
        for name in ("env-a", "env-b", "env-c"):
            self.world.stub(name, accept_window=self.accept_window, dead_after=self.dead_after)
        self.world.holding("dev-0")
        self.excused: dict[str, int] = {}
        """Nonce → runs that were cut short by the end of their dev server."""

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}-{self.names}"

    # --- callers and handlers ---------------------------------------------------------------------

    @rule(index=st.integers(0, 2), size=st.sampled_from([0, 10, 700, 1_500]))
    def invoke(self, index: int, size: int) -> None:
        node = self.world.stubs[index]
        if not node.frozen and not node.delivery.nonce:
            self.world.advance(0.001)  # an environment takes its events one after the other
            node.invoke(self.name("nonce"), os.urandom(size))

    @rule(choice=st.integers(0, 99), size=st.sampled_from([0, 10, 900]), how=st.sampled_from(["respond", "fail"]))
    def answer(self, choice: int, size: int, how: str) -> None:
        if running := [(node, nonce) for node in self.world.devs for nonce in node.running]:
            node, nonce = running[choice % len(running)]
            if self.world.answers[nonce] and isinstance(self.world.answers[nonce][-1], Stream):
                return
            node.respond(nonce, os.urandom(size)) if how == "respond" else node.fail(nonce)

    @rule(choice=st.integers(0, 99), final=st.booleans())
    def stream(self, choice: int, final: bool) -> None:
        if running := [(node, nonce) for node in self.world.devs for nonce in node.running]:
            node, nonce = running[choice % len(running)]
            node.stream(nonce, os.urandom(20), final=final)

    # --- the network ------------------------------------------------------------------------------

    @rule(choice=st.integers(0, 999), count=st.integers(1, 20))
    def deliver(self, choice: int, count: int) -> None:
        for _ in range(count):
            if self.world.in_flight:
                self.world.deliver(choice % len(self.world.in_flight))

    @rule()
    def deliver_all(self) -> None:
        self.world.deliver_all()

    @rule(choice=st.integers(0, 999))
    def drop(self, choice: int) -> None:
        if self.world.in_flight:
            self.world.drop(choice % len(self.world.in_flight))

    @rule(choice=st.integers(0, 999))
    def duplicate(self, choice: int) -> None:
        if self.world.in_flight:
            self.world.duplicate(choice % len(self.world.in_flight))

    def storm(self, chance: random.Random, steps: int) -> None:
        """A while of bad weather: events lost, doubled and overtaking each other, handlers at work, time passing."""
        for _ in range(steps):
            roll, choice = chance.random(), chance.randrange(10_000)
            if roll < 0.08:
                self.invoke(choice % 3, chance.choice([0, 10, 700, 1_500]))
            elif roll < 0.18:
                self.answer(choice, chance.choice([0, 10, 900]), chance.choice(["respond", "fail"]))
            elif roll < 0.22:
                self.stream(choice, chance.random() < 0.3)
            elif roll < 0.34:
                self.drop(choice)
            elif roll < 0.40:
                self.duplicate(choice)
            elif roll < 0.90:
                self.deliver(choice, chance.choice([1, 1, 5]))
            else:
                self.wait(chance.choice([0.01, 0.3, 1.5, 6.0]))

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.5, 6.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.world.advance(seconds)

    # --- lives ------------------------------------------------------------------------------------

    @rule(index=st.integers(0, 2))
    def freeze(self, index: int) -> None:
        self.world.stubs[index].frozen = True

    @rule(index=st.integers(0, 2))
    def thaw(self, index: int) -> None:
        self.world.stubs[index].frozen = False

    def excuse(self, node) -> None:
        for nonce in node.running:
            self.excused[nonce] = self.excused.get(nonce, 0) + 1

    @precondition(lambda self: self.dev_servers_die)
    @rule(choice=st.integers(0, 9), politely=st.booleans())
    def end_dev_server(self, choice: int, politely: bool) -> None:
        if self.world.devs:
            node = self.world.devs[choice % len(self.world.devs)]
            self.excuse(node)
            node.close() if politely else self.world.kill(node.name)

    def take_over(self, chance: random.Random) -> None:
        """Another dev server comes, in good weather; the first one finishes what it can in its grace."""
        first = self.world.devs[0]
        self.world.settle(until=self.world.now + 3.0)
        second = self.world.holding(self.name("dev"), takeover=True)
        assert first.lost_to == second.name
        self.storm(chance, 40)
        self.excuse(first)
        first.close()

    @precondition(lambda self: self.dev_servers_die and not self.world.devs)
    @rule()
    def start_dev_server(self) -> None:
        self.world.dev(self.name("dev"))

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def none_runs_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        for nonce, ran in self.world.ran.items():
            assert len(ran) <= 1 + self.excused.get(nonce, 0), f"{nonce} ran on {ran}"
            assert len(set(ran)) == len(ran), f"{nonce} ran twice on one dev server"

    @invariant()
    def no_answer_was_made_up(self) -> None:
        if not hasattr(self, "world"):
            return
        for node in self.world.stubs:
            for outcome in node.outcomes:
                answers = self.world.answers[outcome.invoke.nonce]
                for reply in outcome.replies:
                    if isinstance(reply, Response):
                        assert any(isinstance(one, Response) and one.body == reply.body for one in answers)
                    if isinstance(reply, Stream):
                        assert reply in answers
                pieces = [reply for reply in outcome.replies if isinstance(reply, Stream)]
                assert [piece.index for piece in pieces] == list(range(len(pieces)))
                assert len({piece.sender for piece in pieces}) <= 1

    @invariant()
    def memory_is_bounded(self) -> None:
        if not hasattr(self, "world"):
            return
        for node in self.world.nodes.values():
            assert node.link.held < 200_000

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.finish()
        finally:
            frames.MAX_PAYLOAD = self.payload

    def finish(self) -> None:
        """The network heals, a dev server is there, handlers answer: everything must end."""
        world = self.world
        for node in world.stubs:
            node.frozen = False
        if not world.devs:
            world.dev(self.name("dev"))
        for _ in range(100):
            world.settle(until=world.now + 2.0)
            for node in world.devs:
                for nonce in list(node.running):
                    streaming = [one for one in world.answers[nonce] if isinstance(one, Stream)]
                    if streaming and streaming[-1].sender == node.name:
                        node.stream(nonce, b"", final=True)
                    else:
                        node.respond(nonce, b"late")
            if all(outcome.ended for node in world.stubs for outcome in node.outcomes):
                break
        world.settle(until=world.now + 120.0)
        self.none_runs_twice()
        self.no_answer_was_made_up()
        for node in world.stubs:
            for outcome in node.outcomes:
                assert outcome.ended, f"{outcome.invoke.nonce} never ended"
                self.judge(outcome)
            assert node.delivery.next_deadline() is None
        assert [node.delivery.stage.state for node in world.devs] == [StageState.HOLDING]
        assert all(not node.running and node.delivery.next_deadline() is None for node in world.devs)

    def judge(self, outcome) -> None:
        """What an outcome must be, beyond being there."""


class PatientDelivery(Delivery):
    """A stub that never gives up, and a dev server that never dies: then every invocation is answered by its
    handler."""

    accept_window = dead_after = FOREVER
    dev_servers_die = False

    def judge(self, outcome) -> None:
        assert not outcome.gave_up, outcome.gave_up
        assert len(self.world.ran[outcome.invoke.nonce]) == 1
        answered = self.world.answers[outcome.invoke.nonce]
        if isinstance(outcome.replies[0], Stream):
            assert outcome.replies == answered
        else:
            assert outcome.replies == answered[:1]


class StubbornDelivery(Delivery):
    """A stub that does not give up while dev servers die: someone always answers in the end."""

    accept_window = FOREVER

    def judge(self, outcome) -> None:
        # At once after a goodbye, and never a second run once a part of an answer is here.
        honest = ("goodbye", "streamed the answer", "streamed answer")
        assert not outcome.gave_up or any(reason in outcome.gave_up for reason in honest), outcome.gave_up


def storms(kind: type[Delivery], seed: int) -> None:
    """Twenty storms, with deaths and frosts between them. Hypothesis finds the short stories, this finds the
    long ones."""
    machine, chance = kind(), random.Random(seed)
    machine.start()
    try:
        for _ in range(20):
            machine.storm(chance, 40)
            roll, choice = chance.random(), chance.randrange(10)
            if kind.dev_servers_die:
                if roll < 0.1:
                    machine.end_dev_server(choice, chance.random() < 0.5)
                elif roll < 0.3 and not machine.world.devs:
                    machine.start_dev_server()
                elif roll < 0.35:
                    machine.freeze(choice % 3)
                elif roll > 0.9 and machine.world.devs:
                    machine.take_over(chance)
                elif roll < 0.5:
                    machine.thaw(choice % 3)
            machine.none_runs_twice()
            machine.no_answer_was_made_up()
            machine.memory_is_bounded()
        machine.finish()
    finally:
        frames.MAX_PAYLOAD = machine.payload


SEEDS = range(0, 2_000 if os.environ.get("HYPOTHESIS_DEEP") else 100, 20)


@pytest.mark.parametrize("kind", [Delivery, PatientDelivery, StubbornDelivery])
@pytest.mark.parametrize("first", SEEDS)
def test_storms(kind: type[Delivery], first: int) -> None:
    """The same rules hold through long bad weather, whatever the seed."""
    for seed in range(first, first + 20):
        storms(kind, seed)


deep = os.environ.get("HYPOTHESIS_DEEP")
bounds = settings(
    max_examples=1_000 if deep else 60,
    stateful_step_count=100 if deep else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDelivery = pytest.mark.timeout(0)(Delivery.TestCase) if deep else Delivery.TestCase
TestDelivery.settings = bounds
TestPatientDelivery = PatientDelivery.TestCase
TestPatientDelivery.settings = bounds
