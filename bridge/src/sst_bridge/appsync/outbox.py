"""What waits to be published: bounded, fair between channels, batched only by what is already waiting."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .protocol import MAX_EVENTS, MAX_PUBLISH_BYTES, Batch

MAX_BYTES = 64 * 1024 * 1024
"""Event text held, waiting and unanswered together: seven 6 MB responses as base64 (8.2 MB each) and room beside
them. A stub's environment has 128 MB at least and never has more than one message to send."""
MAX_AGE = 30.0
"""Seconds an event is worth sending: by then delivery has repeated it several times or given up."""
MAX_ATTEMPTS = 5
"""Times an event is sent before it counts as lost; delivery repeats what matters."""


@dataclass(frozen=True)
class _Waiting:
    event: str
    attempt: int
    expires: float


class Outbox:
    """The events of all channels, and the rules by which they leave."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_age: float = MAX_AGE) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        # Channels with something waiting, in the order of their turn; bounded by bytes like the events in them.
        self._channels: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._waiting_bytes = 0
        self._unanswered_bytes = 0
        self.dropped = 0
        """Events given up so far: no room, too old, or refused too often."""

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._channels)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and everything sent was answered."""
        return not self._channels and self._unanswered_bytes == 0

    def put(self, channel: str, events: Sequence[str], now: float) -> None:
        """Queue *events*; what finds no room is dropped, as the network may drop it."""
        for event in events:
            if self._waiting_bytes + self._unanswered_bytes + len(event) > self._max_bytes:
                self.dropped += 1
                continue
            self._waiting_bytes += len(event)
            waiting = _Waiting(event, 0, now + self._max_age)
            self._channels.setdefault(channel, deque()).append(waiting)

    def take(self, now: float) -> Batch | None:
        """The next publish: the first events of the channel whose turn it is, or None when nothing waits."""
        while self._channels:
            channel, queue = next(iter(self._channels.items()))
            taken: list[_Waiting] = []
            size = 0
            while queue and len(taken) < MAX_EVENTS:
                if queue[0].expires < now:
                    self._waiting_bytes -= len(queue.popleft().event)
                    self.dropped += 1
                    continue
                if size + _embedded(queue[0].event) > MAX_PUBLISH_BYTES and taken:
                    break
                size += _embedded(queue[0].event)
                taken.append(queue.popleft())
            if queue:
                self._channels.move_to_end(channel)
            else:
                del self._channels[channel]
            if taken:
                batch = Batch(channel, tuple(w.event for w in taken), tuple(w.attempt for w in taken))
                self._waiting_bytes -= batch.size
                self._unanswered_bytes += batch.size
                return batch
        return None

    def done(self, batch: Batch) -> None:
        """*batch* was answered; what has to be sent again was put back with `retry` before."""
        self._unanswered_bytes -= batch.size

    def retry(self, batch: Batch, now: float, indexes: Collection[int] | None = None) -> None:
        """Put the events of *batch* with these *indexes* (all without) back in front."""
        queue = self._channels.setdefault(batch.channel, deque())
        for index in reversed(range(len(batch.events))):
            if indexes is not None and index not in indexes:
                continue
            event, attempt = batch.events[index], batch.attempts[index] + 1
            if attempt >= MAX_ATTEMPTS:
                self.dropped += 1
                continue
            self._waiting_bytes += len(event)
            queue.appendleft(_Waiting(event, attempt, now + self._max_age))
        if queue:
            self._channels.move_to_end(batch.channel, last=False)
        else:
            del self._channels[batch.channel]


def _embedded(event: str) -> int:
    """At most so many bytes *event* takes within the frame, between quotes and followed by a comma."""
    # Our events are one JSON string without escapes: only its own two quotes get a backslash.
    plain = event.find('"', 1, -1) < 0 and event.find("\\") < 0
    return len(event) + 5 if plain else 2 * len(event) + 3
