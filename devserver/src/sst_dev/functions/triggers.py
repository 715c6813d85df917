"""What called a function, by the shape of its event."""

from __future__ import annotations

import json
from typing import Any

LOOK_AT = 1024 * 1024
"""Bytes; a larger event is an `invoke`, as parsing it would take longer than the name is worth."""


def trigger(event: bytes) -> str:
    """`url GET /notes`, `sqs`, `s3`, `schedule`, … or `invoke`."""
    if not event.startswith(b"{") or len(event) > LOOK_AT:
        return "invoke"
    try:
        document = json.loads(event)
    except ValueError:
        return "invoke"
    return _http(document) or _records(document) or _bus(document) or "invoke"


def _http(event: dict[str, Any]) -> str:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return ""
    http = context.get("http")
    if isinstance(http, dict):  # payload format 2.0: function URLs and HTTP APIs
        kind = "url" if ".lambda-url." in str(context.get("domainName", "")) or "apiId" not in context else "api"
        kind = "url" if "lambda-url" in str(context.get("domainName", "")) else kind
        return f"{kind} {http.get('method', '')} {http.get('path', '')}"
    if "elb" in context:
        return f"alb {event.get('httpMethod', '')} {event.get('path', '')}"
    if "routeKey" in context and "connectionId" in context:
        return f"websocket {context['routeKey']}"
    if "httpMethod" in event:
        return f"api {event['httpMethod']} {event.get('path', '')}"
    return ""


def _records(event: dict[str, Any]) -> str:
    records = event.get("Records")
    if not isinstance(records, list) or not records or not isinstance(records[0], dict):
        return ""
    source = records[0].get("eventSource") or records[0].get("EventSource") or ""
    name = str(source).removeprefix("aws:")
    return f"{name} {len(records)} records" if name and len(records) > 1 else name


def _bus(event: dict[str, Any]) -> str:
    if "detail-type" not in event or "source" not in event:
        return ""
    if event["detail-type"] == "Scheduled Event":
        return "schedule"
    return f"bus {event['source']} {event['detail-type']}"
