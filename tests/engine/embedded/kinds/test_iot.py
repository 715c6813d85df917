"""IoT rules."""

from __future__ import annotations

from typing import Any

import sst

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
