"""Libraries no one here wrote, unchanged, as handlers: groups of cases like those of the corpus."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fidelity.corpus import Call, Group

FOLDER = Path(__file__).parent / "real"

REQUIREMENTS = (
    "awslambdaric>=4.0",
    "apig-wsgi>=2.18",
    "aws-lambda-powertools[parser,tracer]>=3",
    "aws-xray-sdk>=2.14",
    "boto3>=1.40",
    "fastapi>=0.115",
    "flask>=3",
    "mangum>=0.19",
    "numpy>=1.26",
    "pandas>=2.2",
    "pydantic>=2.10",
    "sqlalchemy>=2",
)

ENVIRONMENT = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not a secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "LAMBDA_TASK_ROOT": "/var/task",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
TRACE = {"Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"}

FAIL = {
    "url error", "batch all bad", "parsed invalid", "not http", "numpy_scalar", "numpy_array", "frame_returned",
    "timestamp", "model", "model_invalid", "model_returned", "bucket_error",
}  # fmt: skip
"""Cases that end in an error object on Lambda; all others answer."""


def groups() -> Iterator[Group]:
    """One group a library."""
    yield _group("powertools", _powertools())
    yield _group("fastapi_mangum", _fastapi())
    yield _group("flask_wsgi", _flask())
    yield _group("science", _science())


def _group(name: str, calls: Iterator[Call]) -> Group:
    source = (FOLDER / f"{name}.py").read_bytes()
    return Group(name, {"app.py": source}, tuple(calls), environment=ENVIRONMENT)


def http(method: str, path: str, *, query: str = "", body: str | None = None, **headers: str) -> dict[str, Any]:
    """A payload 2.0 event, as function URLs and HTTP APIs send."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "h.lambda-url.us-east-1.on.aws", **{k.replace("_", "-"): v for k, v in headers.items()}},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "h",
            "domainName": "h.lambda-url.us-east-1.on.aws",
            "domainPrefix": "h",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "tests",
            },
            "requestId": "r",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(pair.split("=") for pair in query.split("&"))
    if body is not None:
        event["body"] = body
    return event


def _sqs(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": "h",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1"},
                "messageAttributes": {},
                "md5OfBody": "x",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def _rest(body: str) -> dict[str, Any]:
    return {
        "resource": "/notes",
        "path": "/notes",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"path": "/prod/notes", "stage": "prod", "requestId": "r"},
        "body": body,
        "isBase64Encoded": False,
    }


def _powertools() -> Iterator[Call]:
    cases: dict[str, tuple[str, Any]] = {
        "url get": ("url", http("GET", "/notes/1", query="a=b")),
        "url get again": ("url", http("GET", "/notes/2")),
        "url not found": ("url", http("GET", "/notes/missing")),
        "url error": ("url", http("GET", "/notes/broken")),
        "url no route": ("url", http("DELETE", "/nothing")),
        "url post": ("url", http("POST", "/notes", body="text ü", content_type="text/plain")),
        "rest valid": ("api", _rest('{"id": "7"}')),
        "rest invalid": ("api", _rest('{"id": "seven"}')),
        "batch": ("batch", _sqs("good", "bad", "good")),
        "batch all bad": ("batch", _sqs("bad", "bad")),
        "typed": ("typed", _sqs("a", "b")),
        "parsed": ("parsed", {"id": 3}),
        "parsed invalid": ("parsed", {"id": []}),
        "logs exception": ("logs_exception", {}),
    }
    for name, (case, event) in cases.items():
        yield Call(name, json.dumps({"case": case, "event": event}).encode(), TRACE)


def _fastapi() -> Iterator[Call]:
    cases = {
        "get": http("GET", "/items/3", query="q=x", authorization="me"),
        "get again": http("GET", "/items/4"),
        "not found": http("GET", "/items/404"),
        "invalid": http("GET", "/items/three"),
        "error": http("GET", "/items/500"),
        "no route": http("GET", "/nowhere"),
        "create": http("POST", "/items", body='{"name": "né", "price": 1.5}', content_type="application/json"),
        "create invalid": http("POST", "/items", body='{"name": "n"}', content_type="application/json"),
        "text": http("GET", "/text"),
        "bytes": http("GET", "/bytes"),
        "not http": {"Records": []},
    }
    for name, event in cases.items():
        yield Call(name, json.dumps(event).encode())


def _flask() -> Iterator[Call]:
    cases = {
        "hello": http("GET", "/hello/ü", query="a=1&b=2"),
        "form": http("POST", "/form", body="a=1&b=2", content_type="application/x-www-form-urlencoded"),
        "missing": http("GET", "/missing"),
        "broken": http("GET", "/broken"),
        "cookie": {**http("GET", "/cookie"), "cookies": ["a=1"]},
        "not http": {"a": 1},
    }
    for name, event in cases.items():
        yield Call(name, json.dumps(event).encode())


def _science() -> Iterator[Call]:
    tree = ast.parse((FOLDER / "science.py").read_bytes())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name != "handler":
            yield Call(node.name, json.dumps(node.name).encode(), TRACE)
