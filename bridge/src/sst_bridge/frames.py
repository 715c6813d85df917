"""Frames: a message cut to the size of an event, and put together again whatever order, doubles and gaps it comes in.

A frame before it is sealed: `16 bytes message id · u16 index · u16 count · u8 length of sender · sender · payload`.
Sealed and as an event it is a JSON string of unpadded base64url: printable ASCII without the characters that break the
signature of a WebSocket publish (AppSync Events §4, pitfall 2).
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from .channel import EVENT_LIMIT
from .codec import MAX_MESSAGE
from .errors import Malformed
from .sealing import OVERHEAD

_HEAD = struct.Struct(">16sHHB")
MAX_SENDER = 50
"""Characters of an endpoint's id: it is a channel segment (AppSync Events §9)."""
# It also becomes the name of a file: no separators, no dots.
_SENDER = re.compile(rb"[A-Za-z0-9-]{1,%d}" % MAX_SENDER)
MAX_PAYLOAD = (EVENT_LIMIT - 2) * 3 // 4 - OVERHEAD - _HEAD.size - MAX_SENDER
"""Bytes of a message in one frame, so that the event has at most `EVENT_LIMIT` characters with its quotes."""
MAX_FRAMES = -(-(MAX_MESSAGE + 1) // MAX_PAYLOAD)


@dataclass(frozen=True)
class Frame:
    """One piece of an encoded message."""

    message: bytes
    """Id of the message: 16 bytes, the same each time the message is sent."""
    index: int
    count: int
    sender: str
    payload: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The bytes to seal."""
        sender = self.sender.encode("ascii")
        return _HEAD.pack(self.message, self.index, self.count, len(sender)) + sender + self.payload


def decode(data: bytes) -> Frame:
    """The frame in *data*. Raises Malformed."""
    if len(data) < _HEAD.size:
        raise Malformed("a frame ends within its head")
    message, index, count, length = _HEAD.unpack_from(data)
    sender = data[_HEAD.size : _HEAD.size + length]
    if len(sender) != length or _SENDER.fullmatch(sender) is None:
        raise Malformed("a frame names no sender")
    if not index < count <= MAX_FRAMES:
        raise Malformed(f"frame {index} of {count}: a message has at most {MAX_FRAMES}")
    payload = data[_HEAD.size + length :]
    if len(payload) > MAX_PAYLOAD:
        raise Malformed("a frame is longer than an event can be")
    return Frame(message, index, count, sender.decode("ascii"), payload)


def split(message: bytes, sender: str, data: bytes) -> list[Frame]:
    """*data*, the encoded message with the id *message*, in as few frames as possible."""
    pieces = [data[start : start + MAX_PAYLOAD] for start in range(0, len(data), MAX_PAYLOAD)] or [b""]
    return [Frame(message, index, len(pieces), sender, piece) for index, piece in enumerate(pieces)]


def to_event(sealed: bytes) -> str:
    """The event that carries the sealed frame."""
    return f'"{base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")}"'


_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def from_event(event: str) -> bytes:
    """The sealed frame in *event*. Raises Malformed."""
    if not (2 < len(event) <= EVENT_LIMIT and event[0] == event[-1] == '"' and event.isascii()):
        raise Malformed("an event is not a JSON string of base64url")
    text = event[1:-1].encode("ascii")
    try:
        if b"+" in text or b"/" in text:
            raise Malformed("an event is not base64url")
        return binascii.a2b_base64(text.translate(_TO_STANDARD) + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise Malformed("an event is not base64url") from None


# --- putting together -----------------------------------------------------------------------------

Key = tuple[str, bytes]
"""Sender and message id."""


@dataclass
class Partial:
    """A message some frames of which are here."""

    count: int
    began: float
    latest: float
    pieces: dict[int, bytes] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[int, ...]:
        """Indexes of the frames that are not here."""
        return tuple(index for index in range(self.count) if index not in self.pieces)


class Assembler:
    """Puts messages of many senders together, within bounds of bytes and age."""

    def __init__(self, max_bytes: int, max_idle: float = 60.0) -> None:
        self._max_bytes = max_bytes
        # Seconds without a new frame: the sender repeats and answers `missing` within seconds, or is gone.
        self._max_idle = max_idle
        self._partials: OrderedDict[Key, Partial] = OrderedDict()
        self._bytes = 0

    @property
    def held(self) -> int:
        """Bytes held."""
        return self._bytes

    def partials(self) -> Iterator[tuple[Key, Partial]]:
        """What is incomplete, oldest first."""
        return iter(self._partials.items())

    def add(self, frame: Frame, now: float) -> bytes | None:
        """The whole message when *frame* completes it.

        A frame of a new message is dropped while `max_bytes` are held: what has begun can then be finished, and the
        sender of the other repeats it.
        """
        if frame.count == 1:
            return frame.payload
        self.expire(now)
        key = (frame.sender, frame.message)
        partial = self._partials.get(key)
        if partial is None:
            if self._bytes + frame.count * MAX_PAYLOAD > self._max_bytes:
                return None
            partial = self._partials[key] = Partial(frame.count, now, now)
            self._bytes += frame.count * MAX_PAYLOAD
        if frame.count != partial.count or frame.index in partial.pieces:
            return None
        partial.pieces[frame.index] = frame.payload
        partial.latest = now
        if len(partial.pieces) < partial.count:
            return None
        self.forget(key)
        return b"".join(partial.pieces[index] for index in range(partial.count))

    def forget(self, key: Key) -> None:
        """Drop what is here of one message."""
        if (partial := self._partials.pop(key, None)) is not None:
            self._bytes -= partial.count * MAX_PAYLOAD

    def expire(self, now: float) -> None:
        """Drop what nobody goes on with."""
        for key in [key for key, partial in self._partials.items() if now - partial.latest > self._max_idle]:
            self.forget(key)
