"""API Gateway v2: HTTP and WebSocket APIs. Ids are AWS's own, so an interrupted creation is found by what it says."""

from __future__ import annotations

import re
from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made

_FIELDS = {
    "name": "Name", "protocolType": "ProtocolType", "description": "Description",
    "corsConfiguration": "CorsConfiguration",
    "routeSelectionExpression": "RouteSelectionExpression", "routeKey": "RouteKey", "target": "Target",
    "authorizationType": "AuthorizationType", "authorizerId": "AuthorizerId",
    "authorizationScopes": "AuthorizationScopes",
    "integrationType": "IntegrationType", "integrationUri": "IntegrationUri", "integrationMethod": "IntegrationMethod",
    "payloadFormatVersion": "PayloadFormatVersion", "autoDeploy": "AutoDeploy", "authorizerType": "AuthorizerType",
    "authorizerUri": "AuthorizerUri", "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds": "AuthorizerResultTtlInSeconds", "enableSimpleResponses": "EnableSimpleResponses",
    "identitySources": "IdentitySource", "jwtConfiguration": "JwtConfiguration",
    "authorizerCredentialsArn": "AuthorizerCredentialsArn", "credentialsArn": "CredentialsArn",
    "requestParameters": "RequestParameters", "timeoutMilliseconds": "TimeoutInMillis",
    "operationName": "OperationName", "apiKeyRequired": "ApiKeyRequired", "version": "Version",
    "disableExecuteApiEndpoint": "DisableExecuteApiEndpoint", "stageVariables": "StageVariables",
    "accessLogSettings": "AccessLogSettings", "defaultRouteSettings": "DefaultRouteSettings",
}  # fmt: skip


