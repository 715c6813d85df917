"""`sst_bridge.appsync.connection`: the channel on real servers, through everything that ends a socket."""

from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.refusal import ServiceRefused
from sst_bridge.appsync.signing import Credentials

from tests.bridge.appsync.conftest import DEV, FAST, Server, generous, joined
from tests.support.broker import Broker
from tests.support.event_service import ALL, CONNECT, PUBLISH, SUBSCRIBE, Faults, Principal

STUB = "/sst/notes/test/env1"
EVERYONE = "/sst/notes/test/all"


def numbered(count: int) -> list[str]:
    return [f'"event-{number}"' for number in range(count)]


# Both servers.


async def test_events_reach_who_subscribed(server: Server) -> None:
    """An event arrives under the path subscribed to, at everyone there, its publisher included."""
    async with joined(server.api, DEV) as dev, joined(server.api, STUB, EVERYONE) as stub:
        stub.channel.publish(DEV, ['"to the dev server"'])
        dev.channel.publish(STUB, ['"to one"'])
        assert await dev.events.get() == (DEV, '"to the dev server"')
        assert await stub.events.get() == (STUB, '"to one"')
        stub.channel.publish(EVERYONE, ['"to all"'])

        assert await stub.events.get() == (EVERYONE, '"to all"')
        assert dev.events.empty()


async def test_probes_stay_inside(server: Server) -> None:
    """The nonces with which a channel proves itself are nobody's events."""
    async with joined(server.api, DEV) as first, joined(server.api, DEV) as second:
        first.channel.publish(DEV, ['"x"'])

        assert await first.heard() == await second.heard() == ['"x"']


async def test_a_cut_is_repaired(server: Server) -> None:
    """After a cut the channel reconnects, subscribes again, and says so; what was published meanwhile arrives."""
    async with joined(server.api, DEV) as dev, joined(server.api, STUB) as stub:
        server.wire.cut()
        await asyncio.gather(dev.until(lambda: not dev.states[-1].ready), stub.until(lambda: not stub.states[-1].ready))
        assert dev.states[-1].reason
        await dev.ready_again()
        stub.channel.publish(DEV, ['"after"'])

        assert await dev.heard() == ['"after"']
        await stub.ready_again()


async def test_what_waits_for_a_connection_arrives(server: Server) -> None:
    """Events published while nothing is reachable leave when it is."""
    async with joined(server.api, DEV) as dev, joined(server.api, STUB, start=False) as stub:
        server.wire.refusing = True
        starting = asyncio.ensure_future(stub.channel.start())
        await stub.until(lambda: bool(stub.states))
        stub.channel.publish(DEV, ['"early"'])
        assert not stub.states[-1].ready
        server.wire.refusing = False
        await starting

        assert await dev.heard() == ['"early"']


async def test_a_silent_socket_is_replaced(server: Server) -> None:
    """A socket on which nothing is heard for too long is given up, though nobody closed it."""
    impatient = dataclasses.replace(FAST, silence=0.3)
    async with joined(server.api, DEV, timing=impatient) as dev:
        server.wire.freeze()
        await dev.ready_again()
        dev.channel.publish(DEV, ['"x"'])

        assert await dev.heard() == ['"x"']


async def test_a_slow_uplink_is_not_a_dead_socket(server: Server) -> None:
    """A publish that takes long to leave is not late: the socket stays, and nothing is sent twice."""
    events = [f'"{number}{"x" * 200_000}"' for number in range(5)]
    timing = dataclasses.replace(FAST, publish_answer=1.5)
    async with joined(server.direct, DEV) as dev:
        server.wire.rate = 400_000  # two and a half seconds for the whole, less than one for what buffers hold
        async with joined(server.api, STUB, timing=timing) as stub:
            stub.channel.publish(DEV, events)

            assert sorted(await dev.heard(5)) == events
            assert [state.ready for state in stub.states] == [True]
        assert dev.events.empty()


