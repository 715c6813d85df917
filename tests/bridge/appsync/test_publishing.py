"""`sst_bridge.appsync.publishing`: what leaves on which way, and what becomes of answers. On a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.limiter import Limiter
from sst_bridge.appsync.link import Link
from sst_bridge.appsync.outbox import MAX_ATTEMPTS
from sst_bridge.appsync.protocol import Batch, Event, Published, PublishFailed, ServiceError
from sst_bridge.appsync.publishing import Publisher
from sst_bridge.appsync.signing import Credentials, Signer
from sst_bridge.tasks import cancel_all, spawn

from tests.bridge.appsync.conftest import DEV, FAST
from tests.support.broker import Broker
from tests.support.event_service import Faults

BATCH = Batch(DEV, ('"a"', '"b"'), (0, 0))


@dataclasses.dataclass
class Sending:
    """A publisher with one socket."""

    publisher: Publisher
    link: Link
    saturated: list[float]


@contextlib.asynccontextmanager
async def sending(api: EventApi, limiter: Limiter | None = None) -> AsyncIterator[Sending]:
    signer = Signer(api.http_host, api.region, lambda: Credentials("test", "test"))
    saturated: list[float] = []
    tasks: set[asyncio.Task[Any]] = set()
    publisher = Publisher(api, signer, on_saturated=lambda: saturated.append(0))

    def on_event(_: Link, event: Event) -> None:
        if isinstance(event, Published | PublishFailed):
            publisher.answered(event)

    link = Link(api, signer, name="socket 1", timing=FAST, limiter=limiter or Limiter(), on_event=on_event)
    await link.open()
    spawn(publisher.send_on(link), name="sender", owner=tasks)
    try:
        yield Sending(publisher, link, saturated)
    finally:
        await cancel_all(tasks)
        await link.close()
        await publisher.close()


def published(broker: Broker) -> list[list[str]]:
    """The events of each publish that the service saw."""
    return [frame["events"] for frame in broker.service.recent if "events" in frame]


async def test_what_is_published_in_one_turn_leaves_in_one_frame(broker: Broker, api: EventApi) -> None:
    """Batches form from what waits together, up to five events, and nothing waits for more to come."""
    async with sending(api) as one:
        one.publisher.put(DEV, [f'"{number}"' for number in range(7)])
        await one.publisher.flush()
        one.publisher.put(DEV, ['"later"'])
        await one.publisher.flush()

        assert [len(events) for events in published(broker)] == [5, 2, 1]
        assert one.saturated == []


async def test_what_the_rate_leaves_over_goes_by_http(broker: Broker, api: EventApi) -> None:
    """When the socket's rate is used up the rest goes over HTTP at once, and more sockets are asked for."""
    async with sending(api, Limiter(count=1, window=60)) as one:
        one.publisher.put(DEV, [f'"{number}"' for number in range(25)])
        await one.publisher.flush()

        assert broker.service.seen["publish"] == 1
        assert broker.service.seen["http publish"] == 4
        assert one.saturated


async def test_events_one_after_the_other_do_not_wait_for_the_rate(broker: Broker, api: EventApi) -> None:
    """With the rate used up each new event goes by HTTP as it comes, though the socket's sender waits for its turn."""
    async with sending(api, Limiter(count=1, window=600)) as one:
        for number in range(20):
            one.publisher.put(DEV, [f'"{number}"'])
            async with asyncio.timeout(10):
                await one.publisher.flush()

        assert broker.service.seen["http publish"] == 19


async def test_a_network_without_http_leaves_it_to_the_sockets(broker: Broker, api: EventApi) -> None:
    """Where HTTP publishes fail, what exceeds the rate waits for the socket, and nothing is lost."""
    broker.service.http_host = "127.0.0.1:1"
    events = [f'"{number}"' for number in range(12)]
    async with sending(dataclasses.replace(api, http_host="127.0.0.1:1"), Limiter(count=2, window=0.05)) as one:
        for number, event in enumerate(events):
            one.publisher.put(f"/sst/notes/test/env{number}", [event])
        await one.publisher.flush()

        assert sorted(event for batch in published(broker) for event in batch) == sorted(events)
        assert not one.publisher.dropped


