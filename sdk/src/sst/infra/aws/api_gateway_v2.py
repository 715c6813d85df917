"""`sst.aws.ApiGatewayV2`: an HTTP API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi
from pulumi_aws import apigatewayv2

from ..component import Component, Transform, fields, one_of, transformed
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..units import seconds
from .subscriber import Subscriber, allow_invoke, child_name, target_of
from .url import parse_cors

METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CORS_METHODS = ("*", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")


@dataclass(frozen=True)
class Authorizer:
    """An authorizer of an API: what `auth=` of a route names by its `id`."""

    id: pulumi.Output[str]
    nodes: Mapping[str, Any]


class ApiGatewayV2(Component):
    """An HTTP API of API Gateway.

    ```python
    api = sst.aws.ApiGatewayV2("Api")
    api.route("GET /notes/{id}", "functions/get.handler")
    api.route("POST /notes", {"handler": "functions/create.handler", "timeout": "10 seconds"})
    users = api.add_authorizer(name="Users", jwt={"issuer": "https://issuer.example", "audiences": ["notes"]})
    api.route("DELETE /notes/{id}", "functions/delete.handler", auth={"jwt": {"authorizer": users.id}})
    api.route("$default", "functions/other.handler")
    ```

    *transform* may hold `route` with `handler` and `args`: what to change of every route's function and arguments.
    A receiver of the link reads `Resource.Api.url`.
    """

    token = "sst:aws:ApiGatewayV2"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("api", "stage", "route")

    def __init__(
        self,
        name: str,
        *,
        cors: bool | Mapping[str, Any] = True,
        domain: Any = None,
        link: Sequence[Any] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if domain is not None:
            self._context.say_once(f"{self._label}: domain is not used here: the API has a local URL.")
        self._link = list(link)
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Api", limit=128),
            "protocol_type": "HTTP",
            "cors_configuration": parse_cors(f"{self._label}: cors", cors, methods=CORS_METHODS),
        }
        self._api = self._make(apigatewayv2.Api, f"{name}Api", args, transform="api")
        stage: dict[str, Any] = {"api_id": self._api.id, "name": "$default", "auto_deploy": True}
        self._stage = self._make(apigatewayv2.Stage, f"{name}Stage", stage, transform="stage")
        self._routes: dict[str, str] = {}
        self.url: pulumi.Output[str] = self._stage.invoke_url

    def route(
        self,
        route: str,
        handler: Subscriber,
        *,
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
    ) -> ApiGatewayV2LambdaRoute:
        """Send requests for *route*, `METHOD /path` or `$default`, to a function.

        *auth* is `{"iam": True}`, `{"jwt": {"authorizer": id, "scopes": […]}}` or `{"lambda": id}`.
        """
        key = self._checked_route(route)
        name = child_name(self._name, "Route", key)
        while name in self._routes.values():
            name += "_"
        self._routes[key] = name
        opts = pulumi.ResourceOptions(parent=self)
        if isinstance(handler, Mapping) or (isinstance(handler, str) and not handler.startswith("arn:")):
            given: dict[str, Any] = {"handler": handler} if isinstance(handler, str) else dict(handler)
            given["link"] = [*self._link, *given.get("link", ())]
            handler = transformed(self._route_transform("handler"), given, opts, name)
        args = transformed(self._route_transform("args"), {"auth": auth, "transform": transform}, opts, name)
        return ApiGatewayV2LambdaRoute(
            name,
            api=self,
            route=key,
            handler=handler,
            opts=opts,
            **args,
        )

    def add_authorizer(
        self,
        *,
        name: str,
        jwt: Mapping[str, Any] | None = None,
        lambda_: Mapping[str, Any] | None = None,
    ) -> Authorizer:
        """An authorizer for routes of this API: of JSON Web Tokens, or a function.

        *jwt* holds `issuer`, `audiences` and `identity_source`; *lambda_* holds `function`, `identity_sources`,
        `payload` ("2.0"), `response` ("simple" or "iam") and `ttl`.
        """
        where = f"{self._label}: authorizer {name!r}"
        if (jwt is None) == (lambda_ is None):
            raise ConfigError(f"{where} needs exactly one of jwt and lambda_.")
        full = child_name(self._name, "Authorizer", name)
        if jwt is not None:
            made = self._make(apigatewayv2.Authorizer, full, {**self._jwt(where, jwt), "name": name})
            return Authorizer(made.id, {"authorizer": made})
        assert lambda_ is not None
        given = fields(
            where,
            lambda_,
            ("function", "identity_sources", "payload", "response", "ttl"),
            required=("function",),
        )
        target = target_of(self, f"{full}Function", given["function"], trigger=f"authorizer {name}")
        source = pulumi.Output.concat(self._api.execution_arn, "/authorizers/*")
        allow_invoke(self, full, target, "apigateway.amazonaws.com", source)
        simple = one_of(f"{where}: response", given.get("response", "simple"), ("simple", "iam")) == "simple"
        args: dict[str, Any] = {
            "api_id": self._api.id,
            "name": name,
            "authorizer_type": "REQUEST",
            "authorizer_uri": _invocation(target.arn, self._context.cloud.region),
            "authorizer_payload_format_version": one_of(
                f"{where}: payload", given.get("payload", "2.0"), ("1.0", "2.0")
            ),
            "authorizer_result_ttl_in_seconds": seconds(f"{where}: ttl", given.get("ttl", "0 seconds"), most=3600),
            "enable_simple_responses": simple,
            "identity_sources": list(given.get("identity_sources", ["$request.header.Authorization"])),
        }
        made = self._make(apigatewayv2.Authorizer, full, args)
        return Authorizer(made.id, {"authorizer": made, "function": target.function})

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `api` and `stage`."""
        return {"api": self._api, "stage": self._stage}

    def sst_link(self) -> Definition:
        """`url` (ApiGatewayV2, Links)."""
        return Definition({"url": self.url})

    # --- private ----------------------------------------------------------------------------------

    def _route_transform(self, part: str) -> Transform:
        """What `transform={"route": …}` does to the handler or to the other arguments of every route."""
        given: Any = self._transform.get("route") or {}
        chosen: Transform = fields(f"{self._label}: transform.route", given, ("handler", "args")).get(part)
        return chosen

    def _checked_route(self, route: object) -> str:
        key = " ".join(route.split()) if isinstance(route, str) else ""
        method, _, path = key.partition(" ")
        if key != "$default" and not (method.upper() in METHODS and re.fullmatch(r"/\S*", path)):
            raise ConfigError(
                f"{self._label}: a route is a method and a path, or $default, got {route!r}.",
                hint='For example "GET /notes/{id}" or "ANY /{proxy+}".',
            )
        key = key if key == "$default" else f"{method.upper()} {path}"
        if key in self._routes:
            raise ConfigError(f"{self._label} has the route {key!r} twice.")
        return key

    def _jwt(self, where: str, value: object) -> dict[str, Any]:
        given = fields(
            f"{where}: jwt", value, ("issuer", "audiences", "identity_source"), required=("issuer", "audiences")
        )
        return {
            "api_id": self._api.id,
            "authorizer_type": "JWT",
            "identity_sources": [given.get("identity_source", "$request.header.Authorization")],
            "jwt_configuration": {"issuer": given["issuer"], "audiences": list(given["audiences"])},
        }


