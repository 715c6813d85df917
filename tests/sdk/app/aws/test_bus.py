"""`sst.aws.Bus`."""

from __future__ import annotations

import json

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_patterns() -> None:
    """Fields in EventBridge's spelling; without a pattern everything of the account."""

    def run() -> None:
        bus = sst.aws.Bus("Orders")
        bus.subscribe("Mail", "a.b", pattern={"source": ["shop"], "detail_type": ["Ordered"], "detail": {"a": [1]}})
        bus.subscribe_queue("All", sst.aws.Queue("All"))

    declared = declare(run)

    assert json.loads(declared.inputs("OrdersSubscriberMailRule")["eventPattern"]) == {
        "source": ["shop"],
        "detail-type": ["Ordered"],
        "detail": {"a": [1]},
    }
    assert json.loads(declared.inputs("OrdersSubscriberAllRule")["eventPattern"]) == {"account": ["000000000000"]}
    assert declared.inputs("OrdersSubscriberAllTarget")["arn"] == "arn:AllQueue"


def test_links_and_existing_buses() -> None:
    """Name and ARN."""
    assert declare(lambda: sst.aws.Bus.get("Other", "other") and None).link("Other") == {
        "name": "other",
        "arn": "arn:other",
    }


def test_an_unknown_pattern_field() -> None:
    """A typing error does not silently match everything."""
    with pytest.raises(ConfigError, match="pattern has no field 'detailType'"):
        declare(lambda: sst.aws.Bus("Orders").subscribe("A", "a.b", pattern={"detailType": ["x"]}) and None)
