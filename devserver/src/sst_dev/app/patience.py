"""Who waits for an invocation that stands at a breakpoint, for how long, and what happens then: one line for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.events import InvocationStarted

REST_LIMIT = 29.0
"""Seconds until a REST or WebSocket API answers its caller without us (API Gateway quota; Lambda spec, §5.5)."""
HTTP_LIMIT = 30.0
"""Seconds until an HTTP API does."""
COGNITO_LIMIT = 5.0
"""Seconds until a user pool gives up on its trigger, which it calls up to three times (Lambda spec, §6)."""
BOTO_LIMIT = 60.0
"""Seconds until a boto3 client with the default `read_timeout` gives up; it then sends the call again
(botocore's `DEFAULT_TIMEOUT`; how often depends on the retry mode)."""

_ASYNCHRONOUS = ("sns", "s3", "bus", "schedule", "ses")
_STREAMS = ("kinesis", "dynamodb")
_NONE: Mapping[str, float] = {}


def patience(
    started: InvocationStarted, queues: Mapping[str, float] = _NONE, *, local: bool = False
) -> list[tuple[float, str]]:
    """When somebody's patience with *started* ends (seconds since the epoch), and the line that says so; in order.

    *queues* has the visibility timeout (seconds) of the queues that are known, by ARN. *local* is the embedded cloud,
    whose callers wait for as long as Lambda does.
    """
    if started.replay_of:
        return []
    event = _parsed(started.payload)
    kind = started.trigger.partition(" ")[0]
    ends = [(started.at + limit, f"{started.function}: {text}") for limit, text in _callers(kind, event, local)]
    if started.gives_up_at is not None:
        text = f"{started.function}: Lambda has ended this invocation; {_afterwards(kind, event, queues)}"
        ends = [(at, line) for at, line in ends if at < started.gives_up_at]
        ends.append((started.gives_up_at, text))
    return sorted(ends)


def _callers(kind: str, event: dict[str, Any], local: bool) -> list[tuple[float, str]]:
    """Callers with a limit of their own."""
    if kind in ("api", "websocket"):
        limit = HTTP_LIMIT if event.get("version") == "2.0" else REST_LIMIT
        if local:
            return [(limit, f"on AWS, API Gateway would have given up after {limit:.0f} s; this one waits.")]
        return [(limit, f"API Gateway has given up after {limit:.0f} s; its caller has an error.")]
    if "triggerSource" in event and "userPoolId" in event:
        limit, what = COGNITO_LIMIT, "again, up to twice."
        if local:
            return [(limit, f"on AWS, Cognito would have given up after {limit:.0f} s, and might have called {what}")]
        return [(limit, f"Cognito has given up after {limit:.0f} s, and may call {what}")]
    if kind == "invoke":
        text = (
            f"if boto3 waits for it with its default timeout, it has given up after {BOTO_LIMIT:.0f} s and calls again."
        )
        return [(BOTO_LIMIT, text)]
    return []


def _afterwards(kind: str, event: dict[str, Any], queues: Mapping[str, float]) -> str:
    """What follows when Lambda ends a call of this *kind*."""
    records = event.get("Records")
    source = ""
    if isinstance(records, list) and records and isinstance(records[0], dict):
        source = str(records[0].get("eventSourceARN", ""))
    if kind == "sqs":
        queue = source.rpartition(":")[2]
        if source in queues:
            return f"queue {queue} delivers its messages again {queues[source]:.0f} s after it delivered them."
        return f"queue {queue} delivers what it had again once the visibility timeout is over.".replace("  ", " ")
    if kind in _STREAMS:
        return "its stream delivers the same records again, and no later ones of their shard before."
    if kind in _ASYNCHRONOUS:
        return "its caller does not wait, and Lambda runs the event again, up to twice."
    if kind in ("url", "alb", "api", "websocket"):
        return "its caller has an error."
    return "what it answers now reaches nobody."


def _parsed(payload: bytes) -> dict[str, Any]:
    """The event, as far as it was kept whole."""
    try:
        event = json.loads(payload)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
