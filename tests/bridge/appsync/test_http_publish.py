"""`sst_bridge.appsync.http_publish`: publishing over HTTP, on both servers, with TLS and through a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sst_bridge.appsync import api as api_module
from sst_bridge.appsync import http_publish
from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.http_publish import CONNECTIONS, HttpPublisher
from sst_bridge.appsync.protocol import Batch, Published, PublishFailed
from sst_bridge.appsync.signing import Credentials, Signer

from tests.bridge.appsync.conftest import DEV, Server, joined
from tests.support.broker import Broker
from tests.support.tls import self_signed
from tests.support.wire import Proxy, Wire

BATCH = Batch(DEV, ('"a"', '"b"'), (0, 0))


@contextlib.contextmanager
def publisher(api: EventApi, secret: str = "test") -> Iterator[HttpPublisher]:
    one = HttpPublisher(api, Signer(api.http_host, api.region, lambda: Credentials("test", secret)))
    try:
        yield one
    finally:
        one.close()


async def test_events_arrive_at_subscribers(server: Server) -> None:
    """What is posted reaches the sockets that subscribed; the answer is the one a socket would get."""
    async with joined(server.api, DEV) as dev:
        with publisher(server.api) as one:
            assert await one.publish(BATCH) == Published(BATCH)

        assert sorted(await dev.heard(2)) == ['"a"', '"b"']


async def test_connections_persist(broker: Broker, api: EventApi) -> None:
    """One after the other, publishes share a connection; several at once have one each, up to the bound."""
    async with Wire(broker.port) as wire:
        host = f"127.0.0.1:{wire.port}"
        broker.service.http_host = host
        with publisher(EventApi(host, host, "us-east-1")) as one:
            for _ in range(5):
                await one.publish(BATCH)
            assert wire.connections == 1
            busy = [asyncio.ensure_future(one.publish(BATCH)) for _ in range(CONNECTIONS)]
            await asyncio.sleep(0)
            assert not one.free
            answers = await asyncio.gather(*busy)

            assert one.free
            assert {type(answer) for answer in answers} == {Published}
            assert wire.connections <= CONNECTIONS


async def test_a_connection_closed_while_idle_is_replaced(broker: Broker, api: EventApi) -> None:
    """The service drops idle connections without a word: the publish goes out on a new one."""
    async with Wire(broker.port) as wire:
        host = f"127.0.0.1:{wire.port}"
        broker.service.http_host = host
        with publisher(EventApi(host, host, "us-east-1")) as one:
            await one.publish(BATCH)
            wire.cut()

            assert await one.publish(BATCH) == Published(BATCH)
            assert wire.connections == 2


async def test_small_requests_are_not_held_back(api: EventApi) -> None:
    """Nagle's algorithm is off here too."""
    with publisher(api) as one:
        await one.publish(BATCH)
        sock = one._idle[0].sock

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_closing_does_not_wait_for_an_answer(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that hangs is cut off, so that the process can end."""
    monkeypatch.setattr(http_publish, "TIMEOUT", None)
    async with Wire(broker.port) as wire:
        host = f"127.0.0.1:{wire.port}"
        broker.service.http_host = host
        with publisher(EventApi(host, host, "us-east-1")) as one:
            await one.publish(BATCH)
            wire.freeze()
            hanging = asyncio.ensure_future(one.publish(BATCH))
            async with asyncio.timeout(5):
                while not one._exchanging:
                    await asyncio.sleep(0.001)
            wire.refusing = True
        answer = await hanging

    assert isinstance(answer, PublishFailed)


async def test_refusals_and_network_errors_are_answers(broker: Broker, api: EventApi) -> None:
    """Whatever goes wrong comes back with the batch; only refusals are for good."""
    with publisher(api, secret="wrong") as one:
        refused = await one.publish(BATCH)
    with publisher(EventApi("127.0.0.1:1", "127.0.0.1:1", "us-east-1")) as one:
        unreachable = await one.publish(BATCH)

    assert isinstance(refused, PublishFailed) and refused.error.permanent
    assert isinstance(unreachable, PublishFailed) and unreachable.error.error_type == "NetworkError"
    assert not unreachable.error.permanent


async def test_credentials_that_fail_are_an_answer(api: EventApi) -> None:
    """A source of credentials that raises costs the publish, not the publisher."""

    def expired() -> Credentials:
        raise RuntimeError("the SSO session has expired")

    one = HttpPublisher(api, Signer(api.http_host, api.region, expired))
    answer = await one.publish(BATCH)
    one.close()

    assert isinstance(answer, PublishFailed) and "SSO" in answer.error.message
    assert one.free


# AWS's names, TLS and a company's proxy: nothing of it leaves this machine.

LABEL = "abcdefghijklmnopqrstuvwxyz"
HTTP_HOST = f"{LABEL}.appsync-api.eu-west-1.amazonaws.com"
REALTIME_HOST = f"{LABEL}.appsync-realtime-api.eu-west-1.amazonaws.com"
AWS = EventApi(HTTP_HOST, REALTIME_HOST, "eu-west-1")


@pytest.fixture(name="proxy")
async def _proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """A proxy in whose world AWS's names lead to a broker with a certificate for them."""
    context, trusted = self_signed(tmp_path, HTTP_HOST, REALTIME_HOST)
    async with (
        Broker(hosts=(HTTP_HOST, REALTIME_HOST), ssl=context, region="eu-west-1") as broker,
        Proxy(broker.port) as proxy,
    ):
        for name in ("http_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv("https_proxy", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
        api_module.tls_context.cache_clear()
        yield proxy
        api_module.tls_context.cache_clear()


async def test_everything_goes_through_the_proxy(proxy: Proxy) -> None:
    """Sockets and HTTP publishes honour the proxy variables, user and password included, over TLS that is verified."""
    async with joined(AWS, DEV) as dev:
        with publisher(AWS) as one:
            assert await one.publish(BATCH) == Published(BATCH)

        assert sorted(await dev.heard(2)) == ['"a"', '"b"']
    assert proxy.requests == [
        (f"{REALTIME_HOST}:443", "Basic dXNlcjpwQHNz"),
        (f"{HTTP_HOST}:443", "Basic dXNlcjpwQHNz"),
    ]


async def test_a_certificate_nobody_vouches_for_is_refused(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the authority's certificate nothing is sent."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    api_module.tls_context.cache_clear()
    with publisher(AWS) as one:
        answer = await one.publish(BATCH)
    async with joined(AWS, DEV, start=False) as dev:
        starting = asyncio.ensure_future(dev.channel.start())
        await dev.until(lambda: bool(dev.states))
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

        assert "certificate verify failed" in dev.states[0].reason.lower()
    assert isinstance(answer, PublishFailed) and "certificate verify failed" in answer.error.message.lower()


async def test_a_proxy_that_cannot_be_used_is_named(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of proxy that the standard library does not speak is an answer that says so."""
    monkeypatch.setenv("https_proxy", f"socks5://127.0.0.1:{proxy.port}")
    with publisher(AWS) as one:
        answer = await one.publish(BATCH)

    assert isinstance(answer, PublishFailed) and "socks5" in answer.error.message
