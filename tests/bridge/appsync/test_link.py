"""`sst_bridge.appsync.link`: one socket, from its opening to whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.limiter import Limiter
from sst_bridge.appsync.link import MAX_IN_FLIGHT, Link, LinkLost
from sst_bridge.appsync.protocol import Batch, Data, Event, Published
from sst_bridge.appsync.refusal import ServiceRefused
from sst_bridge.appsync.signing import Credentials, Signer
from sst_bridge.appsync.timing import Timing

from tests.bridge.appsync.conftest import DEV, FAST, generous
from tests.support.broker import Broker
from tests.support.event_service import Faults, Principal


@contextlib.asynccontextmanager
async def linked(
    api: EventApi, *, timing: Timing = FAST, secret: str = "test", open: bool = True
) -> AsyncIterator[tuple[Link, asyncio.Queue[Event]]]:
    """A link, and the events it passes on."""
    events: asyncio.Queue[Event] = asyncio.Queue()
    link = Link(
        api,
        Signer(api.http_host, api.region, lambda: Credentials("test", secret)),
        name="socket 1",
        timing=timing,
        limiter=generous(),
        on_event=lambda _, event: events.put_nowait(event),
    )
    try:
        if open:
            await link.open()
        yield link, events
    finally:
        await link.close()


def batch(*events: str) -> Batch:
    return Batch(DEV, events, (0,) * len(events))


async def test_small_frames_are_not_held_back(api: EventApi) -> None:
    """Nagle's algorithm is off: a frame leaves when it is written."""
    async with linked(api) as (link, _):
        assert link._socket is not None
        sock = link._socket.transport.get_extra_info("socket")

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_the_kernel_asks_after_the_other_end(api: EventApi) -> None:
    """A network that went away is noticed by TCP itself, also while nothing is sent."""
    async with linked(api) as (link, _):
        assert link._socket is not None
        sock = link._socket.transport.get_extra_info("socket")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_the_handshake_offers_what_the_service_wants(broker: Broker, api: EventApi) -> None:
    """The name of the API goes into the Host header, though loopback is dialled, and nothing is compressed."""
    async with linked(api) as (link, _):
        assert link._socket is not None
        request = link._socket.request
        assert request is not None

        assert request.headers["Host"] == broker.realtime_host
        assert link._socket.subprotocol == "aws-appsync-event-ws"
        assert "Sec-WebSocket-Extensions" not in request.headers


async def test_it_publishes_and_hears_itself(api: EventApi) -> None:
    """The answer to a publish and the events of a subscription are passed on."""
    async with linked(api) as (link, events):
        await link.subscribe([DEV])
        await link.publish(batch('"x"'))
        heard = [await events.get(), await events.get()]

        assert Published(batch('"x"')) in heard
        assert Data(DEV, '"x"') in heard


async def test_nothing_listens_there() -> None:
    """A port without a server is a sentence with the host in it."""
    with pytest.raises(LinkLost, match=r"cannot connect to 127\.0\.0\.1:1"):
        async with linked(EventApi("127.0.0.1:1", "127.0.0.1:1", "us-east-1")):
            pass


@contextlib.asynccontextmanager
async def listener(answer: bytes) -> AsyncIterator[EventApi]:
    """Something that is no AppSync: it gives every connection this answer, or none."""

    serving: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if answer:
                writer.write(answer)
                writer.close()
            else:
                await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield EventApi(host, host, "us-east-1")
    finally:
        server.close()
        await asyncio.gather(*serving)
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", ServiceRefused, "HTTP 403.*EventConnect"),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", LinkLost, "HTTP 503"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", LinkLost, "cannot connect"),
    ],
)
async def test_a_handshake_refused_by_http(answer: bytes, error: type[Exception], sentence: str) -> None:
    """Plain HTTP in answer to the handshake is read for what it is."""
    async with listener(answer) as api:
        with pytest.raises(error, match=sentence):
            async with linked(api):
                pass


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    """The whole opening has one time limit."""
    async with listener(b"") as api:
        with pytest.raises(LinkLost, match="did not answer"):
            async with linked(api, timing=dataclasses.replace(FAST, answer=0.2)):
                pass


