"""Messages ↔ sealed events, for one endpoint; lost frames of large messages are asked for and sent again.

The first time a message is sent, all its frames leave. Sent *again*, only its first frame does: whoever has the
rest answers, whoever lacks some asks for exactly those with `missing`. So a repeat costs one event, however
large the message."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import codec, frames
from ..frames import Assembler, Key
from ..messages import Message, Missing, Stream
from ..sealing import Opener, Sealer

STALL = 0.3
"""Seconds without a frame of an incomplete message after which the gaps are asked for; doubled while nothing comes."""
STALL_MAX = 5.0
PROGRESS = 1.0
"""Seconds after which the sender of a large message hears that it is arriving: a third of the default accept window."""
KEPT_IDLE = 60.0
"""Seconds a sent message is kept for `missing` after its last use; receivers ask within `STALL_MAX`."""
COMPLETED = 1_024
"""Large messages remembered as complete, so that a repeat is not fetched again: one an environment of a busy stage."""

Events = tuple[str, list[str]]
"""A path, and the events to publish to it."""


def message_id(message: Message) -> bytes:
    """16 bytes that are the same each time *message* is sent, and for no other message of anyone."""
    nonce = getattr(message, "nonce", "")
    if not nonce:
        return os.urandom(16)
    name = f"{message.sender}\0{type(message).__name__}\0{nonce}\0{getattr(message, 'index', '')}"
    return hashlib.sha256(name.encode()).digest()[:16]


@dataclass(frozen=True)
class Repeat:
    """A message that came whole before was sent again; only its nonce is known by now."""

    sender: str
    nonce: str
    message: bytes = b""
    """Its id, for `Link.forget`."""


@dataclass(frozen=True)
class Arrival:
    """What one event brought, from another endpoint that holds the key."""

    sender: str
    sent_at: float
    """By the sender's clock."""
    message: Message | Repeat | None = None
    """None while frames are missing, and for kinds this version does not know."""
    replies: tuple[Events, ...] = ()
    """Frames the other side asked for."""


@dataclass
class _Kept:
    pieces: list[frames.Frame]
    used: float
    size: int


@dataclass
class _Asking:
    """When to say something to the sender of an incomplete message."""

    stalled_at: float
    report_at: float
    pause: float = STALL


class Link:
    """One endpoint's side of the wire. *route* gives the path on which a sender listens."""

    def __init__(
        self,
        key: bytes,
        sender: str,
        *,
        route: Callable[[str], str],
        max_incoming: int,
        max_outgoing: int,
    ) -> None:
        self.sender = sender
        self._route = route
        self._sealer = Sealer(key)
        self._opener = Opener(key)
        self._assembler = Assembler(max_incoming)
        self._asking: dict[Key, _Asking] = {}
        self._completed: OrderedDict[Key, str] = OrderedDict()
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._max_outgoing = max_outgoing

    @property
    def held(self) -> int:
        """Bytes held, of messages coming in and going out."""
        return self._assembler.held + self._kept_bytes

    # --- out --------------------------------------------------------------------------------------

    def send(self, path: str, messages: Sequence[Message], *, now: float, at: float, again: bool = False) -> list[str]:
        """The events that carry *messages* to *path*; with *again* only the first frame of each."""
        events: list[str] = []
        for message in messages:
            pieces = self._frames(message, now)
            events += [self._event(path, piece, at) for piece in (pieces[:1] if again else pieces)]
        return events

    def _frames(self, message: Message, now: float) -> list[frames.Frame]:
        name = message_id(message)
        if (kept := self._kept.get(name)) is not None:
            kept.used = now
            self._kept.move_to_end(name)
            return kept.pieces
        pieces = frames.split(name, self.sender, codec.encode(message))
        if len(pieces) > 1 or isinstance(message, Stream):
            self._keep(name, pieces, now)
        return pieces

    def _keep(self, name: bytes, pieces: list[frames.Frame], now: float) -> None:
        size = sum(len(piece.payload) for piece in pieces)
        self._kept[name] = _Kept(pieces, now, size)
        self._kept_bytes += size
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if self._kept_bytes <= self._max_outgoing and now - oldest.used <= KEPT_IDLE:
                break
            self._kept_bytes -= self._kept.popitem(last=False)[1].size

    def forget(self, repeat: Repeat) -> None:
        """Delivery has no use for the message that came whole before: when it is sent again, fetch it anew."""
        self._completed.pop((repeat.sender, repeat.message), None)

    def release(self, message: Message) -> None:
        """Nobody will ask for *message* again."""
        if (kept := self._kept.pop(message_id(message), None)) is not None:
            self._kept_bytes -= kept.size

    def _event(self, path: str, frame: frames.Frame, at: float) -> str:
        return frames.to_event(self._sealer.seal(path, frame.encode(), at))

    # --- in ---------------------------------------------------------------------------------------

    def receive(self, path: str, event: str, *, now: float, at: float) -> Arrival | None:
        """What *event*, heard on *path*, brought; None for our own echo. Raises WireError."""
        opened = self._opener.open(path, frames.from_event(event), at)
        if opened.sealer == self._sealer.id:
            return None
        frame = frames.decode(opened.plain)
        key = (frame.sender, frame.message)
        if (nonce := self._completed.get(key)) is not None:
            return Arrival(frame.sender, opened.sent_at, Repeat(frame.sender, nonce, frame.message))
        data = self._assembler.add(frame, now)
        if data is None:
            asking = self._asking.setdefault(key, _Asking(now + STALL, now + PROGRESS))
            asking.stalled_at, asking.pause = now + STALL, STALL
            return Arrival(frame.sender, opened.sent_at)
        self._asking.pop(key, None)
        message = codec.decode(data)
        if frame.count > 1:
            self._complete(key, getattr(message, "nonce", ""))
        replies = self._answer(message, now, at) if isinstance(message, Missing) else ()
        return Arrival(frame.sender, opened.sent_at, message, replies)

    def _complete(self, key: Key, nonce: str) -> None:
        self._completed[key] = nonce
        if len(self._completed) > COMPLETED:
            self._completed.popitem(last=False)

    def _answer(self, asked: Missing, now: float, at: float) -> tuple[Events, ...]:
        try:
            kept = self._kept.get(bytes.fromhex(asked.message))
        except ValueError:
            kept = None
        if kept is None:
            return ()
        kept.used = now
        path = self._route(asked.sender)
        wanted = sorted({index for index in asked.indexes if 0 <= index < len(kept.pieces)})
        return ((path, [self._event(path, kept.pieces[index], at) for index in wanted]),)

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        return min((min(asking.stalled_at, asking.report_at) for asking in self._asking.values()), default=None)

    def tick(self, *, now: float, at: float) -> list[Events]:
        """Ask for what is missing; tell the senders of what is still arriving that it is."""
        self._assembler.expire(now)
        partials = dict(self._assembler.partials())
        out: list[Events] = []
        for key, asking in list(self._asking.items()):
            if key not in partials:
                del self._asking[key]
            elif asking.stalled_at <= now:
                asking.pause = min(2 * asking.pause, STALL_MAX)
                asking.stalled_at, asking.report_at = now + asking.pause, now + asking.pause + PROGRESS
                out.append(self._say(key, partials[key].missing, now, at))
            elif asking.report_at <= now:
                asking.report_at = now + PROGRESS
                out.append(self._say(key, (), now, at))
        return out

    def _say(self, key: Key, missing: tuple[int, ...], now: float, at: float) -> Events:
        sender, name = key
        path = self._route(sender)
        return path, self.send(path, [Missing(self.sender, name.hex(), missing)], now=now, at=at)
