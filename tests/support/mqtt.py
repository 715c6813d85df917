"""An MQTT client that is not ours, over WebSocket: what a browser or a device is to AWS IoT."""

from __future__ import annotations

import queue
import threading
from typing import Any, Self

import paho.mqtt.client as mqtt

PATIENCE = 60
"""Seconds for the broker to answer: the machine may be busy."""


class Device:
    """Use as a context manager. *endpoint* is `Resource.<Realtime>.endpoint`, *topics* are filters to subscribe to."""

    def __init__(self, endpoint: str, *topics: str, authorizer: str = "", token: str = "") -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._subscribed = threading.Event()
        self._heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, transport="websockets")
        # AWS's hosts are names of the cloud: here the name goes into the header, and the connection to loopback.
        self._client.ws_set_options(path="/mqtt", headers={"Host": endpoint})
        if authorizer:
            self._client.username_pw_set(f"?x-amz-customauthorizer-name={authorizer}", token)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda client, data, message: self._heard.put((message.topic, message.payload))

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", int(self._endpoint.rpartition(":")[2]))
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE), "the broker did not take the subscription"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send, and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def hear(self) -> tuple[str, bytes]:
        """The next message: topic and payload."""
        return self._heard.get(timeout=PATIENCE)

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        else:
            self._subscribed.set()
