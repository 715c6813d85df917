"""Inputs of Pulumi become arguments of AWS by their names."""

from __future__ import annotations

from typing import Any

import pytest
from sst_dev.engine.embedded.aws import Aws
from sst_dev.engine.embedded.kinds.arguments import arguments

from tests.support.program import CloudUnderTest


@pytest.fixture(name="client")
def fixture_client(tmp_path: Any) -> Any:
    return Aws(CloudUnderTest("http://127.0.0.1:1", tmp_path).bootstrap).client("lambda")


def test_names_are_found_in_whatever_case(client: Any) -> None:
    """`kmsKeyArn` is `KMSKeyArn`, and nested names are found likewise."""
    inputs = {"kmsKeyArn": "k", "sourceAccessConfigurations": [{"type": "VPC_SUBNET", "uri": "u"}]}
    assert arguments(client, "CreateEventSourceMapping", inputs) == {
        "KMSKeyArn": "k",
        "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "u"}],
    }


def test_both_words_for_a_destination_are_known(client: Any) -> None:
    """`pulumi_aws` has `destination` for asynchronous calls and `destinationArn` for event sources."""
    for operation, key in (
        ("PutFunctionEventInvokeConfig", "destination"),
        ("CreateEventSourceMapping", "destinationArn"),
    ):
        wanted = arguments(client, operation, {"destinationConfig": {"onFailure": {key: "arn"}}})
        assert wanted == {"DestinationConfig": {"OnFailure": {"Destination": "arn"}}}


def test_what_the_operation_does_not_take_is_left_out(client: Any) -> None:
    """A null and an input of Pulumi's own are no arguments."""
    inputs = {"timeout": 3, "skipDestroy": True, "description": None}
    assert arguments(client, "UpdateFunctionConfiguration", inputs) == {"Timeout": 3}


def test_keys_of_maps_stay_as_they_are(client: Any) -> None:
    """Names of variables are the developer's."""
    wanted = arguments(client, "UpdateFunctionConfiguration", {"environment": {"variables": {"aB": "1", "AB": "2"}}})
    assert wanted == {"Environment": {"Variables": {"aB": "1", "AB": "2"}}}
