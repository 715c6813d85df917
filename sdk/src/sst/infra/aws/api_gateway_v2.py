"""`sst.aws.ApiGatewayV2`: an HTTP API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from ..component import Transform, fields, one_of, strings
from ..errors import ConfigError
from ..linkable import Definition, links
from .api_gateway import ApiGateway, Authorizer, LambdaRoute, Route, parse_function_authorizer
from .subscriber import Subscriber
from .url import parse_cors

METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CORS_METHODS = ("*", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
HEADER = "$request.header.Authorization"

_SEGMENT = re.compile(r"[^\s{}]*|\{[A-Za-z0-9._-]+\}")
_GREEDY = re.compile(r"\{[A-Za-z0-9._-]+\+\}")


class ApiGatewayV2(ApiGateway):
    """An HTTP API of API Gateway.

    ```python
    api = sst.aws.ApiGatewayV2("Api")
    api.route("GET /notes/{id}", "functions/get.handler")
    api.route("POST /notes", {"handler": "functions/create.handler", "timeout": "10 seconds"})
    users = api.add_authorizer(name="Users", jwt={"issuer": "https://issuer.example", "audiences": ["notes"]})
    api.route("DELETE /notes/{id}", "functions/delete.handler", auth={"jwt": {"authorizer": users.id}})
    api.route_url("ANY /docs/{proxy+}", "https://docs.example/{proxy}")
    api.route("$default", "functions/other.handler")
    ```

    *transform* may hold `route` with `handler` and `args`: what to change of every route's function and arguments.
    A receiver of the link reads `Resource.Api.url`.
    """

    token = "sst:aws:ApiGatewayV2"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = (*ApiGateway.transforms, "vpc_link")
    log_format: ClassVar[Mapping[str, str]] = {
        "time": "$context.requestTime",
        "request": "$context.requestId",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "route": "$context.routeKey",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "integrationStatus": "$context.integrationStatus",
        "integrationError": "$context.integrationErrorMessage",
        "ip": "$context.identity.sourceIp",
        "userAgent": "$context.identity.userAgent",
    }

    def __init__(
        self,
        name: str,
        *,
        access_log: Mapping[str, Any] | None = None,
        cors: bool | Mapping[str, Any] = True,
        domain: Any = None,
        link: Sequence[Any] = (),
        vpc: Any = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if vpc is not None:
            self._context.say_once(f"{self._label}: vpc is not used here: there is no network to reach into.")
        links(self._label, link)
        self._link = list(link)
        cors_configuration = parse_cors(f"{self._label}: cors", cors, methods=CORS_METHODS)
        args = {"protocol_type": "HTTP", "cors_configuration": cors_configuration}
        self._make_api(args, access_log=access_log, domain=domain)
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
        name = self._claim_route(key)
        given = self._prepared(name, handler, self._link, auth, transform)
        payload = {"payload_format_version": "2.0"}
        return ApiGatewayV2LambdaRoute(
            name, api=self, route=key, trigger=f"api {self._name}", integration=payload, **given
        )

    def route_url(
        self,
        route: str,
        url: pulumi.Input[str],
        *,
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
    ) -> ApiGatewayV2UrlRoute:
        """Send requests for *route* to another server, whatever their method.

        The request goes to *url* as it stands: `{name}` in it is the variable of that name in the route's path.
        """
        key = self._checked_route(route)
        name = self._claim_route(key)
        given = self._prepared(name, None, [], auth, transform)
        del given["handler"]
        return ApiGatewayV2UrlRoute(name, api=self, route=key, url=url, **given)

    def route_private(self, route: str, arn: pulumi.Input[str], **options: Any) -> None:
        """Send requests for *route* to a load balancer or a Cloud Map service of a VPC; needs `vpc` of the API."""
        self._claim_route(self._checked_route(route))
        if not self._context.local:
            raise ConfigError(f"{self._label}: route_private cannot be deployed by this version.")
        self._context.say_once(f"{self._label}: private routes lead into a VPC and were left out.")

    def add_authorizer(
        self,
        name: str,
        *,
        jwt: Mapping[str, Any] | None = None,
        lambda_: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> Authorizer:
        """An authorizer for routes of this API: of JSON Web Tokens, or a function.

        *jwt* holds `issuer`, `audiences` and `identity_source`; *lambda_* holds `function`, `identity_sources`,
        `payload` ("2.0"), `response` ("simple" or "iam") and `ttl`; *transform* may hold `authorizer`.
        """
        where = f"{self._label}: authorizer {name!r}"
        if (jwt is None) == (lambda_ is None):
            raise ConfigError(f"{where} needs exactly one of jwt and lambda_.")
        if jwt is not None:
            made = self._make_authorizer(name, _jwt(where, jwt), transform)
            return Authorizer(made.id, {"authorizer": made})
        given = parse_function_authorizer(where, lambda_, HEADER, ("payload", "response", "ttl"))
        payload = one_of(f"{where}: payload", given.get("payload", "2.0"), ("1.0", "2.0"))
        response = one_of(f"{where}: response", given.get("response", "simple"), ("simple", "iam"))
        extra = {
            "authorizer_payload_format_version": payload,
            "authorizer_result_ttl_in_seconds": given["ttl"],
            "enable_simple_responses": response == "simple",
            "identity_sources": given["identity_sources"],
        }
        return self._add_authorizer(name, given["function"], extra, transform)

    def sst_link(self) -> Definition:
        """`url` (ApiGatewayV2, Links)."""
        return Definition({"url": self.url})

    def _checked_route(self, route: object) -> str:
        key = " ".join(route.split()) if isinstance(route, str) else ""
        method, _, path = key.partition(" ")
        if key == "$default":
            return key
        *segments, last = path.split("/")[1:] or [""]
        plain = all(_SEGMENT.fullmatch(segment) for segment in segments)
        if not (
            method.upper() in METHODS
            and path.startswith("/")
            and plain
            and (_SEGMENT.fullmatch(last) or _GREEDY.fullmatch(last))
        ):
            raise ConfigError(
                f"{self._label}: a route is a method and a path, or $default, got {route!r}.",
                hint='For example "GET /notes/{id}" or "ANY /{proxy+}"; a variable is a whole segment, a greedy one '
                "the last.",
            )
        return f"{method.upper()} {path}"


class ApiGatewayV2LambdaRoute(LambdaRoute):
    """A route of an HTTP API that calls a function. Made by `ApiGatewayV2.route`."""

    token = "sst:aws:ApiGatewayV2LambdaRoute"  # noqa: S105 a Pulumi type


class ApiGatewayV2UrlRoute(Route):
    """A route of an HTTP API that leads to another server. Made by `ApiGatewayV2.route_url`."""

    token = "sst:aws:ApiGatewayV2UrlRoute"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        *,
        api: ApiGatewayV2,
        route: str,
        url: pulumi.Input[str],
        auth: Mapping[str, Any] | bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        if not isinstance(url, pulumi.Output) and not re.match(r"https?://[^/]", str(url)):
            raise ConfigError(f"{self._label}: url must begin with http:// or https://, got {url!r}.")
        integration = {
            "integration_type": "HTTP_PROXY",
            "integration_uri": url,
            "integration_method": "ANY",
            "payload_format_version": "1.0",
        }
        self._make_route(api, route, integration, auth)


def _jwt(where: str, value: object) -> dict[str, Any]:
    given = fields(f"{where}: jwt", value, ("issuer", "audiences", "identity_source"), required=("issuer", "audiences"))
    audiences = strings(f"{where}: jwt.audiences", given["audiences"])
    return {
        "authorizer_type": "JWT",
        "identity_sources": [given.get("identity_source", HEADER)],
        "jwt_configuration": {"issuer": given["issuer"], "audiences": audiences},
    }
