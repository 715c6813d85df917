"""AppSync Events as the specification tells it (its emulator checklist, §16): strict, and faulty on request. No I/O.

Nothing here comes from `sst_bridge`: a mistake that client and server share would prove nothing. Time is an argument,
in seconds since the epoch; whatever goes out is a `Send` or an `End`, and says when.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import hmac
import json
import random
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?"
CHANNEL = re.compile(rf"/?{SEGMENT}(?:/{SEGMENT}){{0,4}}/?")
PATTERN = re.compile(rf"/?{SEGMENT}(?:/{SEGMENT}){{0,3}}/\*")
IDENTIFIER = re.compile(r"[a-zA-Z0-9\-_+]{1,128}")
CONNECT, SUBSCRIBE, PUBLISH = "EventConnect", "EventSubscribe", "EventPublish"
ALL = frozenset({CONNECT, SUBSCRIBE, PUBLISH})
SIGNED_ALWAYS = {"host", "x-amz-date"}
CLOCK_TOLERANCE = 300.0


@dataclass(frozen=True)
class Principal:
    """Somebody with credentials, and what IAM allows them."""

    secret: str
    token: str | None = None
    allowed: frozenset[str] = ALL
    expires: float = float("inf")


@dataclass
class Quotas:
    """Those of §11, and the timings of §7; tests lower them."""

    subscriptions: int = 200
    events: int = 5
    publish_bytes: int = 1_200_000
    event_bytes: int = 240_000
    publishes_per_second: float = 25
    tokens_per_second: float = 2_000
    inbound_events_per_second: float = 10_000
    keep_alive: float = 60.0
    timeout_ms: int = 300_000
    lifetime: float = 86_400.0


@dataclass
class Faults:
    """How the network and the service misbehave: probabilities 0 to 1, seconds for times."""

    drop: float = 0.0
    """Of each delivery."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """Of each delivery: it comes up to `reorder_by` later than it should."""
    reorder_by: float = 0.05
    delay: tuple[float, float] = (0.0, 0.0)
    """Every delivery takes a time from this range."""
    blackout: float = 0.0
    """A subscription receives nothing for a time up to this after its confirmation."""
    partial: float = 0.0
    """Of each publish: one of its events lands in `failed` and is not broadcast."""
    throttle: float = 0.0
    """Of each publish: `LimitExceededError` with its id."""
    mute_throttle: float = 0.0
    """Of each publish: `LimitExceededError` in an `error` frame without an id."""
    lose_answer: float = 0.0
    """Of each publish: it is broadcast, but never answered."""
    close_every: float = 0.0
    """Each socket is closed with 1000 after a random time with this mean; 0 is never."""
    cut_every: float = 0.0
    """Each socket is cut, without a farewell, after a random time with this mean; 0 is never."""
    refuse_connects: int = 0
    """So many of the next connections get a `connection_error`."""
    event_as_list: bool = False
    """`data.event` as the developer guide prints it: a list of one string."""


@dataclass(frozen=True)
class Send:
    """Send *frame* to *session* at that time."""

    session: Session
    frame: dict[str, Any]
    at: float


@dataclass(frozen=True)
class End:
    """Close the socket of *session* with code 1000, which the service uses also for failures."""

    session: Session


Effect = Send | End


class Bucket:
    """A token bucket as large as one second's worth."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._level = rate
        self._at: float | None = None

    def take(self, now: float, amount: float = 1.0) -> bool:
        if self._at is not None:
            self._level = min(self.rate, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < amount:
            return False
        self._level -= amount
        return True


@dataclass(eq=False)
class Session:
    """One socket."""

    number: int
    bucket: Bucket
    subscriptions: dict[str, str] = field(default_factory=dict)
    """Channel or pattern by id."""
    muted: bool = False
    """The socket stays open, but nothing leaves on it any more, `ka` included."""
    ended: bool = False


class Denied(Exception):
    """An operation is refused: *error_type*, *message* and the HTTP status."""

    def __init__(self, error_type: str, message: str = "", status: int = 401) -> None:
        super().__init__(message)
        self.status = status
        self.errors = [{"errorType": error_type, **({"message": message} if message else {})}]


UNAUTHORIZED = "You are not authorized to make this call."


class EventService:
    """One Event API: who may do what, who listens to what, and what it costs."""

    def __init__(
        self,
        http_host: str,
        *,
        region: str = "us-east-1",
        principals: Mapping[str, Principal] | None = None,
        api_keys: Sequence[str] = (),
        namespaces: Sequence[str] = ("sst",),
        quotas: Quotas | None = None,
        faults: Faults | None = None,
        seed: int = 0,
    ) -> None:
        self.http_host = http_host
        self.region = region
        self.principals = dict(principals or {"test": Principal("test")})
        self.api_keys = set(api_keys)
        self.namespaces = set(namespaces)
        self.quotas = quotas or Quotas()
        self.faults = faults or Faults()
        self.random = random.Random(seed)
        self.sessions: set[Session] = set()
        self._listening: dict[str, dict[tuple[Session, str], float]] = {}
        """Who listens to a channel or pattern (without outer slashes), by subscription, and from when on."""
        self.recent: deque[dict[str, Any]] = deque(maxlen=1000)
        """The last frames and bodies that clients sent, for tests to look at."""
        self.metered: Counter[str] = Counter()
        """Billed operations by kind; publishes and deliveries count in units of 5 kB (§12)."""
        self.seen: Counter[str] = Counter()
        """What happened, by name: faults, refusals, frames by type."""
        self._tokens = Bucket(self.quotas.tokens_per_second)
        self._inbound = Bucket(self.quotas.inbound_events_per_second)
        self._made = 0

    # Sockets.

    def connect(self, offered: Sequence[str], now: float) -> tuple[Session, list[Effect]]:
        """A socket was opened offering these subprotocols; a refusal comes after the handshake (§2)."""
        self._made += 1
        session = Session(self._made, Bucket(self.quotas.publishes_per_second))
        self.sessions.add(session)
        self.metered["connect"] += 1
        try:
            if self.faults.refuse_connects > 0:
                self.faults.refuse_connects -= 1
                raise Denied("LimitExceededError", "Rate limit exceeded")
            self._authorize(_authorization(offered), CONNECT, "{}", now)
        except Denied as denied:
            self.seen["connect refused"] += 1
            session.ended = True
            return session, [self._send(session, now, "connection_error", None, errors=denied.errors), End(session)]
        return session, []

    def disconnect(self, session: Session) -> None:
        """The socket is gone, and everything that was subscribed on it."""
        session.ended = True
        self.sessions.discard(session)
        for identifier in list(session.subscriptions):
            self._forget(session, identifier)

    def keep_alive(self, session: Session, now: float) -> list[Effect]:
        """To be asked every `Quotas.keep_alive` seconds."""
        return [] if session.ended else [self._send(session, now, "ka", None)]

    def receive(self, session: Session, text: str | bytes, now: float) -> list[Effect]:
        """What a frame from *session* leads to."""
        try:
            frame = json.loads(text)
            assert isinstance(frame, dict)
        except (ValueError, AssertionError):
            return [self._error(session, now, "UnsupportedOperation", "not a JSON object")]
        kind, identifier = frame.get("type"), frame.get("id")
        self.seen[str(kind)] += 1
        self.recent.append(frame)
        if kind == "connection_init":
            return [self._send(session, now, "connection_ack", None, connectionTimeoutMs=self.quotas.timeout_ms)]
        if kind not in ("subscribe", "unsubscribe", "publish"):
            return [self._error(session, now, "UnsupportedOperation", f"unknown type {kind}")]
        if not isinstance(identifier, str) or not IDENTIFIER.fullmatch(identifier):
            return [self._error(session, now, "BadRequestException", "invalid id")]
        try:
            if kind == "publish":
                return self._publish_frame(session, identifier, frame, now)
            if kind == "subscribe":
                return self._subscribe(session, identifier, frame, now)
            return self._unsubscribe(session, identifier, now)
        except Denied as denied:
            self.seen[f"{kind} refused"] += 1
            return [self._send(session, now, f"{kind}_error", identifier, errors=denied.errors)]

    def _subscribe(self, session: Session, identifier: str, frame: dict[str, Any], now: float) -> list[Effect]:
        channel = frame.get("channel")
        if not isinstance(channel, str) or not (CHANNEL.fullmatch(channel) or PATTERN.fullmatch(channel)):
            raise Denied("BadRequestException", "Invalid Channel Format", 400)
        self._authorize(frame.get("authorization"), SUBSCRIBE, _compact({"channel": channel}), now)
        self._require_namespace(channel)
        if identifier in session.subscriptions:
            raise Denied("DuplicatedOperationError", "Duplicated operation")
        if len(session.subscriptions) >= self.quotas.subscriptions:
            raise Denied("MaxSubscriptionsReachedError", "Max number of subscriptions reached")
        self.metered["subscribe"] += 1
        from_when = now + self.random.uniform(0, self.faults.blackout)
        session.subscriptions[identifier] = channel.strip("/")
        self._listening.setdefault(channel.strip("/"), {})[session, identifier] = from_when
        return [self._send(session, now, "subscribe_success", identifier)]

    def _unsubscribe(self, session: Session, identifier: str, now: float) -> list[Effect]:
        if identifier not in session.subscriptions:
            raise Denied("UnknownOperationError", f"Unknown operation id {identifier}")
        self._forget(session, identifier)
        return [self._send(session, now, "unsubscribe_success", identifier)]

    def _forget(self, session: Session, identifier: str) -> None:
        pattern = session.subscriptions.pop(identifier)
        del self._listening[pattern][session, identifier]
        if not self._listening[pattern]:
            del self._listening[pattern]

    def _publish_frame(self, session: Session, identifier: str, frame: dict[str, Any], now: float) -> list[Effect]:
        if not session.bucket.take(now):
            raise Denied("LimitExceededError", "Rate limit exceeded", 429)
        channel, events = frame.get("channel"), frame.get("events")
        # The service writes the body anew, with a writer that escapes for HTML, and hashes that (§4, pitfall 2).
        body = _html_escaped(_compact({"channel": channel, "events": events}))
        accepted = self._accept(channel, events, frame.get("authorization"), body, now, over="websocket")
        if self._happens(self.faults.throttle, "throttled"):
            raise Denied("LimitExceededError", "Rate limit exceeded", 429)
        if self._happens(self.faults.mute_throttle, "throttled without id"):
            return [self._error(session, now, "LimitExceededError", "Rate limit exceeded")]
        successful, failed, deliveries = self._broadcast(*accepted, now)
        if self._happens(self.faults.lose_answer, "answer lost"):
            return deliveries
        answer = self._send(session, now, "publish_success", identifier, successful=successful, failed=failed)
        # The answer may come before or after the publisher's own echo.
        return [answer, *deliveries] if self.random.random() < 0.5 else [*deliveries, answer]

    # HTTP.

    def publish_http(
        self, headers: Mapping[str, str], body: bytes, now: float
    ) -> tuple[int, dict[str, Any], list[Effect]]:
        """`POST /event`: status, answer, and the deliveries."""
        self.seen["http publish"] += 1
        try:
            try:
                text = body.decode()
                request = json.loads(text)
                channel, events = request["channel"], request["events"]
            except (ValueError, KeyError, TypeError) as error:
                raise Denied("BadRequestException", "Unable to parse request body", 400) from error
            self.recent.append(request)
            accepted = self._accept(channel, events, dict(headers), text, now, over="http")
            if self._happens(self.faults.throttle, "throttled"):
                raise Denied("LimitExceededError", "Rate limit exceeded", 429)
            successful, failed, deliveries = self._broadcast(*accepted, now)
            return 200, {"successful": successful, "failed": failed}, deliveries
        except Denied as denied:
            self.seen["http publish refused"] += 1
            return denied.status, {"errors": denied.errors}, []

    # Both.

    def _accept(
        self, channel: Any, events: Any, authorization: Any, body: str, now: float, *, over: str
    ) -> tuple[str, list[str]]:
        """Check a publish as a whole."""
        if not isinstance(channel, str) or not CHANNEL.fullmatch(channel):
            raise Denied("BadRequestException", "Invalid Channel Format", 400)
        if not isinstance(events, list) or not events or not all(isinstance(e, str) for e in events):
            raise Denied("BadRequestException", "events must be a list of strings", 400)
        self._authorize(authorization, PUBLISH, body, now)
        self._require_namespace(channel)
        if len(events) > self.quotas.events:
            if over == "http":
                raise Denied("BadRequestException", f"Input exceeded {self.quotas.events} event limit", 400)
            raise Denied("InvalidInputError", f"input exceeded {self.quotas.events} event limit")
        if len(body.encode()) > self.quotas.publish_bytes:
            raise Denied("BadRequestException", "Payload is larger than 1.2MB", 400)
        for event in events:
            try:
                json.loads(event)
            except ValueError as error:
                raise Denied("BadRequestException", "an event is not JSON", 400) from error
        if not self._tokens.take(now) or not self._inbound.take(now, len(events)):
            raise Denied("LimitExceededError", "Rate limit exceeded", 429)
        return channel, events

    def _broadcast(
        self, channel: str, events: list[str], now: float
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Effect]]:
        """Successful and failed entries, and what the subscribers get."""
        successful: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        deliveries: list[Effect] = []
        unlucky = -1
        if self._happens(self.faults.partial, "partial failure"):
            unlucky = self.random.randrange(len(events))
        for index, event in enumerate(events):
            entry = {"identifier": str(uuid.UUID(int=self.random.getrandbits(128))), "index": index}
            if len(event.encode()) > self.quotas.event_bytes:
                message = "Transformed event is larger than 240KB"
                failed.append({**entry, "code": "EventTooLargeException", "message": message})
            elif index == unlucky:
                failed.append({**entry, "code": "MessageProcessingError", "message": "try again"})
            else:
                successful.append(entry)
                self.metered["publish"] += _units(event)
                deliveries += self._deliveries(channel, event, now)
        return successful, failed, deliveries

    def _deliveries(self, channel: str, event: str, now: float) -> Iterator[Effect]:
        for pattern in _patterns(channel.strip("/")):
            for (session, identifier), from_when in self._listening.get(pattern, {}).items():
                if now < from_when:
                    self.seen["lost in blackout"] += 1
                    continue
                self.metered["delivery"] += _units(event)
                if self._happens(self.faults.drop, "dropped"):
                    continue
                copies = 2 if self._happens(self.faults.duplicate, "duplicated") else 1
                for _ in range(copies):
                    at = now + self.random.uniform(*self.faults.delay)
                    if self._happens(self.faults.reorder, "reordered"):
                        at += self.random.uniform(0, self.faults.reorder_by)
                    value = [event] if self.faults.event_as_list else event
                    yield self._send(session, at, "data", identifier, event=value)

    def _require_namespace(self, channel: str) -> None:
        if channel.strip("/").split("/")[0] not in self.namespaces:
            raise Denied("UnauthorizedException")  # without a message, as observed

    def _authorize(self, authorization: Any, action: str, body: str, now: float) -> None:
        fields = {str(k).lower(): v for k, v in authorization.items()} if isinstance(authorization, dict) else {}
        if (key := fields.get("x-api-key")) is not None and key in self.api_keys:
            return
        if fields.get("host") != self.http_host:
            raise Denied("UnauthorizedException", UNAUTHORIZED)
        principal = check_signature(fields, body, self.region, self.principals, now)
        if action not in principal.allowed or now >= principal.expires:
            raise Denied("UnauthorizedException", UNAUTHORIZED)

    def _send(self, session: Session, at: float, kind: str, identifier: str | None, **more: Any) -> Send:
        named = {} if identifier is None else {"id": identifier}
        return Send(session, {"type": kind, **named, **more}, at)

    def _error(self, session: Session, now: float, error_type: str, message: str) -> Send:
        errors = [{"errorType": error_type, "message": message}]
        return self._send(session, now, "error", None, errors=errors)

    def _happens(self, probability: float, name: str) -> bool:
        happens = probability > 0 and self.random.random() < probability
        if happens:
            self.seen[name] += 1
        return happens


