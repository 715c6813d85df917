"""What the stub's tests put around it: the environment of a deployed function, and a dev server that echoes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import connector
from sst_bridge.appsync.limiter import local_limiter
from sst_bridge.appsync.signing import Credentials
from sst_bridge.endpoint import DevEndpoint, Environment, Reply, SessionInfo
from sst_bridge.messages import Invoke
from sst_dev.core.bootstrap import Bootstrap

from tests.support.broker import Broker

APP, STAGE = "notes", "joe"
KEY = bytes(range(32))


def environ(cloud: Broker | Bootstrap, **extra: str) -> dict[str, str]:
    """What the deployed function's environment holds."""
    return {
        "SST_APP": APP,
        "SST_STAGE": STAGE,
        "SST_FUNCTION_ID": "Api",
        "SST_BRIDGE_HTTP": cloud.http_host,
        "SST_BRIDGE_REALTIME": cloud.realtime_host,
        "SST_BRIDGE_KEY": base64.b64encode(KEY).decode(),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SST_STUB_PYTHON": sys.executable,
        **extra,
    }


async def echo(invoke: Invoke, reply: Reply) -> None:
    """Answer with the event."""
    await reply.response(invoke.body)


class Dev:
    """A dev server that echoes unless told otherwise, and remembers who called; `hold` keeps it from answering."""

    def __init__(self) -> None:
        self.answer: Callable[[Invoke, Reply], Awaitable[None]] = echo
        self.environments: dict[str, Environment] = {}
        self.invokes: list[Invoke] = []
        self.called = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, environment: Environment, invoke: Invoke, reply: Reply) -> None:
        self.environments[environment.id] = environment
        self.invokes.append(invoke)
        self.called.set()
        await self.hold.wait()
        await self.answer(invoke, reply)


@contextlib.asynccontextmanager
async def dev_server(cloud: Broker | Bootstrap) -> AsyncIterator[Dev]:
    """A real dev endpoint that holds the stage."""
    dev = Dev()
    credentials = Credentials("test", "test")
    api = EventApi(cloud.http_host, cloud.realtime_host, "us-east-1")
    endpoint = DevEndpoint(
        connector(api, lambda: credentials, make_limiter=local_limiter),
        app=APP,
        stage=STAGE,
        key=KEY,
        session=SessionInfo("dev-1", "host", "user", time.time()),
        handler=dev,
        claim_window=0.0,
    )
    await endpoint.start()
    try:
        yield dev
    finally:
        await endpoint.close(grace=0.0)
