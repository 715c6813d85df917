"""SigV4 for AppSync Events: what each operation signs, with the standard library alone.

Every operation signs a virtual `POST /event` to the HTTP host, although its frame goes to the realtime host, and
the body that is hashed is rebuilt by the service from the frame (AppSync Events §4). So the outer JSON is compact,
holds `channel` before `events` and nothing else, and events must not hold characters that JSON writers escape
differently.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SERVICE = "appsync"

FIXED_HEADERS = {
    "accept": "application/json, text/javascript",
    "content-encoding": "amz-1.0",
    "content-type": "application/json; charset=UTF-8",
}
"""Sent and signed with every frame (AppSync Events §4)."""

UNSAFE = "<>&'=\x7f"
"""Characters whose escaping differs between JSON writers: an event that holds one can fail its signature."""


@dataclass(frozen=True)
class Credentials:
    """AWS credentials; `session_token` is set when they are temporary."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


CredentialsProvider = Callable[[], Credentials]
"""Asked for every frame, so that expired credentials are never signed with; must not block."""


def event_text(value: object) -> str:
    """*value* as the JSON text of one event, safe to sign: printable ASCII without `UNSAFE` characters."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    for character in UNSAFE:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def is_safe(event: str) -> bool:
    """Whether every JSON writer writes *event* alike, so that the service rebuilds the signed body from it."""
    return event.isascii() and event.isprintable() and not any(character in event for character in UNSAFE)


def body_text(channel: str | None = None, events: Sequence[str] | None = None) -> str:
    """The JSON body an operation signs: `{}` to connect, the channel to subscribe, both to publish."""
    body: dict[str, object] = {}
    if channel is not None:
        body["channel"] = channel
    if events is not None:
        body["events"] = list(events)
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


class Signer:
    """Signs the operations of one API, with fresh credentials each time.

    *host* is the API's HTTP host, exactly as `get_api` spells it: its case and port are part of the signature.
    """

    def __init__(
        self,
        host: str,
        region: str,
        credentials: CredentialsProvider,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.host = host
        self.region = region
        self._credentials = credentials
        self._clock = clock
        self._day_key: tuple[str, str, bytes] = ("", "", b"")

    def sign(self, body: bytes) -> dict[str, str]:
        """The signed headers of `POST /event` with *body*; an HTTP publish sends them as they are."""
        credentials = self._credentials()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        headers = {**FIXED_HEADERS, "host": self.host, "x-amz-date": stamp}
        if credentials.session_token:
            headers["x-amz-security-token"] = credentials.session_token
        names = sorted(headers)
        signed = ";".join(names)
        fields = "".join(f"{name}:{headers[name]}\n" for name in names)
        canonical = "\n".join(["POST", "/event", "", fields, signed, hashlib.sha256(body).hexdigest()])
        scope = f"{stamp[:8]}/{self.region}/{SERVICE}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest])
        signature = hmac.digest(self._key(credentials, stamp[:8]), to_sign.encode(), "sha256").hex()
        if credentials.session_token:
            # Signed in lower case as SigV4 wants it, sent as the developer guide spells it.
            headers["X-Amz-Security-Token"] = headers.pop("x-amz-security-token")
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        )
        return headers

    def _key(self, credentials: Credentials, day: str) -> bytes:
        """The signing key of *day*, derived once a day and for each secret."""
        cached_secret, cached_day, key = self._day_key
        if cached_secret == credentials.secret_access_key and cached_day == day:
            return key
        key = f"AWS4{credentials.secret_access_key}".encode()
        for part in (day, self.region, SERVICE, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._day_key = (credentials.secret_access_key, day, key)
        return key
