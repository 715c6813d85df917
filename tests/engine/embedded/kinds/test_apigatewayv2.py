"""HTTP and WebSocket APIs."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import sst
import websockets

from tests.support.issuer import Issuer
from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


@pytest.fixture(name="issuer")
def fixture_issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


def status(address: str, token: str = "") -> int:
    """The status of a request with *token*."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


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


def test_http_api_with_json_web_tokens(cloud: CloudUnderTest, issuer: Issuer) -> None:
    """A token has to be signed by the issuer, for this audience, not expired, and hold a scope of the route."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        users = api.add_authorizer("Users", jwt={"issuer": issuer.url, "audiences": ["notes"]})
        api.route("GET /", "a.b", auth={"jwt": {"authorizer": users.id, "scopes": ["read", "write"]}})
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="jwt", app=KEEP)
    address = manifest["outputs"]["url"] + "/"

    assert status(address) == 401
    assert status(address, issuer.token(scope="write", aud="other")) == 401
    assert status(address, issuer.token(scope="write", exp=1)) == 401
    assert status(address, issuer.token(scope="write")[:-8] + "AAAAAAAA") == 401
    assert status(address, issuer.token(scope="delete")) == 403
    assert status(address, issuer.token(scope="write other", sub="me")) == 200
    [event] = cloud.events("jwt", "ApiRouteGETHandler")
    jwt = event["requestContext"]["authorizer"]["jwt"]
    assert (jwt["claims"]["sub"], jwt["claims"]["iss"]) == ("me", issuer.url)
    assert jwt["scopes"] == ["other", "write"]


def test_http_api_in_front_of_another_server(cloud: CloudUnderTest, issuer: Issuer) -> None:
    """The request goes to the address as it stands, with the variables of the path in it."""

    def run() -> dict[str, Any]:
        api = sst.aws.ApiGatewayV2("Api")
        api.route_url("GET /all/{proxy+}", issuer.url + "/{proxy}")
        api.route_url("GET /one/{name}", issuer.url + "/.well-known/{name}-configuration")
        return {"url": api.url}

    manifest, _ = cloud.apply(run, stage="proxy", app=KEEP)
    for path in ("/all/.well-known/openid-configuration", "/one/openid"):
        with urllib.request.urlopen(manifest["outputs"]["url"] + path) as answer:
            assert json.load(answer)["issuer"] == issuer.url


async def test_websocket_api_with_a_function_authorizer(cloud: CloudUnderTest) -> None:
    """Who names no token is told so, who is not allowed is refused, and the handler sees what the authorizer said."""

    def run() -> dict[str, Any]:
        urls = {}
        for name, effect in (("Open", "Allow"), ("Closed", "Deny")):
            chat = sst.aws.ApiGatewayWebSocket(name)
            statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
            answer = {"principalId": "me", "policyDocument": {"Statement": [statement]}, "context": {"room": "1"}}
            function = {"handler": "a.b", "environment": {"ANSWER": json.dumps(answer)}}
            source = ["route.request.querystring.token"]
            check = chat.add_authorizer("Check", lambda_={"function": function, "identity_sources": source})
            accept = {"handler": "a.b", "environment": {"ANSWER": '{"statusCode": 200}'}}
            chat.route("$connect", accept, auth={"lambda": check.id})
            urls[name] = chat.url
        return urls

    manifest, _ = await asyncio.to_thread(lambda: cloud.apply(run, stage="guarded", app=KEEP))
    urls = manifest["outputs"]
    for url, code in ((urls["Open"], 401), (urls["Closed"] + "?token=x", 403)):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url)
        assert refused.value.response.status_code == code
    async with websockets.connect(urls["Open"] + "?token=x"):
        [event] = await asyncio.to_thread(cloud.events, "guarded", "OpenRouteConnectHandler")

    assert event["requestContext"]["authorizer"] == {"room": "1", "principalId": "me"}
    assert event["queryStringParameters"] == {"token": "x"}


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
