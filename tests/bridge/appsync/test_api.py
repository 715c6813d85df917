"""`sst_bridge.appsync.api`: where an Event API is."""

from __future__ import annotations

import pytest
from sst_bridge.appsync.api import EventApi

AWS = EventApi(
    "abc.appsync-api.eu-west-1.amazonaws.com", "abc.appsync-realtime-api.eu-west-1.amazonaws.com", "eu-west-1"
)


def test_aws_is_reached_with_tls() -> None:
    """On AWS the socket goes to the realtime host, an HTTP publish to the other."""
    assert not AWS.local
    assert AWS.realtime_url == "wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/event/realtime"
    assert AWS.publish_url == "https://abc.appsync-api.eu-west-1.amazonaws.com/event"


@pytest.mark.parametrize("host", ["x.appsync.localhost:4566", "localhost:4566", "127.0.0.1:4566", "x.localhost"])
def test_a_local_cloud_is_reached_without(host: str) -> None:
    """Loopback needs no TLS, also by name."""
    api = EventApi(host, host, "us-east-1")

    assert api.local
    assert api.realtime_url == f"ws://{host}/event/realtime"
    assert api.publish_url == f"http://{host}/event"


@pytest.mark.parametrize("host", ["localhost.example.com", "notlocalhost", "127.0.0.1.example.com:443"])
def test_names_that_only_look_local_are_not(host: str) -> None:
    """Nothing leaves in clear text because of a lookalike."""
    assert not EventApi(host, host, "us-east-1").local
