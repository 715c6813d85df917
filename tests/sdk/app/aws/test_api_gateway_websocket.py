"""`sst.aws.ApiGatewayWebSocket`."""

from __future__ import annotations

import json

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_routes_and_links() -> None:
    """Routes by action; the link lets its receiver send to the connections of this API alone."""

    def run() -> None:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        chat.route("$connect", "a.b")
        chat.route("send", {"handler": "a.b", "link": [chat]})

    declared = declare(run)

    assert declared.inputs("ChatApi")["routeSelectionExpression"] == "$request.body.action"
    assert declared.inputs("ChatRouteConnectRoute")["routeKey"] == "$connect"
    assert set(declared.link("Chat")) == {"url", "managementEndpoint"}
    statement = json.loads(declared.inputs("ChatRouteSendHandlerPolicy")["policy"])["Statement"][0]
    assert statement["Action"] == ["execute-api:ManageConnections"]


def test_who_may_connect() -> None:
    """`$connect` alone is authorized: by IAM, or by a function."""

    def run() -> None:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        members = chat.add_authorizer("Members", lambda_={"function": "a.b"})
        chat.route("$connect", "a.b", auth={"lambda": members.id})
        chat.route("connect", "a.b")

    declared = declare(run)

    route = declared.inputs("ChatRouteConnectRoute")
    assert (route["authorizationType"], route["authorizerId"]) == ("CUSTOM", "id-ChatAuthorizerMembers")
    assert declared.inputs("ChatAuthorizerMembers")["identitySources"] == ["route.request.header.Authorization"]
    assert declared.inputs("ChatRouteConnect_Route")["routeKey"] == "connect"


@pytest.mark.parametrize(
    ("route", "auth", "message"),
    [
        ("send", {"iam": True}, "checks when a client connects"),
        ("$connect", {"jwt": {"authorizer": "x"}}, "auth.jwt is for HTTP APIs"),
    ],
)
def test_what_cannot_be_authorized(route: str, auth: dict[str, object], message: str) -> None:
    """AWS refuses both, later."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: sst.aws.ApiGatewayWebSocket("Chat").route(route, "a.b", auth=auth) and None)


@pytest.mark.parametrize(("routes", "message"), [(["a b"], "a route is"), (["a", "a"], "has the route 'a' twice")])
def test_wrong_routes(routes: list[str], message: str) -> None:
    """One sentence with the route."""

    def run() -> None:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        for route in routes:
            chat.route(route, "a.b")

    with pytest.raises(ConfigError, match=message):
        declare(run)
