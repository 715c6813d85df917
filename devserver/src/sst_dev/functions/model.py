"""What the session hands to `Functions` and gets back: small frozen values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class EnvironmentInfo:
    """One execution environment of the stub: it owns one worker as long as it lives."""

    id: str
    function: str
    """The component's name."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment variables of the Lambda process, with the role's credentials."""


@dataclass(frozen=True)
class InvocationRequest:
    """One invocation as the stub took it from the Runtime API. Run once for each `id`."""

    id: str
    """The stub's nonce: unique per delivery, unlike the request id."""
    request_id: str
    deadline_ms: int
    """When Lambda itself gives up on the stub, epoch milliseconds. The function's own timeout is stricter."""
    arn: str
    sent_at: float
    """When the stub took the event, by its own clock, seconds since the epoch."""
    content_type: str = "application/json"
    trace_id: str = ""
    client_context: str = ""
    identity: str = ""
    tenant_id: str = ""
    body: bytes = field(default=b"", repr=False)
    """The raw event."""
    replay_of: str = ""
    """Id of the invocation this one repeats, when a front end asked for it."""


class Replies(Protocol):
    """Where the answer of one invocation goes: one `response`, one `error`, or `stream` up to `final`."""

    async def response(self, body: bytes, content_type: str) -> None:
        """The bytes the handler produced."""

    async def error(self, body: bytes, error_type: str, xray_cause: str) -> None:
        """A Lambda error object, already JSON, with the values of the Runtime API's two error headers."""

    async def stream(
        self,
        body: bytes,
        *,
        content_type: str = "",
        final: bool = False,
        error_type: str = "",
        error_body: bytes = b"",
    ) -> None:
        """The next piece of a streamed response, in order.

        *content_type* is set on the first piece, *final* on the last; *error_type* and *error_body* go with
        the last when the handler failed after it began to stream.
        """
