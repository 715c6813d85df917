"""What HTTP and WebSocket APIs share."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare

APIS = pytest.mark.parametrize("kind", [sst.aws.ApiGatewayV2, sst.aws.ApiGatewayWebSocket])


@APIS
def test_access_log(kind: Any) -> None:
    """Every API has one, kept for a month unless told otherwise; its lines are JSON."""
    declared = declare(lambda: kind("Api") and None)

    group = declared.inputs("ApiAccessLog")
    settings = declared.inputs("ApiStage")["accessLogSettings"]
    assert group["retentionInDays"] == 30
    assert group["name"].startswith("/aws/vendedlogs/apis/notes-dev-Api-")
    assert settings["destinationArn"] == "arn:ApiAccessLog"
    assert json.loads(settings["format"])["status"] == "$context.status"
    longer = declare(lambda: kind("Api", access_log={"retention": "1 year"}) and None)
    assert longer.inputs("ApiAccessLog")["retentionInDays"] == 365


@APIS
def test_transforms(kind: Any) -> None:
    """Of the API, its stage, its log, every route's handler and one route's own resources."""

    def run() -> None:
        transform = {
            "api": {"description": "mine"},
            "stage": {"stage_variables": {"a": "b"}},
            "access_log": {"retention_in_days": 1},
            "route": {"handler": {"memory": "2 GB"}},
        }
        api = kind("Api", transform=transform)
        api.route("$default", "a.b", transform={"integration": {"timeout_milliseconds": 5000}})

    declared = declare(run)

    assert declared.inputs("ApiApi")["description"] == "mine"
    assert declared.inputs("ApiStage")["stageVariables"] == {"a": "b"}
    assert declared.inputs("ApiAccessLog")["retentionInDays"] == 1
    assert declared.function("ApiRouteDefaultHandler")["memory"] == 2048
    assert declared.inputs("ApiRouteDefaultIntegration")["timeoutMilliseconds"] == 5000


@APIS
def test_function_authorizer(kind: Any) -> None:
    """API Gateway may call it, and looks for the caller where it is told to."""

    def run() -> None:
        api = kind("Api")
        change = {"authorizer": {"authorizer_credentials_arn": "arn:role"}}
        api.add_authorizer("A", lambda_={"function": "a.b"}, transform=change)
        api.add_authorizer("B", lambda_={"function": "a.b", "identity_sources": []})

    declared = declare(run)

    first = declared.inputs("ApiAuthorizerA")
    assert (first["authorizerType"], first["authorizerCredentialsArn"]) == ("REQUEST", "arn:role")
    assert first["identitySources"][0].endswith("request.header.Authorization")
    assert first["authorizerUri"].endswith("/functions/arn:ApiAuthorizerAFunctionFunction/invocations")
    assert declared.inputs("ApiAuthorizerAPermission")["principal"] == "apigateway.amazonaws.com"
    assert declared.inputs("ApiAuthorizerB")["identitySources"] == []


@APIS
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"access_log": {"retention": "9 days"}}, "access_log.retention must be one of"),
        ({"access_log": {"days": 9}}, "access_log has no field 'days'"),
        ({"transform": {"stages": {}}}, "transform has no field 'stages'"),
    ],
)
def test_wrong_arguments(kind: Any, arguments: dict[str, Any], message: str) -> None:
    """One sentence with what was expected."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: kind("Api", **arguments) and None)


@APIS
def test_wrong_authorizers(kind: Any) -> None:
    """A function is needed, and sources are a list."""
    with pytest.raises(ConfigError, match="lambda_ needs the field 'function'"):
        declare(lambda: kind("Api").add_authorizer("A", lambda_={}) and None)
    with pytest.raises(ConfigError, match="identity_sources must be a list of strings"):
        declare(lambda: kind("Api").add_authorizer("A", lambda_={"function": "a.b", "identity_sources": "x"}) and None)
