"""One event of each shape that Lambda is invoked with (Lambda developer guide, event sources)."""

from __future__ import annotations

from typing import Any

_CONTEXT_V2 = {
    "accountId": "anonymous",
    "apiId": "url-id",
    "domainName": "url-id.lambda-url.us-east-1.on.aws",
    "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"},
    "requestId": "id",
    "routeKey": "$default",
    "stage": "$default",
    "time": "12/Mar/2020:19:03:58 +0000",
    "timeEpoch": 1583348638390,
}
_URL = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/notes",
    "rawQueryString": "",
    "headers": {"accept": "*/*"},
    "requestContext": _CONTEXT_V2,
    "isBase64Encoded": False,
}
_REST = {
    "resource": "/{proxy+}",
    "path": "/notes",
    "httpMethod": "GET",
    "headers": {"Accept": "*/*"},
    "multiValueHeaders": {"Accept": ["*/*"]},
    "queryStringParameters": None,
    "pathParameters": {"proxy": "notes"},
    "stageVariables": None,
    "requestContext": {"resourcePath": "/{proxy+}", "httpMethod": "GET", "path": "/prod/notes", "identity": {}},
    "body": None,
    "isBase64Encoded": False,
}
_ALB = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/t/1"}},
    "httpMethod": "GET",
    "path": "/notes",
    "queryStringParameters": {},
    "headers": {"accept": "*/*"},
    "body": "",
    "isBase64Encoded": False,
}

HTTP: dict[str, tuple[str, dict[str, Any]]] = {
    "function URL": ("url", _URL),
    "function URL, POST": ("url", {**_URL, "body": "e30=", "isBase64Encoded": True, "cookies": ["a=b"]}),
    "HTTP API 2.0": (
        "v2",
        {
            **_URL,
            "routeKey": "GET /notes/{id}",
            "pathParameters": {"id": "1"},
            "requestContext": {**_CONTEXT_V2, "domainName": "id.execute-api.us-east-1.amazonaws.com"},
        },
    ),
    "HTTP API 1.0": ("v1", {**_REST, "version": "1.0"}),
    "REST API": ("v1", _REST),
    "ALB": ("alb", _ALB),
    "ALB with multi-value headers": (
        "alb-multi",
        {k: v for k, v in _ALB.items() if k != "headers"} | {"multiValueHeaders": {"accept": ["*/*"]}},
    ),
}
"""By name: the shape `away` must find, and the event."""


def _record(**fields: Any) -> dict[str, Any]:
    return {"Records": [{"awsRegion": "us-east-1", **fields}]}


OTHER: dict[str, Any] = {
    "SQS": _record(messageId="m", receiptHandle="h", body="{}", eventSource="aws:sqs"),
    "SNS": {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": "hi"}}]},
    "S3": _record(eventSource="aws:s3", eventName="ObjectCreated:Put", s3={"bucket": {"name": "b"}}),
    "DynamoDB stream": _record(eventSource="aws:dynamodb", eventName="INSERT", dynamodb={"Keys": {}}),
    "Kinesis": _record(eventSource="aws:kinesis", kinesis={"data": "aGk=", "sequenceNumber": "1"}),
    "EventBridge": {
        "version": "0",
        "id": "i",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "resources": [],
        "detail": {},
    },
    "SST cron input": {"any": "thing"},
    "IoT rule": {"temperature": 21.5},
    "IoT authorizer": {
        "token": "t",
        "signatureVerified": False,
        "protocols": ["tls", "http", "mqtt"],
        "protocolData": {"http": {"headers": {}, "queryString": "?a=b"}},
        "connectionMetadata": {"id": "u"},
    },
    "AppSync authorizer": {"authorizationToken": "t", "requestContext": {"apiId": "a", "queryString": "{}"}},
    "HTTP API authorizer 2.0": {**_URL, "type": "REQUEST", "routeArn": "arn:r", "identitySource": []},
    "REST API authorizer": {**_REST, "type": "REQUEST", "methodArn": "arn:m"},
    "REST API token authorizer": {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn:m"},
    "Cognito": {
        "version": "1",
        "triggerSource": "PreSignUp_SignUp",
        "request": {"userAttributes": {}},
        "response": {},
    },
    "WebSocket API": {
        "requestContext": {"connectionId": "c", "eventType": "MESSAGE", "routeKey": "$default"},
        "body": "hi",
        "isBase64Encoded": False,
    },
    "direct invoke": {},
    "a list": [1, 2],
    "a string": "hello",
    "null": None,
    "requestContext of another kind": {"requestContext": "text", "httpMethod": "GET"},
}
"""By name: events whose caller takes anything but an error for success."""