def check_signature(
    fields: Mapping[str, Any], body: str, region: str, principals: Mapping[str, Principal], now: float
) -> Principal:
    """The principal who signed *fields* (lower-case names) for *body*; raises Denied."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/appsync/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        str(fields.get("authorization", "")),
    )
    if match is None:
        raise Denied("UnauthorizedException", UNAUTHORIZED)
    key, day, scope_region, signed, signature = match.groups()
    names = signed.split(";")
    stamp = str(fields.get("x-amz-date", ""))
    principal = principals.get(key)
    if principal is None or scope_region != region or not set(names) >= SIGNED_ALWAYS or names != sorted(names):
        raise Denied("UnauthorizedException", UNAUTHORIZED)
    if principal.token is not None and (
        fields.get("x-amz-security-token") != principal.token or "x-amz-security-token" not in names
    ):
        raise Denied("UnauthorizedException", UNAUTHORIZED)
    try:
        signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Denied("UnauthorizedException", UNAUTHORIZED) from None
    if not stamp.startswith(day) or abs(signed_at - now) > CLOCK_TOLERANCE:
        raise Denied("BadRequestException", f"Signature expired: {stamp}", 400)
    lines = "".join(f"{name}:{' '.join(str(fields.get(name, '')).split())}\n" for name in names)
    hashed = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\n/event\n\n{lines}\n{signed}\n{hashed}"
    scope = f"{day}/{region}/appsync/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{principal.secret}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(secret, to_sign.encode(), "sha256").hex(), signature):
        message = (
            "The request signature we calculated does not match the signature you provided.\n"
            f"The Canonical String for this request should have been\n'{canonical}'"
        )
        raise Denied("BadRequestException", message, 400)
    return principal


def _authorization(offered: Sequence[str]) -> Any:
    """The object in the `header-…` subprotocol."""
    token = next((offer[7:] for offer in offered if offer.startswith("header-")), "")
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise Denied("UnauthorizedException", UNAUTHORIZED) from None


def _patterns(channel: str) -> list[str]:
    """What hears *channel*: its own name, and each stem of it with `*`, which is any number of segments (§9)."""
    parts = channel.split("/")
    return [channel, *("/".join([*parts[:depth], "*"]) for depth in range(1, len(parts)))]


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _html_escaped(text: str) -> str:
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _units(event: str) -> int:
    return max(1, -(-len(event) // 5_000))
