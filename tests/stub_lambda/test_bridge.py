"""The stub's end of the bridge, made from its configuration."""

from __future__ import annotations

import secrets
import time

import pytest
from sst_bridge.appsync.refusal import ServiceRefused
from sst_bridge.endpoint import Unreachable
from sst_bridge.messages import Invoke, Response
from sst_stub import bridge
from sst_stub.bridge import Bridge
from sst_stub.environment import config

from tests.stub_lambda.parts import dev_server, environ
from tests.support.broker import Broker


def _bridge(variables: dict[str, str]) -> Bridge:
    return Bridge(config(variables), variables, print)


def _invoke(body: bytes) -> Invoke:
    return Invoke("", secrets.token_hex(8), "Api", "r-1", 0, "arn", time.time(), body=body)


async def test_start_returns_with_a_proven_channel() -> None:
    """Once started, the environment is subscribed to its own path and to its stage's."""
    async with Broker() as broker:
        one = _bridge(environ(broker))
        await one.start()
        [session] = broker.sessions
        channels = {channel.strip("/") for channel in session.subscriptions.values()}
        await one.close()

    assert "sst/notes/joe/all" in channels
    assert len(channels) == 2


async def test_each_process_is_an_environment_of_its_own() -> None:
    """Two stubs of one function have two ids and two sets of module globals at the dev server."""
    async with Broker() as broker, dev_server(broker) as dev:
        for body in (b"1", b"2"):
            one = _bridge(environ(broker))
            await one.start()
            assert [reply async for reply in one.invoke(_invoke(body))] == [
                Response("dev-1", dev.invokes[-1].nonce, body=body)
            ]
            await one.close()

        assert len(dev.environments) == 2


async def test_a_small_call_costs_four_operations() -> None:
    """Event and answer, each published and delivered once: the proof that the socket lives needs none of its own."""
    async with Broker() as broker, dev_server(broker):
        one = _bridge(environ(broker))
        await one.start()
        assert [reply async for reply in one.invoke(_invoke(b"first, with a hello"))]
        before = broker.service.metered.copy()
        for _ in range(5):
            assert [reply async for reply in one.invoke(_invoke(b"{}"))]
        spent = broker.service.metered - before
        await one.close()

    assert spent == {"publish": 10, "delivery": 10}


async def test_unreachable_service_does_not_keep_events_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the service the environment still starts, and an event learns why nobody is reached."""
    monkeypatch.setattr(bridge, "CONNECT_BUDGET", 0.05)
    async with Broker() as broker:
        variables = environ(broker, SST_BRIDGE_ACCEPT_WINDOW="0.2")
    one = _bridge(variables)

    await one.start()
    with pytest.raises(Unreachable, match=r"Cannot connect to .* Connect call failed"):
        async for _ in one.invoke(_invoke(b"{}")):
            pass
    await one.close()


async def test_refusal_ends_the_start() -> None:
    """Credentials that the service refuses are an error at once, in a sentence that names the permission."""
    async with Broker() as broker:
        one = _bridge(environ(broker, AWS_ACCESS_KEY_ID="stranger"))
        with pytest.raises(ServiceRefused, match=r"refused a connection .* appsync:EventConnect"):
            await one.start()
        await one.close()
