"""HTTP and WebSocket APIs."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import sst
import websockets

from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_http_api(cloud: CloudUnderTest) -> None:
    """A request to the API's URL reaches the route's function with its path parameters, and the answer comes back."""
    answer = json.dumps({"statusCode": 201, "headers": {"x-a": "b"}, "body": "made"})

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        api.route("POST /notes/{id}", {"handler": "a.b", "environment": {"ANSWER": answer}})
        api.route("GET /secret", "a.b", auth={"iam": True})
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="api", app=KEEP)
    url = manifest["outputs"]["url"]
    request = urllib.request.Request(f"{url}/notes/7?x=1", data=b"hi", method="POST")
    with urllib.request.urlopen(request) as response:
        got = (response.status, response.headers["x-a"], response.read())
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        urllib.request.urlopen(f"{url}/secret")

    assert got == (201, "b", b"made")
    assert forbidden.value.code == 403
    [event] = cloud.events("api", "ApiRoutePOSTNotesIdHandler")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /notes/{id}", "/notes/7")
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"id": "7"}, {"x": "1"})


def test_http_api_with_a_function_authorizer(cloud: CloudUnderTest) -> None:
    """A route behind an authorizer that says no is forbidden."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        deny = {"handler": "a.b", "environment": {"ANSWER": '{"isAuthorized": false}'}}
        check = api.add_authorizer(name="Check", lambda_={"function": deny})
        api.route("GET /", "a.b", auth={"lambda": check.id})
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="authorizer", app=KEEP)
    request = urllib.request.Request(manifest["outputs"]["url"] + "/", headers={"Authorization": "me"})
    with pytest.raises(urllib.error.HTTPError) as forbidden:
        urllib.request.urlopen(request)

    assert forbidden.value.code == 403
    [event] = cloud.events("authorizer", "ApiAuthorizerCheckFunction")
    assert event["headers"]["authorization"] == "me"


async def test_websocket_api(cloud: CloudUnderTest) -> None:
    """A message with an action reaches its route, and the management endpoint reaches the connection."""

    def run() -> dict[str, Any]:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        connect = {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}}
        chat.route("$connect", connect)
        chat.route("send", connect)
        return {"url": chat.url, "manage": chat.management_endpoint}

    manifest, _ = await asyncio.to_thread(lambda: cloud.apply(run, stage="socket", app=KEEP))
    outputs = manifest["outputs"]
    async with websockets.connect(outputs["url"]) as socket:
        await socket.send(json.dumps({"action": "send", "text": "hi"}))
        [event] = await asyncio.to_thread(cloud.events, "socket", "ChatRouteSendHandler")
        connection = event["requestContext"]["connectionId"]
        manage = CloudUnderTest(outputs["manage"], cloud.folder).client("apigatewaymanagementapi")
        await asyncio.to_thread(lambda: manage.post_to_connection(ConnectionId=connection, Data=b"pong"))
        assert await asyncio.wait_for(socket.recv(), 10) == "pong"

    assert json.loads(event["body"])["text"] == "hi"
    assert event["requestContext"]["routeKey"] == "send"