async def test_a_publish_without_an_answer_tells_a_dead_socket(server: Server) -> None:
    """When nothing answers a publish the socket is replaced before the watchdog looks, and the event sent again."""
    async with joined(server.direct, DEV) as dev, joined(server.api, STUB) as stub:
        server.wire.freeze()
        stub.channel.publish(DEV, ['"reply"'])

        assert await dev.heard() == ['"reply"']
        assert not stub.states[1].ready


async def test_a_frozen_environment_finds_its_socket_alive(server: Server) -> None:
    """On a live socket `prove` is True, and the socket stays."""
    async with joined(server.api, STUB) as stub:
        before = server.wire.connections

        assert await stub.channel.prove()
        assert server.wire.connections == before


async def test_a_frozen_environment_finds_its_socket_dead(server: Server) -> None:
    """Without a confirmation `prove` is False, a new socket is opened at once, and the event goes out on it."""
    async with joined(server.direct, DEV) as dev, joined(server.api, STUB) as stub:
        server.wire.freeze()
        stub.channel.publish(DEV, ['"invoke"'])

        assert not await stub.channel.prove()
        assert await dev.heard() == ['"invoke"']


async def test_a_hand_over_loses_nothing(server: Server) -> None:
    """Sockets that are replaced before their end overlap: an event a turn, across several hand-overs, all arrive."""
    short = dataclasses.replace(FAST, lifetime=0.3, lifetime_spread=0.0)
    events = numbered(150)
    async with joined(server.api, DEV, timing=short, make_limiter=generous) as dev:
        before = server.wire.connections
        for event in events:
            dev.channel.publish(DEV, [event])
            await asyncio.sleep(0.01)

        heard = await dev.heard_all(set(events))
        assert server.wire.connections > before + 2
        assert set(heard) == set(events)
        assert [state.ready for state in dev.states] == [True]


async def test_a_refused_subscription_ends_the_start(server: Server) -> None:
    """A namespace that does not exist is a sentence that names it, raised by `start`; nothing is left running."""
    before = asyncio.all_tasks()
    with pytest.raises(ServiceRefused, match=r"EventSubscribe on .*channelNamespace/nowhere") as refused:
        async with joined(server.api, "/nowhere/x"):
            pass

    assert "/nowhere/x" in refused.value.message
    leftover = {task for task in asyncio.all_tasks() - before if task.get_name().startswith(("socket", "appsync"))}
    assert not leftover


async def test_large_messages_pass(server: Server) -> None:
    """Thirty-five events of the largest size, a 6 MB response, arrive whole."""
    events = [f'"{number:04d}{"x" * 239_000}"' for number in range(35)]
    async with joined(server.api, DEV) as dev, joined(server.api, STUB) as stub:
        stub.channel.publish(DEV, events)

        assert set(await dev.heard(35)) == set(events)


# The broker alone: what MiniStack cannot be made to do.


async def test_an_ordinary_close_is_a_failure(broker: Broker, api: EventApi) -> None:
    """The service closes with 1000 whatever the reason: the channel reconnects."""
    async with joined(api, DEV) as dev:
        broker.close()
        await dev.ready_again()
        dev.channel.publish(DEV, ['"x"'])

        assert await dev.heard() == ['"x"']


async def test_ready_means_that_nothing_is_swallowed(broker: Broker, api: EventApi) -> None:
    """Events just after a subscription are lost for a while: `start` lasts until they are not."""
    broker.service.faults = Faults(blackout=1.0)
    for _ in range(3):
        async with joined(api, DEV) as dev:
            broker.service.seen["lost in blackout"] = 0
            dev.channel.publish(DEV, ['"first"'])

            assert await dev.heard() == ['"first"']
            assert broker.service.seen["lost in blackout"] == 0


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (CONNECT, r"appsync:EventConnect on arn:aws:appsync:us-east-1:1:apis/broker,"),
        (SUBSCRIBE, r"appsync:EventSubscribe on arn:aws:appsync:us-east-1:1:apis/broker/channelNamespace/sst;"),
        (PUBLISH, r"appsync:EventPublish on arn:aws:appsync:us-east-1:1:apis/broker/channelNamespace/sst;"),
    ],
)
async def test_the_missing_permission_is_named(broker: Broker, api: EventApi, missing: str, sentence: str) -> None:
    """Whichever of the three permissions is missing, `start` raises a sentence that names it and the resource."""
    broker.service.principals["test"] = Principal("test", allowed=ALL - {missing})
    with pytest.raises(ServiceRefused, match=sentence):
        async with joined(api, DEV):
            pass


