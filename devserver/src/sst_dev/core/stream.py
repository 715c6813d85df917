"""One stream of events: everyone publishes, front ends subscribe, nobody waits for a slow reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from .events import Event

SUBSCRIBER_BOUND = 50_000
"""Events a subscriber may be behind before its oldest are dropped: five seconds of the loudest log we promise
to show (10,000 lines a second)."""


class Subscription:
    """A subscriber's own bounded queue. Iterate it; `dropped` counts what it was too slow for."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self.dropped = 0

    def put(self, event: Event) -> None:
        if len(self._events) >= SUBSCRIBER_BOUND:
            self._events.popleft()
            self.dropped += 1
        self._events.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the iteration once what is queued has been read."""
        self._closed = True
        self._wake.set()

    async def ready(self) -> bool:
        """Wait until something is queued: True; or until no more can come: False."""
        while not self._events and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        return bool(self._events)

    def drain(self, limit: int = SUBSCRIBER_BOUND) -> list[Event]:
        """What is queued, oldest first, at most *limit* of it, without waiting."""
        return [self._events.popleft() for _ in range(min(limit, len(self._events)))]

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()


class Stream:
    """Events in, events out to every subscriber, in order. Used from one event loop only."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._observers: list[Callable[[Event], None]] = []
        self._closed = False

    def publish(self, event: Event) -> None:
        """Hand *event* to the observers at once and to every subscriber's queue. Never blocks."""
        for observer in self._observers:
            observer(event)
        for subscription in self._subscriptions:
            subscription.put(event)

    def observe(self, observer: Callable[[Event], None]) -> None:
        """Call *observer* for each event, synchronously: for state and for log files, not for slow work."""
        self._observers.append(observer)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription that lives as long as the `with` block."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            subscription.close()

    def close(self) -> None:
        """End every subscription, and those to come: no more events will."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
