"""Everything on its way out: one outbox, a sender for each open socket, and HTTP for what their rate leaves over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from ..tasks import cancel_all, spawn
from .api import EventApi
from .backoff import Backoff
from .http_publish import HttpPublisher
from .link import Link, LinkLost
from .outbox import Outbox
from .protocol import Batch, Published, PublishFailed, ServiceError
from .refusal import ServiceRefused, refusal
from .signing import Signer

log = logging.getLogger("sst_bridge.appsync")


class Publisher:
    """The owner of the outbox. *on_saturated* is called when the sockets' rate is used up while events wait."""

    def __init__(self, api: EventApi, signer: Signer, *, on_saturated: Callable[[], None]) -> None:
        self._api = api
        self._on_saturated = on_saturated
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._throttling = Backoff(base=0.2, cap=5.0)
        self._http_failing = Backoff(base=2.0, cap=60.0)
        self._http_again_at = 0.0
        self._quiet_until = 0.0
        # Those with a sender: as many as the channel has open.
        self._links: set[Link] = set()
        self._looking = False
        self._http = HttpPublisher(api, signer)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be sent."""
        return self._outbox.waiting

    @property
    def dropped(self) -> int:
        """Events given up so far."""
        return self._outbox.dropped

    def put(self, channel: str, events: Sequence[str]) -> None:
        """Queue *events*; on an open socket with rate to spare they leave in the next turn of the loop."""
        self._outbox.put(channel, events, self._loop.time())
        self._changed()

    async def send_on(self, link: Link) -> None:
        """Send what waits on *link*, until it ends or the task is cancelled."""
        self._links.add(link)
        try:
            while True:
                await self._work.wait()
                if (pause := self._pause(link)) > 0:
                    await link.until(None, pause)
                    continue
                await link.room()
                # No await from here to the moment the link knows the batch: a batch is in one place or the other.
                batch = self._outbox.take(self._loop.time())
                self._changed()
                if batch is not None:
                    await link.publish(batch)
        except (LinkLost, ServiceRefused) as why:
            log.debug("%s sends no more: %s", link.name, why)
        finally:
            self._links.discard(link)

    def answered(self, event: Published | PublishFailed) -> ServiceRefused | None:
        """Deal with the answer to a batch. Returns the refusal if the service refuses to let us publish at all."""
        refused = None
        if isinstance(event, Published):
            self._retry(event.batch, {failure.index: failure.error for failure in event.failed})
            if not event.failed:
                self._throttling.reset()
        else:
            self._retry(event.batch, dict.fromkeys(range(len(event.batch.events)), event.error))
            if event.error.refused:
                refused = refusal(self._api, "EventPublish", event.error, event.batch.channel)
        self._outbox.done(event.batch)
        self._changed()
        return refused

    def recover(self, batches: Sequence[Batch]) -> None:
        """Queue *batches* again: their fate is unknown, and receivers drop what they have seen."""
        for batch in batches:
            self._outbox.retry(batch, self._loop.time())
            self._outbox.done(batch)
        self._changed()

    def throttled(self) -> None:
        """The service says that a quota is exceeded; it does not say which one, so nothing leaves for a while."""
        self._quiet_until = self._loop.time() + self._throttling.delay()

    async def flush(self) -> None:
        """Wait until everything was sent and answered."""
        await self._idle.wait()

    async def close(self) -> None:
        """End the HTTP publishes under way; senders end with their sockets."""
        await cancel_all(self._tasks)
        self._http.close()

    # Private.

    def _pause(self, link: Link) -> float:
        now = self._loop.time()
        return max(link.limiter.delay(now), self._quiet_until - now)

    def _retry(self, batch: Batch, errors: dict[int, ServiceError]) -> None:
        """Queue the events of *batch* whose *errors* (by index) may not come again."""
        if any(error.throttled for error in errors.values()):
            self.throttled()
        for index, error in errors.items():
            if error.permanent:
                log.warning("event %d of a publish to %s is lost: %s", index, batch.channel, error)
        again = [index for index, error in errors.items() if not error.permanent]
        if again:
            self._outbox.retry(batch, self._loop.time(), again)

    def _changed(self) -> None:
        """Keep the two events true to the outbox, and see in a moment to what no socket may take."""
        self._signal()
        if self._outbox.waiting and not self._looking:
            self._looking = True
            self._loop.call_soon(self._overflow)  # once for all that is put in this turn

    def _signal(self) -> None:
        for flag, up in ((self._work, self._outbox.waiting), (self._idle, self._outbox.idle)):
            if up:
                flag.set()
            else:
                flag.clear()

    def _overflow(self) -> None:
        """Hand over to HTTP what waits while every socket has used up its rate, as far as connections are free."""
        self._looking = False
        now = self._loop.time()
        if not self._links or not self._outbox.waiting or now < self._quiet_until:
            return
        if any(self._pause(link) <= 0 for link in self._links):
            return
        self._on_saturated()
        while now >= self._http_again_at and self._http.free and (batch := self._outbox.take(now)) is not None:
            spawn(self._publish_over_http(batch), name="appsync http publish", owner=self._tasks)
        self._signal()  # what still waits is looked at again with the next answer, or taken by a socket

    async def _publish_over_http(self, batch: Batch) -> None:
        event = await self._http.publish(batch)
        if isinstance(event, Published):
            self._http_failing.reset()
        elif not (event.error.throttled or event.error.permanent):
            # Some networks let only the sockets through: leave what waits to them, for a while.
            self._http_again_at = self._loop.time() + self._http_failing.delay()
            log.info("publishing over HTTP failed: %s", event.error)
        self.answered(event)
