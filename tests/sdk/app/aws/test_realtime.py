"""`sst.aws.Realtime`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def server() -> Any:
    realtime = sst.aws.Realtime("Server", authorizer="a.auth")
    realtime.subscribe("a.b", filter="notes/dev/chat/#")
    realtime.subscribe("a.c", filter="notes/dev/other")
    sst.aws.Function("Api", handler="a.b", link=[realtime])


def test_subscribers_and_link() -> None:
    """A rule for each filter; the receiver of the link may publish below app and stage."""
    declared = declare(server)
    rule = declared.inputs("ServerSubscriberRule")

    assert rule["sql"] == "SELECT * FROM 'notes/dev/chat/#'"
    assert re.fullmatch(r"[a-zA-Z0-9_]+", rule["name"])
    assert declared.inputs("ServerSubscriber2Rule")["lambdas"] == [{"functionArn": "arn:ServerSubscriber2Function"}]
    statement = json.loads(declared.inputs("ApiPolicy")["policy"])["Statement"][0]
    assert statement["Resource"] == ["arn:aws:iot:us-east-1:000000000000:topic/notes/dev/*"]
    assert declared.link("Server")["endpoint"].startswith("answer to aws:iot/getEndpoint")


def test_the_authorizer_is_made_on_aws_and_left_out_here() -> None:
    """MiniStack has no IoT authorizers: one line says so, and its function is there all the same."""
    local, aws = declare(server), declare(server, local=False)

    assert "ServerAuthorizer" not in local.types() and "no IoT authorizers" in local.notices[0]
    assert aws.inputs("ServerAuthorizer")["signingDisabled"] is True
    assert local.function("ServerAuthorizerHandler")["handler"] == "a.auth"


def test_nodes_and_transforms() -> None:
    """Rule, permission and function are handed out; a rule can be changed, and a filter has to be one."""
    nodes: list[dict[str, Any]] = []

    def run() -> None:
        realtime = sst.aws.Realtime("Server", authorizer={"handler": "a.auth", "timeout": "5 seconds"})
        change = {"topic_rule": {"description": "mine"}}
        nodes.append(realtime.subscribe("a.b", filter="notes/dev/#", transform=change).nodes)

    declared = declare(run)

    assert declared.inputs("ServerSubscriberRule")["description"] == "mine"
    assert nodes[0].keys() == {"function", "rule", "permission"}
    with pytest.raises(ConfigError, match="filter must be an MQTT topic filter"):
        declare(lambda: sst.aws.Realtime("S", authorizer="a.b").subscribe("a.b", filter="it's") and None)
