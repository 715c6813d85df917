"""Filters and patterns, checked before anything is made."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sst
from sst.infra.aws.patterns import DYNAMODB, EVENTBRIDGE, KINESIS, SNS, SQS, Dialect, check
from sst.infra.errors import ConfigError

from tests.support.program import declare

GOOD: list[tuple[Dialect, dict[str, Any]]] = [
    (SQS, {}),
    (SQS, {"body": ["plain text"]}),
    (SQS, {"body": {"a": [1, None, True, "x", {"exists": False}]}, "messageId": [{"prefix": "a"}]}),
    (SQS, {"messageAttributes": {"kind": {"stringValue": ["big"]}}}),
    (SQS, {"$or": [{"body": {"a": [1]}}, {"body": {"b": [{"numeric": [">", 0, "<=", 5]}]}}]}),
    (KINESIS, {"data": {"a": {"b": [{"anything-but": ["x", "y"]}]}}, "partitionKey": ["1"]}),
    (DYNAMODB, {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": [{"suffix": "x"}]}}}}),
    (EVENTBRIDGE, {"detail": {"ip": [{"cidr": "10.0.0.0/8"}], "n": [{"anything-but": {"prefix": ["a", "b"]}}]}}),
    (
        EVENTBRIDGE,
        {"detail": {"$or": [{"a": [{"wildcard": "a*b"}]}, {"b": [{"prefix": {"equals-ignore-case": "x"}}]}]}},
    ),
    (SNS, {"price": [{"numeric": ["=", 3.5]}], "kind": [{"equals-ignore-case": "big"}, {"anything-but": 3}]}),
]


@pytest.mark.parametrize(("dialect", "pattern"), GOOD, ids=str)
def test_what_aws_takes(dialect: Dialect, pattern: dict[str, Any]) -> None:
    """Every operator where the service has it, alternatives, and fields of any depth."""
    check("filter", pattern, dialect)


WRONG: list[tuple[Dialect, Any, str, str]] = [
    (SQS, {"bodyy": {"a": [1]}}, "filter.bodyy matches nothing: what comes from SQS has body,", "Did you mean 'body'?"),
    (SQS, {"body": {"a": [{"prefx": "x"}]}}, "filter.body.a[0]: SQS has no operator 'prefx'", "Did you mean 'prefix'?"),
    (SQS, {"body": {"a": 1}}, "filter.body.a must be a list of what the value may be, got 1", "Write [1]."),
    (SQS, {"body": {"a": []}}, "filter.body.a must not be empty", ""),
    (SQS, {"body": {}}, "filter.body must not be empty", ""),
    (SQS, {"body": {"a": [[1]]}}, "filter.body.a[0] must be a string, a number", ""),
    (SQS, {"body": {"a": [{"wildcard": "*"}]}}, "SQS has no operator 'wildcard'", ""),
    (SQS, {"body": {"a": [{"prefix": "a", "suffix": "b"}]}}, "filter.body.a[0] must hold one operator", ""),
    (SQS, {"$or": [{"body": ["a"]}]}, "filter.$or must be a list of at least two patterns", ""),
    (SQS, {"$or": [{"body": ["a"]}, {"boddy": ["a"]}]}, "filter.$or[1].boddy matches nothing", "'body'"),
    (KINESIS, {"data": {"a": "x"}}, "filter.data.a must be a list", "Write ['x']."),
    (KINESIS, {"kinesis": {"data": {"a": ["x"]}}}, "filter.kinesis matches nothing", ""),
    (DYNAMODB, {"event_name": ["INSERT"]}, "filter.event_name matches nothing", "Did you mean 'eventName'?"),
    (DYNAMODB, {"dynamodb": {"NewImages": {"a": {"S": ["x"]}}}}, "filter.dynamodb.NewImages matches", "'NewImage'"),
    (EVENTBRIDGE, {"detail": {"a": [{"exists": "yes"}]}}, "filter.detail.a[0].exists must be True or False", ""),
    (EVENTBRIDGE, {"detail": {"a": [{"cidr": "10.0"}]}}, "filter.detail.a[0].cidr must be a block of addresses", ""),
    (EVENTBRIDGE, {"detail": {"a": [{"wildcard": "a**"}]}}, 'wildcard must be a string without "**"', ""),
    (EVENTBRIDGE, {"detail": {"a": [{"anything-but": {"sufix": "x"}}]}}, "anything-but takes one of prefix", ""),
    (EVENTBRIDGE, {"detail": {"a": [{"anything-but": ["a", 1]}]}}, "anything-but must be strings or numbers", ""),
    (SNS, {"price": [{"numerc": [">", 1]}]}, "filter.price[0]: SNS has no operator 'numerc'", "'numeric'"),
    (SNS, {"price": [{"numeric": ["<", 5, ">", 1]}]}, "filter.price[0].numeric must be [operator, number]", ""),
    (SNS, {"price": [{"numeric": [">", "5"]}]}, "filter.price[0].numeric must be", ""),
]


@pytest.mark.parametrize(("dialect", "pattern", "message", "hint"), WRONG, ids=lambda value: str(value)[:40])
def test_what_aws_refuses_or_nothing_matches(dialect: Dialect, pattern: Any, message: str, hint: str) -> None:
    """The sentence has the place in the pattern, and the word that was meant."""
    with pytest.raises(ConfigError) as caught:
        check("filter", pattern, dialect)

    assert message in caught.value.message and hint in caught.value.hint


@pytest.mark.parametrize(
    ("run", "place"),
    [
        (lambda: sst.aws.Queue("A").subscribe("a.b", filters=[{"bodyy": ["a"]}]), "filters[0].bodyy"),
        (lambda: sst.aws.KinesisStream("A").subscribe("S", "a.b", filters=[{"data": {"a": "x"}}]), "filters[0].data.a"),
        (
            lambda: sst.aws.Dynamo(
                "A", fields={"id": "string"}, primary_index={"hash_key": "id"}, stream="keys-only"
            ).subscribe("S", "a.b", filters=[{"eventName": ["INSERT"]}, {"event_name": ["INSERT"]}]),
            "filters[1].event_name",
        ),
        (lambda: sst.aws.SnsTopic("A").subscribe("S", "a.b", filter={"a": [{"prefx": "b"}]}), "filter.a[0]"),
        (lambda: sst.aws.Bus("A").subscribe("S", "a.b", pattern={"detail": {"a": "x"}}), "pattern.detail.a"),
        (lambda: sst.aws.Bus("A").subscribe("S", "a.b", pattern={"detail_type": [["x"]]}), "pattern.detail_type[0]"),
    ],
)
def test_every_source_is_checked(run: Any, place: str) -> None:
    """Nothing is made of a subscriber whose filter is wrong."""
    with pytest.raises(ConfigError) as caught:
        declare(lambda: run() and None)

    assert f": {place}" in caught.value.message


def test_outputs_in_a_pattern() -> None:
    """A name that is known only once the resource is made."""

    def run() -> None:
        bucket = sst.aws.Bucket("Files")
        sst.aws.Bus("Bus").subscribe("A", "a.b", pattern={"detail": {"bucket": [bucket.arn]}})

    written = declare(run).inputs("BusSubscriberARule")["eventPattern"]

    assert json.loads(written) == {"detail": {"bucket": ["arn:FilesBucket"]}}


def test_a_pattern_has_a_length() -> None:
    """Lambda and EventBridge take 4,096 characters."""
    long = {"body": {"a": ["x" * 5000]}}

    with pytest.raises(ConfigError, match=r"filters\[0\] has 5\d\d\d characters; SQS takes at most 4096"):
        declare(lambda: sst.aws.Queue("A").subscribe("a.b", filters=[long]) and None)
