"""The stub's end of the bridge, made from its configuration."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping

from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import connector
from sst_bridge.appsync.limiter import Limiter, local_limiter
from sst_bridge.appsync.signing import Credentials
from sst_bridge.endpoint import StubEndpoint
from sst_bridge.messages import Invoke

from .environment import Config, handler_environment
from .stub import Replies

CONNECT_BUDGET = 3.0
"""Seconds of the init phase to wait for the channel, of the 10 s Lambda allows (quota). Before its subscription is
proven the service may swallow the first answer; after this, events are taken all the same and answered honestly."""


class Bridge:
    """An `Endpoint` on AppSync Events. Its environment id is new with each process, as module globals are."""

    def __init__(self, config: Config, environ: Mapping[str, str], on_problem: Callable[[str], None]) -> None:
        credentials = Credentials(config.access_key_id, config.secret_access_key, config.session_token or None)
        api = EventApi(config.http_host, config.realtime_host, config.region)
        make_limiter = local_limiter if api.local else Limiter
        self._endpoint = StubEndpoint(
            connector(api, lambda: credentials, make_limiter=make_limiter),
            app=config.app,
            stage=config.stage,
            key=config.key,
            environment=secrets.token_hex(16),
            function=config.function,
            variables=handler_environment(environ),
            accept_window=config.accept_window,
            on_problem=on_problem,
        )

    async def start(self) -> None:
        """Connect; return when the channel is proven, or after `CONNECT_BUDGET` while it goes on trying.

        Raises ServiceRefused when trying again would not help: Lambda starts another environment for the next event,
        which helps when a policy is new and on its way.
        """
        await self._endpoint.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_BUDGET):
                await self._endpoint.connected()

    def invoke(self, invoke: Invoke) -> Replies:
        """Send *invoke* and yield its answer. Raises Unreachable."""
        return self._endpoint.invoke(invoke)

    async def close(self) -> None:
        """Disconnect."""
        await self._endpoint.close()
