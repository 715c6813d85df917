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


@pytest.mark.parametrize(("routes", "message"), [(["a b"], "a route is"), (["a", "a"], "has the route 'a' twice")])
def test_wrong_routes(routes: list[str], message: str) -> None:
    """One sentence with the route."""

    def run() -> None:
        chat = sst.aws.ApiGatewayWebSocket("Chat")
        for route in routes:
            chat.route(route, "a.b")

    with pytest.raises(ConfigError, match=message):
        declare(run)