async def test_everything_that_waits_ends_with_the_socket(broker: Broker, api: EventApi) -> None:
    """When the socket ends every waiter learns why, and what was not answered is told."""
    async with linked(api) as (link, _):
        broker.mute()
        await link.publish(batch('"x"'))
        waiting = [
            asyncio.ensure_future(link.prove_echo(DEV)),
            asyncio.ensure_future(link.prove(DEV)),
        ]
        await asyncio.sleep(0)
        broker.cut()
        outcomes: list[Any] = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [LinkLost, LinkLost]
        assert link.give_up() == [batch('"x"')]
        with pytest.raises(LinkLost):
            await link.publish(batch('"y"'))


async def test_an_earlier_answer_proves_nothing(broker: Broker, api: EventApi) -> None:
    """What was answered before the machine slept may still come in: the proof is the answer to the latest publish."""
    async with linked(api) as (link, events):
        await link.publish(batch('"before"'))
        async with asyncio.timeout(10):
            while not broker.service.seen["publish"]:  # its answer is on its way, and not read yet
                await asyncio.sleep(0)
        broker.mute()
        await link.publish(batch('"after"'))
        proof = asyncio.ensure_future(link.prove(DEV))

        assert await events.get() == Published(batch('"before"'))
        await asyncio.sleep(0)
        assert not proof.done()
        proof.cancel()


async def test_a_probe_is_not_among_the_events_given_up(broker: Broker, api: EventApi) -> None:
    """What a link publishes for itself dies with it."""
    async with linked(api) as (link, _):
        broker.mute()
        await link.probe(DEV)

        assert link.give_up() == []
        assert link._conversation.unanswered == 0


async def test_a_path_that_swallows_everything_is_no_connection(broker: Broker, api: EventApi) -> None:
    """When no echo comes the link is not usable, and says which path."""
    broker.service.faults = Faults(drop=1.0)
    async with linked(api, timing=dataclasses.replace(FAST, answer=0.5)) as (link, _):
        await link.subscribe([DEV])
        with pytest.raises(LinkLost, match=f"{DEV} does not return"):
            await link.prove_echo(DEV)


async def test_too_many_unanswered_publishes_wait(broker: Broker, api: EventApi) -> None:
    """A service that answers nothing gets no more than a bounded number of publishes."""
    broker.service.quotas.publishes_per_second = 1e6
    broker.service.faults = Faults(lose_answer=1.0)
    async with linked(api) as (link, _):
        for number in range(MAX_IN_FLIGHT):
            await link.room()
            await link.publish(batch(f'"{number}"'))
        full = asyncio.ensure_future(link.room())
        await asyncio.sleep(0)
        assert not full.done()

        assert len(link.give_up()) == MAX_IN_FLIGHT
        await full


async def test_a_denied_subscription_says_which(broker: Broker, api: EventApi) -> None:
    """Of several subscriptions the one that is refused is named."""
    broker.service.namespaces = {"sst", "other"}
    broker.service.principals["test"] = Principal("test")
    async with linked(api) as (link, _):
        with pytest.raises(ServiceRefused, match="/nowhere/x"):
            await link.subscribe([DEV, "/nowhere/x"])


async def test_closing_is_orderly(broker: Broker, api: EventApi) -> None:
    """The service sees a close, and no task of the link is left."""
    before = asyncio.all_tasks()
    async with linked(api) as (link, _):
        assert len(broker.sessions) == 1

    assert link.lost.done()
    assert not asyncio.all_tasks() - before
    async with asyncio.timeout(5):
        while broker.sessions:
            await asyncio.sleep(0.01)


async def test_the_rate_is_noted_for_every_publish(api: EventApi) -> None:
    """Probes count as any publish does: the limiter is the socket's, not the outbox's."""
    async with linked(api) as (link, _):
        link.limiter = Limiter(count=2)
        await link.probe(DEV)
        await link.publish(batch('"x"'))

        assert link.limiter.delay(asyncio.get_running_loop().time()) > 0
