"""What HTTP and WebSocket APIs share: stage and access log, authorizers, and routes that lead somewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch

from ..component import Component, Transform, fields, one_of, strings, transformed
from ..errors import ConfigError
from ..naming import physical_name
from ..units import seconds
from .function_settings import RETENTION
from .subscriber import Subscriber, allow_invoke, child_name, target_of

STAGE = "$default"


@dataclass(frozen=True)
class Authorizer:
    """An authorizer of an API: what `auth=` of a route names by its `id`."""

    id: pulumi.Output[str]
    nodes: Mapping[str, Any]
    """The underlying resources: `authorizer`, and `function` if one decides."""


class ApiGateway(Component):
    """The base of `ApiGatewayV2` and `ApiGatewayWebSocket`."""

    transforms: ClassVar[tuple[str, ...]] = ("access_log", "api", "domain_name", "route", "stage")
    log_format: ClassVar[Mapping[str, str]]
    """Field of an access log's line → variable of API Gateway (developer guide, logging variables)."""

    def _make_api(self, args: Mapping[str, Any], *, access_log: Any, domain: Any) -> None:
        """Make the API, its log group and its stage. Raises `ConfigError`."""
        name = self._name
        if domain is not None:
            self._context.say_once(f"{self._label}: domain is not used here: the API has a local URL.")
        where = f"{self._label}: access_log"
        given = fields(where, access_log if access_log is not None else {}, ("retention",))
        days = RETENTION[one_of(f"{where}.retention", given.get("retention", "1 month"), tuple(RETENTION))]
        self._routes: dict[str, str] = {}
        api = {"name": physical_name(f"{name}Api", limit=128), **args}
        self._api = self._make(apigatewayv2.Api, f"{name}Api", api, transform="api")
        log = {"name": f"/aws/vendedlogs/apis/{physical_name(name, limit=128)}", "retention_in_days": days}
        self._log_group = self._make(cloudwatch.LogGroup, f"{name}AccessLog", log, transform="access_log")
        stage: dict[str, Any] = {
            "api_id": self._api.id,
            "name": STAGE,
            "auto_deploy": True,
            "access_log_settings": {"destination_arn": self._log_group.arn, "format": json.dumps(self.log_format)},
        }
        self._stage = self._make(apigatewayv2.Stage, f"{name}Stage", stage, transform="stage")

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `api`, `stage` and `log_group`."""
        return {"api": self._api, "stage": self._stage, "log_group": self._log_group}

    def _claim_route(self, key: str) -> str:
        """The component name of the route *key*, which the API must not have yet."""
        if key in self._routes:
            raise ConfigError(f"{self._label} has the route {key!r} twice.")
        name = child_name(self._name, "Route", key)
        while name in self._routes.values():
            name += "_"
        self._routes[key] = name
        return name

    def _prepared(
        self, name: str, handler: Subscriber | None, link: list[Any], auth: Any, transform: Any
    ) -> dict[str, Any]:
        """The arguments of the route *name*: the API's links and `transform.route` have seen them."""
        route: Any = self._transform.get("route") or {}
        chosen = fields(f"{self._label}: transform.route", route, ("handler", "args"))
        opts = pulumi.ResourceOptions(parent=self)
        if isinstance(handler, Mapping) or (isinstance(handler, str) and not handler.startswith("arn:")):
            given: dict[str, Any] = {"handler": handler} if isinstance(handler, str) else dict(handler)
            if link:
                given["link"] = [*link, *given.get("link", ())]
            handler = transformed(chosen.get("handler"), given, opts, name)
        args = transformed(chosen.get("args"), {"auth": auth, "transform": transform}, opts, name)
        return {**args, "handler": handler, "opts": opts}

    def _add_authorizer(self, name: str, function: Any, extra: Mapping[str, Any], transform: Any) -> Authorizer:
        """An authorizer of which *function* decides; *extra* is what the two kinds of API do not share."""
        full = child_name(self._name, "Authorizer", name)
        target = target_of(self, f"{full}Function", function, trigger=f"authorizer {name}")
        source = pulumi.Output.concat(self._api.execution_arn, "/authorizers/*")
        permission = allow_invoke(self, full, target, "apigateway.amazonaws.com", source)
        path = f"arn:aws:apigateway:{self._context.cloud.region}:lambda:path/2015-03-31/functions/"
        args = {
            "authorizer_type": "REQUEST",
            "authorizer_uri": pulumi.Output.concat(path, target.arn, "/invocations"),
            **extra,
        }
        made = self._make_authorizer(name, args, transform, permission)
        return Authorizer(made.id, {"authorizer": made, "function": target.function})

    def _make_authorizer(
        self, name: str, args: Mapping[str, Any], transform: Any, *ready: pulumi.Resource
    ) -> apigatewayv2.Authorizer:
        full = child_name(self._name, "Authorizer", name)
        chosen = fields(f"{self._label}: authorizer {name!r}: transform", transform or {}, ("authorizer",))
        opts = pulumi.ResourceOptions(parent=self, depends_on=list(ready))
        given = {"api_id": self._api.id, "name": name, **args}
        return apigatewayv2.Authorizer(full, **transformed(chosen.get("authorizer"), given, opts, full), opts=opts)


