"""Links: any value, any resource, and the permissions that go with them."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def statements(declared: Any, function: str = "Api") -> list[dict[str, Any]]:
    """The role's own statements, without those of the bridge."""
    all_ = json.loads(declared.inputs(f"{function}Policy")["policy"])["Statement"]
    return [s for s in all_ if "appsync" not in json.dumps(s)]


def test_any_value_can_be_linked() -> None:
    """Properties, also those that are outputs, reach the manifest; permissions reach the role."""

    def run() -> None:
        bucket = sst.aws.Bucket("A")
        storage = sst.Linkable(
            "Storage",
            properties={"foo": "bar", "bucket": bucket.name},
            include=[sst.aws.permission(actions=["s3:Get*"], resources=[bucket.arn])],
        )
        sst.aws.Function("Api", handler="api.handler", link=[storage])

    declared = declare(run)

    assert declared.link("Storage") == {"foo": "bar", "bucket": declared.inputs("ABucket")["bucket"]}
    assert declared.function("Api")["links"] == ["Storage"]
    assert statements(declared) == [{"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["arn:ABucket"]}]


def test_any_resource_can_be_wrapped() -> None:
    """`Linkable.wrap` makes a Pulumi class linkable; its type is the resource's own."""
    from pulumi_aws import sqs

    def run() -> None:
        sst.Linkable.wrap(sqs.Queue, lambda queue: {"properties": {"arn": queue.arn}})
        queue = sqs.Queue("Raw")
        sst.aws.Function("Api", handler="api.handler", link=[queue])

    declared = declare(run)

    assert declared.link("Raw") == {"arn": "arn:Raw"}
    assert next(x for x in declared.manifest["links"] if x["name"] == "Raw")["type"] == "aws.sqs/queue.Queue"


def test_a_built_in_link_can_be_changed() -> None:
    """Wrapping an SST component overrides its own link (Linkable, Modify built-in links)."""

    def run() -> None:
        sst.Linkable.wrap(
            sst.aws.Bucket,
            lambda bucket: {
                "properties": {"only": "this"},
                "include": [sst.aws.permission(actions=["s3:GetObject"], resources=[bucket.arn])],
            },
        )
        sst.aws.Function("Api", handler="api.handler", link=[sst.aws.Bucket("A")])

    declared = declare(run)

    assert declared.link("A") == {"only": "this"}
    assert [s["Action"] for s in statements(declared)] == [["s3:GetObject"]]


def test_every_linkable_resource_is_in_the_manifest() -> None:
    """`Resource` is typed for what no function has linked yet, too."""
    links = declare(lambda: sst.aws.Bucket("Alone") and None).manifest["links"]

    assert [(link["name"], link["type"]) for link in links] == [("Alone", "sst.aws.Bucket")]


def test_secret_properties_are_marked() -> None:
    """A Pulumi secret stays marked, so that nobody prints it."""
    links = declare(
        lambda: sst.Linkable("Keys", properties={"a": pulumi.Output.secret("x"), "b": "y"}) and None
    ).manifest["links"]

    assert links == [
        {"name": "Keys", "type": "sst.sst.Linkable", "properties": {"a": "x", "b": "y"}, "secret_properties": ["a"]}
    ]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("Notes", "link must be a list of components, got 'Notes'"),
        ([3], r"link\[0\] is 3, which is not linkable"),
    ],
)
def test_what_cannot_be_linked(link: Any, message: str) -> None:
    """The message names the receiver, the place in the list and what was found."""
    with pytest.raises(ConfigError, match=f'Function "Api": {message}'):
        declare(lambda: sst.aws.Function("Api", handler="api.handler", link=link) and None)


def test_wrap_takes_a_class() -> None:
    """Anything else is refused before it is met."""
    with pytest.raises(ConfigError, match="takes a Pulumi resource class"):
        declare(lambda: sst.Linkable.wrap("Bucket", lambda x: {}))  # type: ignore[type-var, arg-type]
