"""The seam between delivery and transport: what the endpoints ask of a channel, and the paths they use.

An *event* is the JSON text of one string, quotes included: printable ASCII, at most `EVENT_LIMIT` characters. A channel
moves events and knows nothing of what is in them. Delivery is best effort: an event may be lost, doubled, delayed or
overtake another, and both endpoints are built for that. Events a channel sends for itself (its echo probe) are JSON
numbers or objects, never strings, and are not handed to `on_event`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

EVENT_LIMIT = 240_000
"""Characters of one event, quotes included (AppSync Events quota, "KB" read as 1,000)."""


@dataclass(frozen=True)
class Paths:
    """The channel paths of one app and stage in the namespace `sst`."""

    app: str
    stage: str

    @property
    def dev(self) -> str:
        """Stubs publish here, the dev server subscribes; two dev servers meet here."""
        return f"/sst/{self.app}/{self.stage}/dev"

    @property
    def all(self) -> str:
        """The dev server says here that it came or left; every stub subscribes."""
        return f"/sst/{self.app}/{self.stage}/all"

    def environment(self, environment: str) -> str:
        """The dev server publishes here to one execution environment."""
        return f"/sst/{self.app}/{self.stage}/{environment}"


@dataclass(frozen=True)
class ConnectionState:
    """Whether every path is subscribed and proven; *reason* is a sentence when it is not."""

    ready: bool
    host: str
    reason: str = ""


class Channel(Protocol):
    """Publishes events to any path and receives those of the paths it was made for; reconnects by itself."""

    async def start(self) -> None:
        """Connect, subscribe, prove by self-echo. Raises when the service refuses for good (credentials, namespace);
        anything else is retried, and reported to `on_state`.
        """

    def publish(self, path: str, events: Sequence[str]) -> None:
        """Enqueue *events*; those of one call leave in one publish as far as the service's limits allow (5 events,
        25 publishes a second and socket). Never blocks and never raises: past its bound the channel drops events, as
        the network may, and delivery repeats them.
        """

    async def prove(self) -> bool:
        """True as soon as the service has confirmed a publish that was enqueued before this call or just after it
        (no extra publish when one is in flight). False when it did not in time: the channel has then dropped the
        socket and connects anew at once.
        """

    async def close(self) -> None:
        """Send what is queued, for a bounded time, then close the socket and end every task."""


class Connect(Protocol):
    """Makes the channel of an endpoint, not yet started."""

    def __call__(
        self,
        paths: Sequence[str],
        *,
        on_event: Callable[[str, str], None],
        on_state: Callable[[ConnectionState], None],
    ) -> Channel:
        """Subscribe to *paths*; the first is the endpoint's own, and the one that is proven by echo.

        `on_event(path, event)` names the subscribed path and is called on the event loop; it never blocks and never
        raises.
        """
