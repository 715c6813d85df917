"""The honest answer when no dev server answers: by the shape of the event, and never a success. Pure.

An HTTP caller gets a real 503 that says what to do. Everything else gets a Lambda error, so that queues and
streams keep their records and retries and dead-letter queues work: for them any answer that is not an error
deletes the batch (Lambda, event source mappings).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

ERROR_TYPE = "Sst.DevServerUnreachable"
STREAMED_HTTP = "application/vnd.awslambda.http-integration-response"
"""Content type of a streamed answer that begins with a JSON prelude and eight NUL bytes (Lambda)."""


@dataclass(frozen=True)
class HttpAnswer:
    """A response object of the integration that sent the event: HTTP 503."""

    body: bytes = field(repr=False)
    content_type: str = "application/json"


@dataclass(frozen=True)
class LambdaError:
    """A Lambda error object."""

    body: bytes = field(repr=False)
    error_type: str = ERROR_TYPE


def answer(
    event: bytes, *, app: str, stage: str, function: str, reason: str, streamed: bool = False
) -> HttpAnswer | LambdaError:
    """What to answer *event* with while nobody serves *function*.

    *reason* is one clause for people ("no dev server answered within 3 s"). *streamed* says that the
    function's URL is RESPONSE_STREAM: Lambda takes a buffered answer to it for the body of a 200.
    """
    text = (
        f'Function "{function}" of app "{app}" runs live on a developer\'s machine, and {reason}.\n'
        f"Start the dev server for this stage in the app's folder: sst dev --stage {stage}\n"
        f"Or deploy the function itself: sst deploy --stage {stage}"
    )
    match http_shape(event):
        case None:
            error = {"errorType": ERROR_TYPE, "errorMessage": text, "stackTrace": []}
            return LambdaError(json.dumps(error).encode())
        case "url" if streamed:
            prelude = json.dumps({"statusCode": 503, "headers": _HEADERS}).encode()
            return HttpAnswer(prelude + bytes(8) + text.encode() + b"\n", STREAMED_HTTP)
        case shape:
            return HttpAnswer(json.dumps(_response(shape, text + "\n")).encode())


def http_shape(event: bytes) -> str | None:
    """Which HTTP integration made *event*: `url` (function URL), `v2` (HTTP API), `v1` (REST API, HTTP API payload
    1.0), `alb`, `alb-multi` (ALB with multi-value headers), or None."""
    try:
        fields = json.loads(event)
    except ValueError:  # also UnicodeDecodeError
        return None
    context = fields.get("requestContext") if isinstance(fields, dict) else None
    if not isinstance(context, dict) or "routeArn" in fields or "methodArn" in fields:
        return None  # an authorizer's event looks like a request, but its answer is a verdict
    if "elb" in context:
        return "alb-multi" if "multiValueHeaders" in fields else "alb"
    if isinstance(context.get("http"), dict):
        return "url" if ".lambda-url." in str(context.get("domainName")) else "v2"
    if "httpMethod" in fields and "connectionId" not in context:
        return "v1"
    return None


_HEADERS = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "x-sst-error": ERROR_TYPE,
}


def _response(shape: str, text: str) -> dict[str, object]:
    response: dict[str, object] = {"statusCode": 503, "isBase64Encoded": False, "body": text}
    if shape == "alb-multi":
        response["multiValueHeaders"] = {name: [value] for name, value in _HEADERS.items()}
    else:
        response["headers"] = _HEADERS
    if shape.startswith("alb"):
        response["statusDescription"] = "503 Service Unavailable"
    return response
