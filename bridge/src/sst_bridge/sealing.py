"""AES-256-GCM around every frame, under the key of one app and stage.

Layout: `u8 version · 4 bytes key id · 16 bytes sealer · u64 counter · u48 epoch milliseconds · ciphertext and tag`.
All that is in clear is authenticated, and so is the path: a frame published on another path does not open.

Each sealer (one per endpoint and process) draws 16 random bytes, seals under a key derived from the stage's key
and those bytes, and counts its frames; the counter is the GCM nonce. So no nonce is used twice under one key,
whatever is forked, frozen or restarted, without a counter on disk. The counters also make replays visible, as
in IPsec (RFC 4303 §3.4.3)."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections import OrderedDict
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import Malformed, Refused, Replayed

KEY_BYTES = 32
_VERSION = 1
_HEAD = struct.Struct(">B4s16sQHI")
OVERHEAD = _HEAD.size + 16
"""Bytes a seal adds: its head and GCM's tag."""

MAX_AGE = 300.0
"""Seconds a frame's clock may differ from ours, either way. SigV4 refuses requests of a clock that is more than 5
minutes off, so no working endpoint is further away, and delivery has no use for older frames."""
WINDOW = 4_096
"""Frames of one sealer that may overtake an older one: a hundred 6 MB messages in
flight at once."""
MAX_SEALERS = 4_096
"""Sealers remembered, a replay window of 512 bytes each; more than the environments of any stage in 5 minutes."""


def key_id(key: bytes) -> bytes:
    """Four bytes that name *key* without telling anything about it."""
    return hashlib.sha256(b"sst-bridge key id" + key).digest()[:4]


def _cipher(key: bytes, sealer: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"sst-bridge frame key" + sealer, "sha256"))


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


class Sealer:
    """Seals the frames of one endpoint; every frame under a nonce of its own."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a bridge key has {KEY_BYTES} bytes, this one has {len(key)}")
        self.id = os.urandom(16)
        self._key_id = key_id(key)
        self._cipher = _cipher(key, self.id)
        self._counter = 0

    def seal(self, path: str, plain: bytes, at: float) -> bytes:
        """*plain* sealed for *path* at *at*, seconds since the epoch."""
        self._counter += 1
        milliseconds = int(at * 1000)
        head = _HEAD.pack(_VERSION, self._key_id, self.id, self._counter, milliseconds >> 32, milliseconds & 0xFFFFFFFF)
        return head + self._cipher.encrypt(_nonce(self._counter), plain, head + path.encode())


@dataclass
class _Window:
    """What was seen of one sealer: the highest counter, and a bit for each of the `WINDOW` before it."""

    cipher: AESGCM
    highest: int = 0
    seen: int = 0

    def take(self, counter: int) -> bool:
        """Remember *counter*; False when it was seen, or is too far back to tell."""
        if counter > self.highest:
            self.seen = ((self.seen << min(counter - self.highest, WINDOW)) | 1) & ((1 << WINDOW) - 1)
            self.highest = counter
            return True
        bit = 1 << (self.highest - counter)
        if self.highest - counter >= WINDOW or self.seen & bit:
            return False
        self.seen |= bit
        return True


@dataclass(frozen=True)
class Opened:
    """A frame that can be trusted."""

    plain: bytes
    sealer: bytes
    sent_at: float
    """By the sender's clock, seconds since the epoch."""


class Opener:
    """Opens frames of every sealer that holds the key; refuses altered, foreign, replayed and old ones."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._key_id = key_id(key)
        self._windows: OrderedDict[bytes, _Window] = OrderedDict()

    def open(self, path: str, data: bytes, at: float) -> Opened:
        """The frame sealed in *data*, heard on *path* at *at*. Raises Malformed, Refused or Replayed."""
        if len(data) < OVERHEAD or data[0] != _VERSION:
            raise Malformed("not a sealed frame of this version")
        _, name, sealer, counter, high, low = _HEAD.unpack_from(data)
        if name != self._key_id:
            raise Refused(
                f"a frame on {path} is sealed with key {name.hex()}, this side holds key {self._key_id.hex()}: "
                "the key was rotated on one side only, run `sst dev` or `sst deploy` again"
            )
        window = self._windows.get(sealer) or _Window(_cipher(self._key, sealer))
        head = data[: _HEAD.size]
        try:
            plain = window.cipher.decrypt(_nonce(counter), data[_HEAD.size :], head + path.encode())
        except InvalidTag:
            raise Refused(f"a frame on {path} was altered, or sealed for another path") from None
        sent_at = ((high << 32) | low) / 1000
        if abs(at - sent_at) > MAX_AGE:
            raise Refused(
                f"a frame on {path} is {at - sent_at:+.0f} s old by this clock, which tolerates {MAX_AGE:.0f} s: "
                "set both clocks"
            )
        # Only now, when the tag has proven the sealer: strangers cannot fill or move the windows.
        if not window.take(counter):
            raise Replayed(f"a frame on {path} was seen before: frame {counter} of sealer {sealer.hex()[:8]}")
        self._windows[sealer] = window
        self._windows.move_to_end(sealer)
        if len(self._windows) > MAX_SEALERS:
            self._windows.popitem(last=False)
        return Opened(plain, sealer, sent_at)
