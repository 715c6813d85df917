"""The session's end of the bridge: what the channel brings becomes invocations, and what they answer goes back."""

from __future__ import annotations

import base64
import getpass
import secrets
import socket
import time
from collections.abc import Callable

from sst_bridge.appsync.api import EventApi
from sst_bridge.appsync.connection import connector
from sst_bridge.appsync.limiter import Limiter, local_limiter
from sst_bridge.appsync.refusal import ServiceRefused
from sst_bridge.appsync.signing import Credentials
from sst_bridge.channel import ConnectionState
from sst_bridge.endpoint import (
    CLAIM_WINDOW,
    DevEndpoint,
    Environment,
    InvocationHandler,
    Reply,
    SessionInfo,
    StageHeld,
)
from sst_bridge.messages import Invoke
from sst_bridge.spool import Spool

from ..core.bootstrap import Bootstrap
from ..core.errors import RemoteError, SstError, UserError
from ..core.events import BridgeConnected, BridgeDisconnected, BridgeHeartbeat, Notice
from ..core.manifest import App
from ..core.settings import Settings
from ..core.stream import Stream
from ..functions.model import EnvironmentInfo, InvocationRequest
from .invocations import Invocations

HEARTBEAT_EVERY = 1.0
"""Seconds between signs of life that front ends hear of: they show an age in seconds."""


async def open_channel(
    app: App,
    bootstrap: Bootstrap,
    settings: Settings,
    stream: Stream,
    invocations: Invocations,
    on_failure: Callable[[SstError], None],
) -> DevEndpoint:
    """Connect and hold the stage; return the endpoint, which serves until it is closed.

    *on_failure* is called when another dev server takes the stage. Raises `UserError` when one holds it, and
    `RemoteError` when the service refuses.
    """
    me = SessionInfo(f"dev-{secrets.token_hex(8)}", socket.gethostname(), getpass.getuser(), time.time())
    credentials = Credentials(bootstrap.access_key_id, bootstrap.secret_access_key, bootstrap.session_token)

    def taken(holder: SessionInfo) -> None:
        on_failure(UserError(f"{holder.user} on {holder.host} has taken over stage {app.stage}.", hint=_TAKE_BACK))

    endpoint = DevEndpoint(
        connector(
            EventApi(bootstrap.http_host, bootstrap.realtime_host, bootstrap.region, bootstrap.api_arn),
            lambda: credentials,
            make_limiter=local_limiter if bootstrap.endpoint else Limiter,
            on_heard=_heartbeats(stream),
        ),
        app=app.name,
        stage=app.stage,
        key=base64.b64decode(bootstrap.bridge_key),
        session=me,
        handler=_handler(invocations),
        on_state=_publisher(stream),
        on_taken=taken,
        # The embedded cloud ends with its dev server, and with it everyone who could ask for a reply again.
        spool=None if bootstrap.endpoint else Spool(settings.stage_home / "replies"),
        on_problem=lambda sentence: stream.publish(Notice(time.time(), sentence, "warning")),
        # On the embedded cloud nobody else can hold the stage: the session's lock is taken, and no one is waited for.
        claim_window=0.0 if bootstrap.endpoint else CLAIM_WINDOW,
    )
    try:
        await endpoint.start(takeover=settings.takeover)
    except StageHeld as held:
        raise UserError(f"Stage {app.stage} is taken: {held}.", hint=_TAKE_BACK) from held
    except ServiceRefused as refused:
        raise RemoteError(refused.message, hint=refused.hint) from refused
    return endpoint


_TAKE_BACK = "Use a stage of your own (--stage NAME), or replace the other session with --takeover."


def _handler(invocations: Invocations) -> InvocationHandler:
    async def run(environment: Environment, invoke: Invoke, reply: Reply) -> None:
        request = InvocationRequest(
            id=invoke.nonce,
            request_id=invoke.request_id,
            deadline_ms=invoke.deadline_ms,
            arn=invoke.arn,
            sent_at=invoke.sent_at,
            content_type=invoke.content_type,
            trace_id=invoke.trace_id,
            client_context=invoke.client_context,
            identity=invoke.identity,
            tenant_id=invoke.tenant_id,
            body=invoke.body,
        )
        info = EnvironmentInfo(environment.id, environment.function, environment.variables)
        await invocations.invoke(info, request, reply)

    return run


def _publisher(stream: Stream) -> Callable[[ConnectionState], None]:
    def publish(state: ConnectionState) -> None:
        now = time.time()
        if state.ready:
            stream.publish(BridgeConnected(now, state.host))
        else:
            stream.publish(BridgeDisconnected(now, state.reason))

    return publish


def _heartbeats(stream: Stream) -> Callable[[], None]:
    """Publishes a sign of life of the service, at most one a second."""
    last = 0.0

    def heard() -> None:
        nonlocal last
        now = time.time()
        if now - last >= HEARTBEAT_EVERY:
            last = now
            stream.publish(BridgeHeartbeat(now))

    return heard