def _args(inputs: Inputs, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """*inputs* as API Gateway spells them."""
    out = {name: inputs[key] for key, name in _FIELDS.items() if key in inputs and key not in without}
    for name in ("CorsConfiguration", "JwtConfiguration", "AccessLogSettings", "DefaultRouteSettings"):
        if name in out:
            out[name] = {_upper(key): value for key, value in out[name].items()}
    return out


def _upper(key: str) -> str:
    # `audiences` is Pulumi's plural of the one field of the API.
    return "Audience" if key == "audiences" else key[0].upper() + key[1:]


class Api(Kind):
    replace = frozenset({"protocolType"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        answer = aws.client("apigatewayv2").create_api(**_args(inputs), Tags=inputs.get("tags", {}))
        return self._made(aws, answer)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        client = aws.client("apigatewayv2")
        if "corsConfiguration" in old and "corsConfiguration" not in new:
            client.delete_cors_configuration(ApiId=id)
        return self._made(aws, client.update_api(ApiId=id, **_args(new, without=("protocolType",)))).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("apigatewayv2").delete_api(ApiId=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        items = aws.client("apigatewayv2").get_apis(MaxResults="500")["Items"]
        found = next(
            (a for a in items if (a["Name"], a["ProtocolType"]) == (inputs["name"], inputs["protocolType"])), None
        )
        return Made(found["ApiId"], self.update(aws, found["ApiId"], {}, inputs)) if found else None

    def _made(self, aws: Aws, answer: dict[str, Any]) -> Made:
        api_id = answer["ApiId"]
        endpoint = answer["ApiEndpoint"]
        if aws.endpoint is not None:
            # The path form of the same API: not every client resolves `*.localhost`.
            socket = answer["ProtocolType"] == "WEBSOCKET"
            base = aws.endpoint.replace("http", "ws", 1) if socket else aws.endpoint
            endpoint = f"{base}/_aws/execute-api/{api_id}"
        return Made(
            api_id,
            {
                "apiEndpoint": endpoint,
                "arn": f"arn:aws:apigateway:{aws.region}::/apis/{api_id}",
                "executionArn": aws.arn("execute-api", api_id),
            },
        )


class _Part(Kind):
    """Something that belongs to an API and has an id of its own."""

    replace = frozenset({"apiId"})
    noun = ""
    same: tuple[str, ...] = ()
    """Fields that tell one part of an API from another."""

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        args = self._arguments(aws, inputs)
        answer = getattr(aws.client("apigatewayv2"), f"create_{self.noun}")(ApiId=inputs["apiId"], **args)
        return Made(answer[self._id], {})

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        call = getattr(aws.client("apigatewayv2"), f"update_{self.noun}")
        call(**{"ApiId": new["apiId"], self._id: id, **self._arguments(aws, new)})
        return {}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        getattr(aws.client("apigatewayv2"), f"delete_{self.noun}")(**{"ApiId": inputs["apiId"], self._id: id})

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        items = getattr(aws.client("apigatewayv2"), f"get_{self.noun}s")(ApiId=inputs["apiId"], MaxResults="500")[
            "Items"
        ]
        args = self._arguments(aws, inputs)
        found = next((i for i in items if all(i.get(name) == args.get(name) for name in self.same)), None)
        if found is None:
            return None
        self.update(aws, found[self._id], {}, inputs)
        return Made(found[self._id], {})

    def _arguments(self, aws: Aws, inputs: Inputs) -> dict[str, Any]:
        return _args(inputs)

    @property
    def _id(self) -> str:
        return f"{self.noun.capitalize()}Id"


class Integration(_Part):
    noun = "integration"
    same = ("IntegrationType", "IntegrationUri", "Description")

    def _arguments(self, aws: Aws, inputs: Inputs) -> dict[str, Any]:
        args = _args(inputs)
        if aws.endpoint is None or args["IntegrationType"] != "HTTP_PROXY":
            return args
        # MiniStack appends the request's path to the address; AWS calls the address, with the variables of the
        # route in it, as it stands.
        scheme, _, rest = args["IntegrationUri"].partition("://")
        host, _, path = rest.partition("/")
        mapped = "/" + re.sub(r"\{([\w.-]+)\+?\}", r"${request.path.\1}", path)
        given = args.get("RequestParameters", {})
        return {
            **args,
            "IntegrationUri": f"{scheme}://{host}",
            "RequestParameters": {"overwrite:path": mapped, **given},
        }


class Route(_Part):
    noun = "route"
    same = ("RouteKey",)


class Authorizer(_Part):
    noun = "authorizer"
    same = ("Name",)


class Stage(Kind):
    replace = frozenset({"apiId", "name"})
    identity = frozenset({"apiId", "name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        call = aws.client("apigatewayv2").create_stage
        call(ApiId=inputs["apiId"], StageName=inputs["name"], **_args(inputs, without=("name",)))
        return self._made(aws, inputs)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        call = aws.client("apigatewayv2").update_stage
        call(ApiId=new["apiId"], StageName=id, **{"AutoDeploy": False, **_args(new, without=("name",))})
        return self._made(aws, new).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        aws.client("apigatewayv2").delete_stage(ApiId=inputs["apiId"], StageName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        aws.client("apigatewayv2").get_stage(ApiId=inputs["apiId"], StageName=inputs["name"])
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs))

    def _made(self, aws: Aws, inputs: Inputs) -> Made:
        api_id, name = inputs["apiId"], inputs["name"]
        host = f"{api_id}.execute-api.{aws.region}.amazonaws.com"
        path = "" if name == "$default" else name
        url = f"https://{host}/{path}"
        if aws.endpoint is not None:
            url = f"{aws.endpoint}/_aws/execute-api/{api_id}/{name}"
        return Made(name, {"invokeUrl": url, "executionArn": aws.arn("execute-api", f"{api_id}/{name}")})


KINDS: dict[str, Kind] = {
    "Api": Api(),
    "Integration": Integration(),
    "Route": Route(),
    "Authorizer": Authorizer(),
    "Stage": Stage(),
}
