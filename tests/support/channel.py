"""An in-memory channel network on asyncio: real endpoints, no sockets. Faults are bent in by name.

`ChannelNetwork(seed, drop=…, duplicate=…, delay=…)` carries events between the channels it makes; every channel
hears its own echo, as on AppSync Events."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from sst_bridge.channel import EVENT_LIMIT, ConnectionState


class ChannelNetwork:
    """The service: counts what is published and delivered."""

    def __init__(
        self, seed: int = 0, *, drop: float = 0.0, duplicate: float = 0.0, delay: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.random = random.Random(seed)
        self.drop = drop
        self.duplicate = duplicate
        self.delay = delay
        self.channels: list[MemoryChannel] = []
        self.publishes: list[tuple[str, list[str]]] = []
        self.delivered = 0

    def connect(
        self,
        paths: Sequence[str],
        *,
        on_event: Callable[[str, str], None],
        on_state: Callable[[ConnectionState], None],
    ) -> MemoryChannel:
        """What an endpoint is given to make its channel."""
        channel = MemoryChannel(self, paths, on_event, on_state)
        self.channels.append(channel)
        return channel

    def publish(self, path: str, events: Sequence[str]) -> None:
        """Carry *events* to every channel that listens on *path*."""
        for start in range(0, len(events), 5):
            self.publishes.append((path, list(events[start : start + 5])))
        for event in events:
            assert len(event) <= EVENT_LIMIT
            for channel in self.channels:
                if path in channel.paths:
                    self._carry(channel, path, event)

    def _carry(self, channel: MemoryChannel, path: str, event: str) -> None:
        copies = 0 if self.random.random() < self.drop else 1 + (self.random.random() < self.duplicate)
        for _ in range(copies):
            low, high = self.delay
            asyncio.get_running_loop().call_later(
                low + (high - low) * self.random.random(), channel.deliver, path, event
            )


class MemoryChannel:
    """One endpoint's channel: satisfies `sst_bridge.channel.Channel`."""

    def __init__(
        self,
        network: ChannelNetwork,
        paths: Sequence[str],
        on_event: Callable[[str, str], None],
        on_state: Callable[[ConnectionState], None],
    ) -> None:
        self.paths = tuple(paths)
        self._network = network
        self._on_event = on_event
        self._on_state = on_state
        self._open = False

    async def start(self) -> None:
        self._open = True
        self._on_state(ConnectionState(ready=True, host="memory"))

    def publish(self, path: str, events: Sequence[str]) -> None:
        if self._open:
            self._network.publish(path, events)

    async def prove(self) -> bool:
        return self._open

    def cut(self) -> None:
        """Lose the socket: nothing goes out or comes in."""
        self._open = False
        self._on_state(ConnectionState(ready=False, host="memory", reason="the socket was cut"))

    def mend(self) -> None:
        """Connect anew."""
        self._open = True
        self._on_state(ConnectionState(ready=True, host="memory"))

    async def close(self) -> None:
        self.kill()

    def kill(self) -> None:
        """Be gone without a word."""
        self._open = False
        if self in self._network.channels:
            self._network.channels.remove(self)

    def deliver(self, path: str, event: str) -> None:
        """One event arrives."""
        if self._open:
            self._network.delivered += 1
            self._on_event(path, event)