class Route(Component):
    """The base of every route: where it leads, and who may take it."""

    transforms: ClassVar[tuple[str, ...]] = ("integration", "route")

    def _make_route(
        self, api: ApiGateway, key: str, integration: Mapping[str, Any], auth: Any, *ready: pulumi.Resource
    ) -> None:
        name = self._name
        authorization = route_auth(self._label, auth)
        self._integration = self._make(
            apigatewayv2.Integration,
            f"{name}Integration",
            # Two routes may lead to one place: the description tells their integrations apart.
            {"api_id": api._api.id, "description": key, **integration},
            transform="integration",
            opts=pulumi.ResourceOptions(depends_on=list(ready)),
        )
        target = pulumi.Output.concat("integrations/", self._integration.id)
        args = {"api_id": api._api.id, "route_key": key, "target": target, **authorization}
        self._route = self._make(apigatewayv2.Route, f"{name}Route", args, transform="route")

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `integration` and `route`."""
        return {"integration": self._integration, "route": self._route}


class LambdaRoute(Route):
    """A route that calls a function. Made by `route` of the API."""

    def __init__(
        self,
        name: str,
        *,
        api: ApiGateway,
        route: str,
        handler: Subscriber,
        trigger: str,
        integration: Mapping[str, Any],
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._target = target_of(self, f"{name}Handler", handler, trigger=f"{trigger} {route}")
        source = pulumi.Output.concat(api._api.execution_arn, "/*")
        self._permission = allow_invoke(self, name, self._target, "apigateway.amazonaws.com", source)
        given = {"integration_type": "AWS_PROXY", "integration_uri": self._target.arn, **integration}
        self._make_route(api, route, given, auth, self._permission)

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function`, `permission`, `integration` and `route`."""
        return {"function": self._target.function, "permission": self._permission, **super().nodes}


def parse_function_authorizer(where: str, value: object, source: str, allowed: tuple[str, ...]) -> dict[str, Any]:
    """`lambda_=` of an authorizer; `ttl` becomes seconds, *source* is where it finds who calls unless told otherwise.

    Raises `ConfigError`.
    """
    given = fields(f"{where}: lambda_", value, ("function", "identity_sources", *allowed), required=("function",))
    sources = given.get("identity_sources")
    sources = [source] if sources is None else strings(f"{where}: identity_sources", sources)
    ttl = seconds(f"{where}: ttl", given.get("ttl", "0 seconds"), most=3600)
    return {**given, "identity_sources": sources, "ttl": ttl}


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
        return {"authorization_type": "CUSTOM", "authorizer_id": _id(f"{where}: auth.lambda", given["lambda"])}
    jwt = fields(f"{where}: auth.jwt", given["jwt"], ("authorizer", "scopes"), required=("authorizer",))
    return {
        "authorization_type": "JWT",
        "authorizer_id": _id(f"{where}: auth.jwt.authorizer", jwt["authorizer"]),
        "authorization_scopes": strings(f"{where}: auth.jwt.scopes", jwt["scopes"]) if jwt.get("scopes") else None,
    }


def _id(where: str, value: Any) -> Any:
    if not isinstance(value, (str, pulumi.Output)):
        raise ConfigError(
            f"{where} must be the id of an authorizer, got {value!r}.",
            hint="Write `.id` of what add_authorizer returned.",
        )
    return value
