"""`sst.aws.ApiGatewayWebSocket`: a WebSocket API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from ..component import Transform
from ..errors import ConfigError
from ..linkable import Definition
from ..permission import Permission
from .api_gateway import ApiGateway, Authorizer, LambdaRoute, parse_function_authorizer
from .subscriber import Subscriber

HEADER = "route.request.header.Authorization"


class ApiGatewayWebSocket(ApiGateway):
    """A WebSocket API of API Gateway.

    ```python
    chat = sst.aws.ApiGatewayWebSocket("Chat")
    members = chat.add_authorizer("Members", lambda_={"function": "functions/chat.authorize"})
    chat.route("$connect", "functions/chat.connect", auth={"lambda": members.id})
    chat.route("send", {"handler": "functions/chat.send", "link": [chat]})
    ```

    *transform* may hold `route` with `handler` and `args`: what to change of every route's function and arguments.
    A receiver of the link reads `Resource.Chat.url` and `.managementEndpoint`, and may send to its connections.
    """

    token = "sst:aws:ApiGatewayWebSocket"  # noqa: S105 a Pulumi type
    log_format: ClassVar[Mapping[str, str]] = {
        "time": "$context.requestTime",
        "request": "$context.requestId",
        "event": "$context.eventType",
        "route": "$context.routeKey",
        "status": "$context.status",
        "connection": "$context.connectionId",
        "integrationLatency": "$context.integrationLatency",
        "integrationError": "$context.integrationErrorMessage",
        "ip": "$context.identity.sourceIp",
        "userAgent": "$context.identity.userAgent",
    }

    def __init__(
        self,
        name: str,
        *,
        access_log: Mapping[str, Any] | None = None,
        domain: Any = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        args = {"protocol_type": "WEBSOCKET", "route_selection_expression": "$request.body.action"}
        self._make_api(args, access_log=access_log, domain=domain)
        self.url: pulumi.Output[str] = pulumi.Output.concat(self._api.api_endpoint, "/", self._stage.name)
        self.management_endpoint: pulumi.Output[str] = self.url.apply(lambda url: re.sub("^ws", "http", url))

    def route(
        self,
        route: str,
        handler: Subscriber,
        *,
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
    ) -> ApiGatewayWebSocketRoute:
        """Send messages whose `action` is *route*, or `$connect`, `$disconnect` and `$default`, to a function.

        *auth*, of `$connect` alone, is `{"iam": True}` or `{"lambda": id}`.
        """
        where = self._label
        if not isinstance(route, str) or not route or " " in route:
            raise ConfigError(f"{where}: a route is $connect, $disconnect, $default or an action, got {route!r}.")
        name = self._claim_route(route)
        given = self._prepared(name, handler, [], auth, transform)
        if given.get("auth") and route != "$connect":
            raise ConfigError(
                f"{where}: route {route!r} has auth, which a WebSocket API checks when a client connects.",
                hint='Give it to the route "$connect": it then holds for the whole connection.',
            )
        if isinstance(given.get("auth"), Mapping) and "jwt" in given["auth"]:
            raise ConfigError(f"{where}: auth.jwt is for HTTP APIs; a WebSocket API takes iam or lambda.")
        return ApiGatewayWebSocketRoute(
            name, api=self, route=route, trigger=f"websocket {self._name}", integration={}, **given
        )

    def add_authorizer(
        self,
        name: str,
        *,
        lambda_: Mapping[str, Any],
        transform: Mapping[str, Transform] | None = None,
    ) -> Authorizer:
        """A function that decides who may connect, by answering with an IAM policy.

        *lambda_* holds `function` and `identity_sources`; *transform* may hold `authorizer`.
        """
        where = f"{self._label}: authorizer {name!r}"
        given = parse_function_authorizer(where, lambda_, HEADER, ())
        extra = {"identity_sources": given["identity_sources"]}
        return self._add_authorizer(name, given["function"], extra, transform)

    def sst_link(self) -> Definition:
        """`url` and `managementEndpoint`; the receiver may send to connections (ApiGatewayWebSocket, Links)."""
        connections = pulumi.Output.concat(self._api.execution_arn, "/*/*/@connections/*")
        return Definition(
            {"url": self.url, "managementEndpoint": self.management_endpoint},
            [Permission(["execute-api:ManageConnections"], [connections])],
        )


class ApiGatewayWebSocketRoute(LambdaRoute):
    """A route of a WebSocket API. Made by `ApiGatewayWebSocket.route`."""

    token = "sst:aws:ApiGatewayWebSocketRoute"  # noqa: S105 a Pulumi type
