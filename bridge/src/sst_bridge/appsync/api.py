"""Where an Event API is: hosts, region, and how a socket gets there."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from functools import cache

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class EventApi:
    """One Event API, as `get_api` describes it (AppSync Events §1)."""

    http_host: str
    """`api.dns.HTTP`: the host that every frame is signed for; with `:port` on a local cloud."""
    realtime_host: str
    """`api.dns.REALTIME`: the host that the socket goes to."""
    region: str
    arn: str = ""
    """`api.apiArn`, for the sentence that names a missing permission."""

    @property
    def local(self) -> bool:
        """Whether the API is on this machine: plain HTTP, no proxy, and no name to resolve."""
        name = self.realtime_host.rpartition(":")[0] or self.realtime_host
        return name in (LOOPBACK, "localhost") or name.endswith(".localhost")

    @property
    def realtime_url(self) -> str:
        """The WebSocket's URL."""
        return f"{'ws' if self.local else 'wss'}://{self.realtime_host}/event/realtime"

    @property
    def publish_url(self) -> str:
        """Where an HTTP publish is posted to."""
        return f"{'http' if self.local else 'https'}://{self.http_host}/event"


@cache
def tls_context() -> ssl.SSLContext:
    """The TLS settings of every connection; made once, because loading the authorities takes tens of milliseconds.

    `AWS_CA_BUNDLE` counts as it does for boto3, for networks whose proxy ends TLS.
    """
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or None)
