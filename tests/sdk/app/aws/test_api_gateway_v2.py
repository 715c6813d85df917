"""`sst.aws.ApiGatewayV2`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_a_route_calls_a_function() -> None:
    """Integration with payload 2.0, the route, and the permission for this API; open CORS by default."""

    def run() -> None:
        sst.aws.ApiGatewayV2("Api").route("get  /notes/{id}", "a.b")

    declared = declare(run)

    assert declared.inputs("ApiApi")["corsConfiguration"]["allowMethods"] == ["*"]
    integration = declared.inputs("ApiRouteGETNotesIdIntegration")
    assert (integration["payloadFormatVersion"], integration["integrationType"]) == ("2.0", "AWS_PROXY")
    assert declared.inputs("ApiRouteGETNotesIdRoute") == {
        "apiId": "id-ApiApi",
        "routeKey": "GET /notes/{id}",
        "target": "integrations/id-ApiRouteGETNotesIdIntegration",
        "authorizationType": "NONE",
    }
    assert declared.function("ApiRouteGETNotesIdHandler")["triggers"] == ["api Api GET /notes/{id}"]


def test_routes_that_would_share_a_name_do_not() -> None:
    """`/a-b` and `/a/b` are two functions."""

    def run() -> None:
        api = sst.aws.ApiGatewayV2("Api")
        api.route("GET /a-b", "a.b")
        api.route("GET /a/b", "a.b")

    assert len(declare(run).manifest["functions"]) == 2


def test_links_of_the_api_reach_every_route() -> None:
    """`link` of the API is added to that of its handlers."""

    def run() -> None:
        api = sst.aws.ApiGatewayV2("Api", link=[sst.aws.Bucket("Files")])
        api.route("GET /", "a.b")
        api.route("POST /", {"handler": "a.b", "link": [sst.aws.Bucket("More")]})

    declared = declare(run)

    assert [f["links"] for f in declared.manifest["functions"]] == [["Files"], ["Files", "More"]]


def test_a_transform_of_all_routes() -> None:
    """`transform.route` sets defaults of every handler and the authorization of every route."""

    def run() -> None:
        defaults = {
            "handler": lambda args, opts, name: args.setdefault("memory", "2 GB"),
            "args": {"auth": {"iam": True}},
        }
        api = sst.aws.ApiGatewayV2("Api", transform={"route": defaults})
        api.route("GET /a", "a.b")
        api.route("GET /b", {"handler": "a.b", "memory": "1 GB"})

    declared = declare(run)

    assert [f["memory"] for f in declared.manifest["functions"]] == [2048, 1024]
    assert declared.inputs("ApiRouteGETARoute")["authorizationType"] == "AWS_IAM"


def test_authorization() -> None:
    """IAM, a JSON Web Token with scopes, and a function."""

    def run() -> None:
        api = sst.aws.ApiGatewayV2("Api")
        users = api.add_authorizer(name="Users", jwt={"issuer": "https://i", "audiences": ["a"]})
        check = api.add_authorizer(name="Check", lambda_={"function": "a.b", "ttl": "5 minutes", "response": "iam"})
        api.route("GET /iam", "a.b", auth={"iam": True})
        api.route("GET /jwt", "a.b", auth={"jwt": {"authorizer": users.id, "scopes": ["s"]}})
        api.route("GET /own", "a.b", auth={"lambda": check.id})

    declared = declare(run)

    assert declared.inputs("ApiAuthorizerUsers")["jwtConfiguration"] == {"issuer": "https://i", "audiences": ["a"]}
    check = declared.inputs("ApiAuthorizerCheck")
    assert (check["authorizerResultTtlInSeconds"], check["enableSimpleResponses"]) == (300, False)
    kinds = [declared.inputs(f"ApiRouteGET{n}Route") for n in ("Iam", "Jwt", "Own")]
    assert [k["authorizationType"] for k in kinds] == ["AWS_IAM", "JWT", "CUSTOM"]
    assert kinds[1]["authorizationScopes"] == ["s"]


def test_a_route_to_another_server() -> None:
    """The address goes to API Gateway as it stands, for every method."""

    def run() -> None:
        sst.aws.ApiGatewayV2("Api").route_url("ANY /docs/{proxy+}", "https://docs.example/v2/{proxy}")

    made = declare(run).inputs("ApiRouteANYDocsProxyIntegration")

    assert (made["integrationType"], made["integrationMethod"]) == ("HTTP_PROXY", "ANY")
    assert made["integrationUri"] == "https://docs.example/v2/{proxy}"


def test_what_needs_a_network_is_said_once() -> None:
    """A VPC, private routes and a domain do not stop the app."""

    def run() -> None:
        api = sst.aws.ApiGatewayV2("Api", vpc=object(), domain="api.example")
        api.route_private("GET /a", "arn:aws:servicediscovery:us-east-1:123456789012:service/a")
        api.route_private("GET /b", "arn:aws:servicediscovery:us-east-1:123456789012:service/b")

    declared = declare(run)

    assert [notice.split(": ")[1].split()[0] for notice in declared.notices] == ["vpc", "domain", "private"]
    assert not [kind for kind in declared.types().values() if "route" in kind]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda api: api.route("/notes", "a.b"), "a route is a method and a path"),
        (lambda api: api.route("FETCH /notes", "a.b"), "a route is a method and a path"),
        (lambda api: api.route("GET notes", "a.b"), "a route is a method and a path"),
        (lambda api: api.route("GET /{proxy+}/notes", "a.b"), "a route is a method and a path"),
        (lambda api: api.route("GET /notes-{id}", "a.b"), "a route is a method and a path"),
        (lambda api: api.route_url("GET /", "docs.example"), "url must begin with http:// or https://"),
        (lambda api: [api.route("GET /", "a.b"), api.route("get /", "a.b")], "has the route 'GET /' twice"),
        (lambda api: api.route("GET /", "a.b", auth={"jwt": {}}), "auth.jwt needs the field 'authorizer'"),
        (lambda api: api.route("GET /", "a.b", auth={"iam": True, "lambda": "x"}), "exactly one of iam, jwt"),
        (lambda api: api.route("GET /", "a.b", auth={"lambda": api}), "auth.lambda must be the id of an authorizer"),
        (lambda api: api.add_authorizer("A", jwt={"issuer": "x", "audiences": "y"}), "audiences must be a list of str"),
        (
            lambda api: api.route("GET /", "a.b", auth={"jwt": {"authorizer": "x", "scopes": "y"}}),
            "auth.jwt.scopes must be a list of strings",
        ),
        (lambda api: sst.aws.ApiGatewayV2("B", link=api), 'ApiGatewayV2 "B": link must be a list of components'),
        (lambda api: api.add_authorizer("A"), "needs exactly one of jwt and lambda_"),
        (lambda api: api.add_authorizer(name="A", jwt={"issuer": "x"}), "jwt needs the field 'audiences'"),
    ],
)
def test_wrong_arguments(use: Callable[[Any], Any], message: str) -> None:
    """One sentence with what was expected."""
    with pytest.raises(ConfigError, match=message):
        declare(lambda: use(sst.aws.ApiGatewayV2("Api")) and None)
