"""One AppSync Events socket without I/O: text frames in, typed events out; commands in, text frames out.

A `Conversation` gives every command its id and keeps what the service has not answered, so that a publish result
comes back with the batch it is about, and a socket that dies gives up the batches whose fate is unknown.
Frames are those of AppSync Events §5 and §6.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .signing import Signer, body_text

SUBPROTOCOL = "aws-appsync-event-ws"

MAX_EVENTS = 5
"""Events a publish (AppSync Events §11, not adjustable)."""
MAX_EVENT_BYTES = 240_000
"""Size of one event; KB is not defined as 1000 or 1024, so the smaller one counts (§11)."""
MAX_PUBLISH_BYTES = 1_200_000 - 16_384
"""A whole publish is at most 1.2 MB (§11); 16 KiB of it are kept for channel, id, punctuation and the
authorization with its session token."""
MAX_FRAME_BYTES = 4 * 1024 * 1024
"""Largest frame to accept: an event of nothing but quotes doubles when it is embedded (§7)."""

_CHANNEL = re.compile(
    r"/?[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?){0,4}/?"
)

THROTTLED = frozenset(
    {"LimitExceededError", "LimitExceededException", "ThrottlingException", "TooManyRequestsException"}
)
REFUSED = frozenset(
    {"UnauthorizedException", "Unauthorized", "AccessDeniedException", "ForbiddenException", "ResourceNotFound"}
)
MALFORMED = frozenset({"BadRequestException", "InvalidInputError", "UnsupportedOperation"})


def is_channel(channel: str) -> bool:
    """Whether *channel* can be published to: one to five segments of letters, digits and inner dashes (§9)."""
    return _CHANNEL.fullmatch(channel) is not None


def subprotocols(authorization: dict[str, str]) -> list[str]:
    """What the handshake offers: the literal name, and the connect authorization as unpadded base64url (§2)."""
    text = json.dumps(authorization, separators=(",", ":"))
    token = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return [SUBPROTOCOL, f"header-{token}"]


@dataclass(frozen=True)
class ServiceError:
    """The first entry of a frame's `errors`, with what it means for us."""

    error_type: str
    message: str = ""
    code: int | None = None

    @property
    def throttled(self) -> bool:
        """A quota was exceeded: the same thing works later."""
        return self.error_type in THROTTLED or self.code == 429

    @property
    def refused(self) -> bool:
        """Credentials, permission or namespace are missing: the same thing fails until someone acts."""
        return self.error_type in REFUSED or self.code in (401, 403)

    @property
    def malformed(self) -> bool:
        """What we sent is wrong, or its signature is: sending it again would fail again."""
        return self.error_type in MALFORMED or self.code == 400

    @property
    def permanent(self) -> bool:
        """The same event would fail again: it is wrong, or larger than 240 KB."""
        return self.malformed or self.error_type == "EventTooLargeException" or self.code == 413

    def __str__(self) -> str:
        return f"{self.error_type}: {self.message}" if self.message else self.error_type


@dataclass(frozen=True)
class Batch:
    """Up to five events for one channel: what one publish carries."""

    channel: str
    events: tuple[str, ...]
    attempts: tuple[int, ...] = ()
    """How often each event was sent before: the outbox's note, not part of the frame. Empty on a link's own probe."""

    @property
    def size(self) -> int:
        """Bytes of event text; events are ASCII."""
        return sum(map(len, self.events))


# --- what comes in --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Acknowledged:
    """The connection is open; without any frame for `timeout` seconds it must be dropped."""

    timeout: float


@dataclass(frozen=True)
class KeepAlive:
    """`ka`, every 60 s."""


@dataclass(frozen=True)
class Subscribed:
    channel: str


@dataclass(frozen=True)
class SubscribeFailed:
    channel: str
    error: ServiceError


@dataclass(frozen=True)
class Data:
    """One event of a subscription, as the JSON text its publisher sent."""

    channel: str
    """The channel subscribed to; the service does not say which channel was published to."""
    event: str


