"""IoT rules, and the broker that MQTT clients reach."""

from __future__ import annotations

from typing import Any

import sst

from tests.support.mqtt import Device
from tests.support.program import CloudUnderTest

KEEP = sst.App(name="notes", home="local", removal="remove")


def test_realtime(cloud: CloudUnderTest) -> None:
    """A message on a matching topic reaches the subscriber."""

    def run() -> dict[str, Any]:
        server = sst.aws.Realtime("Server", authorizer="a.b")
        server.subscribe("a.b", filter="notes/realtime/chat/#")
        return {"endpoint": server.endpoint}

    manifest, _ = cloud.apply(run, stage="realtime", app=KEEP)
    data = cloud.client("iot-data")
    data.publish(topic="notes/realtime/other", payload=b'{"a": 1}')
    data.publish(topic="notes/realtime/chat/room1", payload=b'{"a": 2}')

    assert ".iot.us-east-1." in manifest["outputs"]["endpoint"]
    assert cloud.events("realtime", "ServerSubscriber") == [{"a": 2}]
    assert cloud.apply(run, stage="realtime", app=KEEP)[1] == []


def test_mqtt_clients(cloud: CloudUnderTest) -> None:
    """What a client publishes over WebSocket reaches the function and other clients; what code publishes, them too."""

    def run() -> dict[str, Any]:
        server = sst.aws.Realtime("Server", authorizer="a.b")
        server.subscribe("a.b", filter="notes/mqtt/up/#")
        return {"endpoint": server.endpoint, "authorizer": server.authorizer}

    outputs = cloud.apply(run, stage="mqtt", app=KEEP)[0]["outputs"]
    with Device(outputs["endpoint"], "notes/mqtt/#", authorizer=outputs["authorizer"], token="t") as device:
        device.publish("notes/mqtt/up/one", b'{"n": 1}')
        assert device.hear() == ("notes/mqtt/up/one", b'{"n": 1}')
        cloud.client("iot-data").publish(topic="notes/mqtt/down", payload=b"plain")
        assert device.hear() == ("notes/mqtt/down", b"plain")

    assert cloud.events("mqtt", "ServerSubscriber") == [{"n": 1}]
