"""Servers of AppSync Events for the tests of the client: the strict broker, and MiniStack as the independent one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import AppSyncChannel, connector
from sst_bridge.appsync.limiter import Limiter
from sst_bridge.appsync.signing import Credentials
from sst_bridge.appsync.timing import Timing
from sst_bridge.channel import ConnectionState

from tests.support.broker import Broker
from tests.support.ministack import client, ministack_process
from tests.support.wire import Wire

DEV = "/sst/notes/test/dev"

FAST = Timing(
    answer=10.0, echo=0.05, publish_answer=0.5, proof=0.5, tick=0.05, jump=5.0, silence=60.0, overlap=0.2,
    steady=0.0, backoff_base=0.01, backoff_cap=0.1, grow=0.05, shrink=0.3,
)  # fmt: skip
"""The same behaviour, sooner."""


@dataclass
class Server:
    """An Event API with the namespace `sst`, and the wire that its sockets go through."""

    api: EventApi
    wire: Wire
    direct: EventApi
    """The same API past the wire."""


@dataclass
class Party:
    """A channel with what it was told."""

    channel: AppSyncChannel
    events: asyncio.Queue[tuple[str, str]]
    states: list[ConnectionState] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, count: int = 1) -> list[str]:
        """The next *count* events."""
        async with asyncio.timeout(20):
            return [(await self.events.get())[1] for _ in range(count)]

    async def heard_all(self, wanted: set[str]) -> list[str]:
        """Everything up to the moment at which all *wanted* events were heard."""
        heard: list[str] = []
        async with asyncio.timeout(30):
            while not wanted <= set(heard):
                heard.append((await self.events.get())[1])
        return heard

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that the states bring about holds."""
        async with asyncio.timeout(20):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def ready_again(self) -> None:
        """Wait for the end of an interruption."""
        await self.until(lambda: not self.states[-1].ready or len(self.states) > 2)
        await self.until(lambda: self.states[-1].ready)


@contextlib.asynccontextmanager
async def joined(
    api: EventApi, *paths: str, timing: Timing = FAST, start: bool = True, **options: Any
) -> AsyncIterator[Party]:
    """A started channel on *paths* that is closed at the end."""
    credentials = options.pop("credentials", lambda: Credentials("test", "test"))
    events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    states: list[ConnectionState] = []
    changed = asyncio.Event()

    def on_state(state: ConnectionState) -> None:
        states.append(state)
        changed.set()

    def on_event(path: str, event: str) -> None:
        events.put_nowait((path, event))

    channel = connector(api, credentials, timing=timing, **options)(paths, on_event=on_event, on_state=on_state)
    assert isinstance(channel, AppSyncChannel)
    try:
        if start:
            await channel.start()
        yield Party(channel, events, states, changed)
    finally:
        await channel.close()


def generous() -> Limiter:
    """A limiter for tests that are about something else."""
    return Limiter(count=10_000)


def through(api: EventApi, wire: Wire) -> EventApi:
    """The same API, its sockets led through *wire*."""
    name, _, _ = api.realtime_host.rpartition(":")
    return EventApi(api.http_host, f"{name}:{wire.port}", api.region, api.arn)


@pytest.fixture(name="broker")
async def _broker() -> AsyncIterator[Broker]:
    async with Broker(seed=1) as broker:
        yield broker


@pytest.fixture(name="api")
def _api(broker: Broker) -> EventApi:
    """The broker's API, without a wire between."""
    return EventApi(broker.http_host, broker.realtime_host, "us-east-1", "arn:aws:appsync:us-east-1:1:apis/broker")


@pytest.fixture(name="ministack", scope="session")
def _ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ministack_process(Path(tmp_path_factory.mktemp("ministack"))) as endpoint:
        yield endpoint


NUMBERS = itertools.count()


def ministack_api(endpoint: str) -> EventApi:
    """A new API on MiniStack that takes IAM alone."""
    modes = [{"authType": "AWS_IAM"}]
    appsync = client("appsync", endpoint)
    keys = ("authProviders", "connectionAuthModes", "defaultPublishAuthModes", "defaultSubscribeAuthModes")
    api = appsync.create_api(name=f"relay{next(NUMBERS)}", eventConfig=dict.fromkeys(keys, modes))["api"]
    appsync.create_channel_namespace(apiId=api["apiId"], name="sst", publishAuthModes=modes, subscribeAuthModes=modes)
    return EventApi(api["dns"]["HTTP"], api["dns"]["REALTIME"], "us-east-1", api["apiArn"])


@pytest.fixture(name="existing", params=["broker", "ministack"])
def _existing(request: pytest.FixtureRequest) -> EventApi | None:
    """An API on MiniStack, or None for a broker that the test's own loop has to run."""
    return None if request.param == "broker" else ministack_api(request.getfixturevalue("ministack"))


@pytest.fixture(name="server")
async def _server(existing: EventApi | None) -> AsyncIterator[Server]:
    """Either server, behind a wire."""
    async with contextlib.AsyncExitStack() as stack:
        api = existing
        if api is None:
            broker = await stack.enter_async_context(Broker(seed=1))
            api = EventApi(broker.http_host, broker.realtime_host, "us-east-1")
        wire = await stack.enter_async_context(Wire(int(api.realtime_host.rpartition(":")[2])))
        yield Server(through(api, wire), wire, api)