@dataclass(frozen=True)
class Failure:
    """One event of a batch that was not broadcast."""

    index: int
    error: ServiceError


@dataclass(frozen=True)
class Published:
    """The service accepted the batch, apart from `failed`; accepted is not delivered."""

    batch: Batch
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class PublishFailed:
    """Nothing of the batch was broadcast."""

    batch: Batch
    error: ServiceError


@dataclass(frozen=True)
class ConnectionFailed:
    """The service refuses or ends the connection; a close follows."""

    error: ServiceError


@dataclass(frozen=True)
class ErrorReported:
    """An error that names no operation of ours: it is about the whole connection."""

    error: ServiceError


@dataclass(frozen=True)
class Ignored:
    """A frame that asks nothing of us: an unknown type, an answer to nothing, or not a frame at all."""

    why: str


Event = (
    Acknowledged
    | KeepAlive
    | Subscribed
    | SubscribeFailed
    | Data
    | Published
    | PublishFailed
    | ConnectionFailed
    | ErrorReported
    | Ignored
)


class Conversation:
    """What is said on one socket: ids given out, answers awaited."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._last_id = 0
        self._subscriptions: dict[str, str] = {}
        # Bounded by the publishers: a link holds no more than its `MAX_IN_FLIGHT` batches.
        self._publishes: dict[str, tuple[Batch, float]] = {}

    # Commands in, frames out.

    def connection_init(self) -> str:
        """The first frame; `Acknowledged` answers it."""
        return '{"type":"connection_init"}'

    def subscribe(self, channel: str) -> str:
        """Ask for the events of *channel*; `Subscribed` or `SubscribeFailed` answers."""
        identifier = self._next_id("S")
        self._subscriptions[identifier] = channel
        return self._signed("subscribe", identifier, body_text(channel))

    def publish(self, batch: Batch) -> tuple[str, str]:
        """Publish *batch*: id and frame. `Published` or `PublishFailed` answers with the same value.

        The batch counts as unanswered from here on, also when signing it raises.
        """
        if not 1 <= len(batch.events) <= MAX_EVENTS:
            raise ValueError(f"a publish carries 1 to {MAX_EVENTS} events, not {len(batch.events)}")
        identifier = self._next_id("P")
        self._publishes[identifier] = (batch, math.inf)
        return identifier, self._signed("publish", identifier, body_text(batch.channel, batch.events))

    def written(self, identifier: str, now: float) -> None:
        """The last byte of that publish has left: from now on its answer is due."""
        if identifier in self._publishes:  # the answer may be here before the writer knows
            self._publishes[identifier] = (self._publishes[identifier][0], now)

    @property
    def unanswered(self) -> int:
        """How many publishes wait for their answer."""
        return len(self._publishes)

    @property
    def latest(self) -> Batch | None:
        """The one of them that was sent last."""
        return next(reversed(self._publishes.values()))[0] if self._publishes else None

    def give_up(self, written_before: float | None = None) -> list[Batch]:
        """Forget the publishes written before then (all without), and return them, oldest first."""
        late = {
            key: batch
            for key, (batch, written) in self._publishes.items()
            if written_before is None or written < written_before
        }
        for key in late:
            del self._publishes[key]
        return list(late.values())

    # Frames in, events out.

    def receive(self, text: str | bytes) -> Event:
        """What the frame *text* says; never raises, whatever it holds."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return Ignored("not JSON")
        if not isinstance(frame, dict):
            return Ignored("not an object")
        kind, identifier = frame.get("type"), frame.get("id")
        if not isinstance(identifier, str):
            identifier = ""
        match kind:
            case "data":
                return self._data(identifier, frame.get("event"))
            case "ka":
                return KeepAlive()
            case "connection_ack":
                return Acknowledged(_seconds(frame.get("connectionTimeoutMs")))
            case "subscribe_success":
                channel = self._subscriptions.get(identifier)
                return Ignored(f"answer to unknown {identifier!r}") if channel is None else Subscribed(channel)
            case "publish_success":
                return self._published(identifier, frame.get("failed"))
            case "connection_error":
                return ConnectionFailed(_error(frame))
            case "subscribe_error" | "publish_error" | "error" | "broadcast_error":
                return self._failed(identifier, _error(frame), broadcast=kind == "broadcast_error")
        return Ignored(f"unknown type {str(kind)[:50]!r}")

    def _data(self, identifier: str, event: Any) -> Event:
        # The developer guide prints a list of one string, the service sends a string (§6).
        if isinstance(event, list) and len(event) == 1:
            event = event[0]
        channel = self._subscriptions.get(identifier)
        if channel is None or not isinstance(event, str):
            return Ignored(f"data of unknown subscription {identifier[:50]!r} or without an event")
        return Data(channel, event)

    def _published(self, identifier: str, failed: Any) -> Event:
        sent = self._publishes.pop(identifier, None)
        if sent is None:
            return Ignored(f"answer to unknown {identifier[:50]!r}")
        batch, _ = sent
        return Published(batch, _failures(batch, failed))

    def _failed(self, identifier: str, error: ServiceError, *, broadcast: bool) -> Event:
        if (sent := self._publishes.pop(identifier, None)) is not None:
            return PublishFailed(sent[0], error)
        if identifier in self._subscriptions and not broadcast:
            return SubscribeFailed(self._subscriptions.pop(identifier), error)
        return ErrorReported(error)

    def _signed(self, kind: str, identifier: str, body: str) -> str:
        """The frame made of *body*, the very text that was hashed, and what goes round it."""
        authorization = json.dumps(self._signer.sign(body.encode()), separators=(",", ":"))
        return f'{body[:-1]},"type":"{kind}","id":"{identifier}","authorization":{authorization}}}'

    def _next_id(self, prefix: str) -> str:
        self._last_id += 1
        return f"{prefix}{self._last_id}"