async def test_http_is_bounded(broker: Broker, api: EventApi) -> None:
    """However much waits, only a few requests are under way, and the rest goes as they are done."""
    async with sending(api, Limiter(count=1, window=60)) as one:
        one.publisher.put(DEV, ['"0"'])
        await one.publisher.flush()
        for number in range(100):
            one.publisher.put(f"/sst/notes/test/env{number}", ['"x"'])
        await one.publisher.flush()

        assert broker.service.seen["http publish"] == 100
        assert not one.publisher.dropped


async def test_a_failed_event_alone_is_sent_again(broker: Broker, api: EventApi) -> None:
    """Of a batch with a partial failure only the event named by index is repeated."""
    async with sending(api) as one:
        broker.service.faults = Faults(partial=1.0)
        one.publisher.put(DEV, ['"a"', '"b"', '"c"'])
        async with asyncio.timeout(10):
            while len(published(broker)) < 2:
                await asyncio.sleep(0.001)
        broker.service.faults = Faults()
        await one.publisher.flush()

        assert len(published(broker)[1]) == 1


async def test_what_can_never_pass_is_given_up_at_once(broker: Broker, api: EventApi) -> None:
    """An event the service finds too large is not sent again; the others of its batch are through."""
    broker.service.quotas.event_bytes = 10
    async with sending(api) as one:
        one.publisher.put(DEV, ['"small"', '"too large for this service"'])
        await one.publisher.flush()

        assert len(published(broker)) == 1


async def test_throttling_holds_everything_back(broker: Broker, api: EventApi) -> None:
    """After `LimitExceededError` nothing leaves for a while, by no way; then what was refused goes first."""
    async with sending(api) as one:
        broker.service.faults = Faults(throttle=1.0)
        one.publisher.put(DEV, ['"refused"'])
        async with asyncio.timeout(10):
            while not broker.service.seen["publish refused"]:
                await asyncio.sleep(0.001)
        broker.service.faults = Faults()
        one.publisher.put(DEV, ['"behind it"'])
        await one.publisher.flush()

        assert published(broker)[-1] == ['"refused"', '"behind it"']
        assert broker.service.seen["http publish"] == 0


async def test_a_refusal_is_returned_to_the_owner_of_the_socket(api: EventApi) -> None:
    """A publish that is not permitted is a sentence; the events wait for better times, a few times."""
    async with sending(api) as one:
        await one.link.close()
        one.publisher.put(DEV, ['"x"'])
        refused = None
        for _ in range(MAX_ATTEMPTS):
            batch = one.publisher._outbox.take(0)
            assert batch is not None
            refused = one.publisher.answered(PublishFailed(batch, ServiceError("UnauthorizedException")))

        assert refused is not None and "appsync:EventPublish" in refused.hint
        assert one.publisher.dropped == 1
        await one.publisher.flush()


async def test_what_a_dead_socket_left_is_sent_again(broker: Broker, api: EventApi) -> None:
    """Batches of unknown fate go out again, before what waits."""
    async with sending(api) as one:
        one.publisher.put(DEV, list(BATCH.events))
        batch = one.publisher._outbox.take(0)
        assert batch == BATCH
        one.publisher.recover([batch])
        await one.publisher.flush()

        assert published(broker) == [list(BATCH.events)]


@pytest.mark.parametrize("count", [1, 3])
async def test_senders_share_one_outbox(broker: Broker, api: EventApi, count: int) -> None:
    """However many sockets take from it, every event leaves once."""
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(sending(api))
        tasks: set[asyncio.Task[Any]] = set()
        stack.push_async_callback(cancel_all, tasks)
        for _ in range(count - 1):
            spawn(one.publisher.send_on(one.link), name="another", owner=tasks)
        for number in range(20):
            one.publisher.put(f"/sst/notes/test/env{number}", [f'"{number}"'])
        await one.publisher.flush()

        assert sorted(event for events in published(broker) for event in events) == sorted(
            f'"{number}"' for number in range(20)
        )
