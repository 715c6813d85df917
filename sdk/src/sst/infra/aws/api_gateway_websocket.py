"""`sst.aws.ApiGatewayWebSocket`: a WebSocket API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import apigatewayv2

from ..component import Component, Transform
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .api_gateway_v2 import route_auth
from .subscriber import Subscriber, allow_invoke, child_name, target_of

STAGE = "$default"


class ApiGatewayWebSocket(Component):
    """A WebSocket API of API Gateway.

    ```python
    chat = sst.aws.ApiGatewayWebSocket("Chat")
    chat.route("$connect", "functions/chat.connect")
    chat.route("send", {"handler": "functions/chat.send", "link": [chat]})
    ```

    A receiver of the link reads `Resource.Chat.url` and `.managementEndpoint`, and may send to its connections.
    """

    token = "sst:aws:ApiGatewayWebSocket"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("api", "stage")

    def __init__(
        self,
        name: str,
        *,
        domain: Any = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if domain is not None:
            self._context.say_once(f"{self._label}: domain is not used here: the API has a local URL.")
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Api", limit=128),
            "protocol_type": "WEBSOCKET",
            "route_selection_expression": "$request.body.action",
        }
        self._api = self._make(apigatewayv2.Api, f"{name}Api", args, transform="api")
        stage: dict[str, Any] = {"api_id": self._api.id, "name": STAGE, "auto_deploy": True}
        self._stage = self._make(apigatewayv2.Stage, f"{name}Stage", stage, transform="stage")
        self._routes: set[str] = set()
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
        """Send messages whose `action` is *route*, or `$connect`, `$disconnect` and `$default`, to a function."""
        if not isinstance(route, str) or not route or " " in route:
            raise ConfigError(f"{self._label}: a route is $connect, $disconnect, $default or an action, got {route!r}.")
        if route in self._routes:
            raise ConfigError(f"{self._label} has the route {route!r} twice.")
        self._routes.add(route)
        return ApiGatewayWebSocketRoute(
            child_name(self._name, "Route", route),
            api=self,
            route=route,
            handler=handler,
            auth=auth,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `api` and `stage`."""
        return {"api": self._api, "stage": self._stage}

    def sst_link(self) -> Definition:
        """`url` and `managementEndpoint`; the receiver may send to connections (ApiGatewayWebSocket, Links)."""
        connections = pulumi.Output.concat(self._api.execution_arn, "/*/*/@connections/*")
        return Definition(
            {"url": self.url, "managementEndpoint": self.management_endpoint},
            [Permission(["execute-api:ManageConnections"], [connections])],
        )


class ApiGatewayWebSocketRoute(Component):
    """A route of a WebSocket API. Made by `ApiGatewayWebSocket.route`."""

    token = "sst:aws:ApiGatewayWebSocketRoute"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("integration", "route")

    def __init__(
        self,
        name: str,
        *,
        api: ApiGatewayWebSocket,
        route: str,
        handler: Subscriber,
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._target = target_of(self, f"{name}Handler", handler, trigger=f"websocket {api._name} {route}")
        source = pulumi.Output.concat(api._api.execution_arn, "/*")
        permission = allow_invoke(self, name, self._target, "apigateway.amazonaws.com", source)
        self._integration = self._make(
            apigatewayv2.Integration,
            f"{name}Integration",
            {"api_id": api._api.id, "integration_type": "AWS_PROXY", "integration_uri": self._target.arn},
            transform="integration",
            opts=pulumi.ResourceOptions(depends_on=[permission]),
        )
        self._route = self._make(
            apigatewayv2.Route,
            f"{name}Route",
            {
                "api_id": api._api.id,
                "route_key": route,
                "target": pulumi.Output.concat("integrations/", self._integration.id),
                **route_auth(self._label, auth),
            },
            transform="route",
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function`, `integration` and `route`."""
        return {"function": self._target.function, "integration": self._integration, "route": self._route}