def publish_answer(batch: Batch, status: int, body: bytes) -> Published | PublishFailed:
    """What the answer to an HTTP publish says: 200 also when single events failed (§8)."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    if status != 200:
        error = _error(answer)
        return PublishFailed(batch, ServiceError(error.error_type, error.message, status))
    return Published(batch, _failures(batch, answer.get("failed")))


def _seconds(milliseconds: Any) -> float:
    """*milliseconds* in seconds; 300 s (AppSync Events §7) when it is missing or senseless."""
    valid = isinstance(milliseconds, int | float) and 0 < milliseconds <= 86_400_000
    return milliseconds / 1000 if valid else 300.0


def _error(frame: dict[str, Any]) -> ServiceError:
    errors: Sequence[Any] = frame["errors"] if isinstance(frame.get("errors"), list) else ()
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    code = first.get("errorCode")
    return ServiceError(
        str(first.get("errorType") or "UnknownError")[:100],
        _harmless(first.get("message")),
        code if isinstance(code, int) else None,
    )


def _failures(batch: Batch, failed: Any) -> tuple[Failure, ...]:
    """The entries of `failed` that name an event of *batch*."""
    return tuple(
        Failure(int(entry["index"]), _failed_entry(entry))
        for entry in (failed if isinstance(failed, list) else [])[:MAX_EVENTS]
        if isinstance(entry, dict) and entry.get("index") in range(len(batch.events))
    )


def _failed_entry(entry: dict[str, Any]) -> ServiceError:
    """The `code` of a failed event is a word or a number (§6)."""
    code = entry.get("code")
    message = _harmless(entry.get("message") or entry.get("errorMessage"))
    if isinstance(code, int):
        return ServiceError(str(code), message, code)
    return ServiceError(str(code or "UnknownError")[:100], message)


def _harmless(message: Any) -> str:
    """*message* fit for a log: a signature mismatch quotes the canonical request, session token included."""
    if not isinstance(message, str):
        return ""
    return re.split(r"\n|canonical string", message, maxsplit=1, flags=re.IGNORECASE)[0][:300]