async def test_a_wrong_secret_points_at_clock_and_key(api: EventApi) -> None:
    """A signature that does not match is refused with advice that fits."""
    with pytest.raises(ServiceRefused, match="clock"):
        async with joined(api, DEV, credentials=lambda: Credentials("test", "wrong")):
            pass


async def test_a_permission_withdrawn_is_reported_and_may_come_back(broker: Broker, api: EventApi) -> None:
    """After the start a refusal is a state with the same sentence, and trying goes on."""
    async with joined(api, DEV) as dev:
        broker.service.principals["test"] = Principal("test", allowed=ALL - {PUBLISH})
        dev.channel.publish(DEV, ['"x"'])
        await dev.until(lambda: "appsync:EventPublish" in dev.states[-1].reason)
        broker.service.principals["test"] = Principal("test")
        await dev.until(lambda: dev.states[-1].ready)
        dev.channel.publish(DEV, ['"y"'])

        assert '"y"' in await dev.heard_all({'"y"'})


async def test_credentials_are_fresh_in_every_frame(broker: Broker, api: EventApi) -> None:
    """When the ones that opened the socket have expired, the next publish is signed with others."""
    current = [Credentials("first", "1", "token1")]
    broker.service.principals = {"first": Principal("1", "token1"), "second": Principal("2", "token2")}
    async with joined(api, DEV, credentials=lambda: current[0]) as dev:
        broker.service.principals["first"] = Principal("1", "token1", expires=time.time())
        current[0] = Credentials("second", "2", "token2")
        dev.channel.publish(DEV, ['"x"'])

        assert await dev.heard() == ['"x"']
        assert len(dev.states) == 1


async def test_credentials_that_fail_are_a_reason_to_wait(broker: Broker, api: EventApi) -> None:
    """When the source of credentials fails the channel says why, and goes on when it works again; nothing is lost."""
    failing = [False]

    def credentials() -> Credentials:
        if failing[0]:
            raise RuntimeError("the SSO session has expired")
        return Credentials("test", "test")

    async with joined(api, DEV, credentials=credentials) as dev:
        failing[0] = True
        dev.channel.publish(DEV, ['"x"'])
        await dev.until(lambda: "the SSO session has expired" in dev.states[-1].reason)
        failing[0] = False
        await dev.until(lambda: dev.states[-1].ready)

        assert await dev.heard() == ['"x"']


async def test_a_connection_refused_for_now_is_tried_again(broker: Broker, api: EventApi) -> None:
    """Throttled connects delay the start, and do not end it."""
    broker.service.faults = Faults(refuse_connects=3)
    async with joined(api, DEV) as dev:
        assert broker.service.seen["connect refused"] == 3
        assert [state.ready for state in dev.states] == [False, True]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(event_as_list=True),
        Faults(partial=0.3),
        Faults(throttle=0.3),
        Faults(mute_throttle=0.2),
        Faults(lose_answer=0.2),
        Faults(partial=0.1, throttle=0.1, mute_throttle=0.1, lose_answer=0.1, duplicate=0.2, reorder=0.3),
    ],
    ids=["list", "partial", "throttle", "mute throttle", "lost answers", "everything"],
)
async def test_events_arrive_in_spite_of(faults: Faults, broker: Broker, api: EventApi) -> None:
    """Failures by index, throttling with and without an id, and answers that never come cost repetitions only."""
    events = numbered(60)
    async with joined(api, DEV) as dev:
        broker.service.faults = faults
        for event in events:
            dev.channel.publish(DEV, [event])
            await asyncio.sleep(0)

        assert set(await dev.heard_all(set(events))) == set(events)