class ApiGatewayV2LambdaRoute(Component):
    """A route of an HTTP API that calls a function. Made by `ApiGatewayV2.route`."""

    token = "sst:aws:ApiGatewayV2LambdaRoute"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("integration", "route")

    def __init__(
        self,
        name: str,
        *,
        api: ApiGatewayV2,
        route: str,
        handler: Subscriber,
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._target = target_of(self, f"{name}Handler", handler, trigger=f"api {api._name} {route}")
        source = pulumi.Output.concat(api._api.execution_arn, "/*")
        permission = allow_invoke(self, name, self._target, "apigateway.amazonaws.com", source)
        self._integration = self._make(
            apigatewayv2.Integration,
            f"{name}Integration",
            {
                "api_id": api._api.id,
                "integration_type": "AWS_PROXY",
                "integration_uri": self._target.arn,
                "payload_format_version": "2.0",
            },
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


def route_auth(where: str, auth: Any) -> dict[str, Any]:
    """`auth=` of a route as API Gateway takes it."""
    if auth is False or auth is None:
        return {"authorization_type": "NONE"}
    given = fields(f"{where}: auth", auth, ("iam", "jwt", "lambda"))
    if len(given) != 1:
        raise ConfigError(f"{where}: auth needs exactly one of iam, jwt and lambda.")
    if "iam" in given:
        return {"authorization_type": "AWS_IAM" if given["iam"] else "NONE"}
    if "lambda" in given:
        return {"authorization_type": "CUSTOM", "authorizer_id": given["lambda"]}
    jwt = fields(f"{where}: auth.jwt", given["jwt"], ("authorizer", "scopes"), required=("authorizer",))
    return {
        "authorization_type": "JWT",
        "authorizer_id": jwt["authorizer"],
        "authorization_scopes": list(jwt["scopes"]) if jwt.get("scopes") else None,
    }


def _invocation(arn: pulumi.Input[str], region: str) -> pulumi.Output[str]:
    """The URI by which API Gateway calls the function *arn*."""
    path = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/"
    return pulumi.Output.concat(path, arn, "/invocations")