async def test_a_burst_takes_every_way_out(broker: Broker, api: EventApi) -> None:
    """Past 25 publishes a second HTTP and additional sockets help; no quota of the service is touched."""
    events = numbered(300)
    async with joined(api, DEV) as dev, joined(api, STUB) as stub:
        for number, event in enumerate(events):
            stub.channel.publish(f"/sst/notes/test/other{number}", [event])
            stub.channel.publish(DEV, [event])
            if number % 30 == 0:
                await asyncio.sleep(0.02)
        assert set(await dev.heard_all(set(events))) == set(events)

        assert broker.service.seen["http publish"] > 0
        assert broker.service.seen["connection_init"] > 2
        assert broker.service.seen["publish refused"] == 0


async def test_additional_sockets_go_when_the_rush_is_over(broker: Broker, api: EventApi) -> None:
    """Some time after the last saturation one socket is left."""
    async with joined(api, DEV) as dev:
        for number in range(200):
            dev.channel.publish(f"/sst/notes/test/other{number}", ['"x"'])
        async with asyncio.timeout(20):
            while broker.service.seen["connection_init"] < 2 or len(broker.sessions) > 1:
                await asyncio.sleep(0.02)

        assert dev.states[-1].ready


async def test_prove_costs_nothing_when_a_publish_is_on_its_way(broker: Broker, api: EventApi) -> None:
    """The event that is sent anyway is the proof; without one a single probe is."""
    async with joined(api, STUB) as stub:
        before = broker.service.seen["publish"]
        stub.channel.publish(DEV, ['"invoke"'])
        assert await stub.channel.prove()
        assert broker.service.seen["publish"] == before + 1

        assert await stub.channel.prove()
        assert broker.service.seen["publish"] == before + 2


async def test_a_throttled_socket_is_alive(broker: Broker, api: EventApi) -> None:
    """A service that refuses the proof for now has answered: the socket stays."""
    async with joined(api, STUB) as stub:
        broker.service.faults = Faults(throttle=1.0)

        assert await stub.channel.prove()
        assert [state.ready for state in stub.states] == [True]


async def test_a_wake_up_is_proven(broker: Broker, api: EventApi) -> None:
    """After a jump of the clock a live socket is kept, and one that no longer answers replaced."""
    offset = [0.0]
    async with joined(api, DEV, wall=lambda: time.time() + offset[0]) as dev:
        before = broker.service.seen["publish"]
        offset[0] += 60
        async with asyncio.timeout(10):
            while broker.service.seen["publish"] == before:
                await asyncio.sleep(0.01)
        assert len(dev.states) == 1

        broker.mute()
        offset[0] += 60
        await dev.ready_again()


async def test_a_publish_leaves_at_once(broker: Broker, api: EventApi) -> None:
    """With nothing waiting an event is on the socket after a few turns of the loop: no timer, no batching delay."""
    async with joined(api, DEV) as dev:
        link = dev.channel._primary
        assert link is not None
        await link.prove(DEV)
        assert link._conversation.unanswered == 0
        dev.channel.publish(DEV, ['"x"'])
        for _ in range(3):
            await asyncio.sleep(0)

        assert link._conversation.unanswered == 1


async def test_close_sends_what_is_queued(broker: Broker, api: EventApi) -> None:
    """Events published just before the end arrive, and then no socket and no task is left."""
    events = numbered(40)
    before = asyncio.all_tasks()
    async with joined(api, DEV) as dev:
        async with joined(api, STUB) as stub:
            stub.channel.publish(DEV, events)

        assert set(await dev.heard_all(set(events))) == set(events)
    assert not asyncio.all_tasks() - before


async def test_close_without_a_connection_does_not_wait(api: EventApi) -> None:
    """With nothing reachable the channel closes at once, whatever is queued."""
    nowhere = EventApi("127.0.0.1:1", "127.0.0.1:1", "us-east-1")
    async with joined(nowhere, DEV, start=False) as lost:
        starting = asyncio.ensure_future(lost.channel.start())
        await lost.until(lambda: bool(lost.states))
        lost.channel.publish(DEV, ['"x"'])
        await lost.channel.close()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

        assert "127.0.0.1:1" in lost.states[-1].reason
