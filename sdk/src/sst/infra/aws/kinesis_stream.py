"""`sst.aws.KinesisStream`: a data stream and the functions that follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import kinesis

from ..calls import OnBoth
from ..component import Component, Transform
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .patterns import KINESIS
from .stream_subscriber import StreamSubscriber
from .subscriber import Subscriber, child_name

READ_STREAM = [
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "kinesis:ListStreams",
    "kinesis:SubscribeToShard",
]
"""What a function needs to follow a data stream (Lambda developer guide, Kinesis)."""


class KinesisStream(Component):
    """A Kinesis data stream, on demand.

    ```python
    clicks = sst.aws.KinesisStream("Clicks")
    clicks.subscribe("Count", "functions/count.handler", filters=[{"data": {"type": ["click"]}}])
    ```

    A receiver of the link reads `Resource.Clicks.name` and may do `kinesis:*` on the stream.
    """

    token = "sst:aws:KinesisStream"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("stream",)

    def __init__(
        self,
        name: str,
        *,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Stream", limit=128),
            "stream_mode_details": {"stream_mode": "ON_DEMAND"},
        }
        self._stream = self._make(kinesis.Stream, f"{name}Stream", args, transform="stream")
        self._read()

    @classmethod
    def get(cls, name: str, stream: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> KinesisStream:
        """A stream that exists already, by its name or ARN. Nothing is created."""
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        physical = pulumi.Output.from_input(stream).apply(lambda given: given.rpartition("/")[2])
        self._stream = kinesis.Stream.get(f"{name}Stream", physical, opts=pulumi.ResourceOptions(parent=self))
        self._read()
        return self

    def _subscribe(
        self,
        name: str,
        subscriber: Subscriber,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
    ) -> StreamSubscriber:
        """Call a function with the records of this stream; *filters* are patterns of which one must match."""
        return StreamSubscriber(
            child_name(self._name, "Subscriber", name),
            stream_arn=self.arn,
            subscriber=subscriber,
            filters=filters,
            records=KINESIS,
            read=READ_STREAM,
            trigger=f"stream {self._name}",
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @staticmethod
    def _subscribe_static(
        name: str,
        stream_arn: pulumi.Input[str],
        subscriber: Subscriber,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> StreamSubscriber:
        """Call a function with the records of a stream that is not of this app, by its ARN."""
        return StreamSubscriber(
            name,
            stream_arn=stream_arn,
            subscriber=subscriber,
            filters=filters,
            records=KINESIS,
            read=READ_STREAM,
            trigger="stream",
            transform=transform,
            opts=opts,
        )

    subscribe = OnBoth(_subscribe, _subscribe_static)
    """`stream.subscribe(name, subscriber, …)`; `KinesisStream.subscribe(name, stream_arn, …)` of another app."""

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `stream`."""
        return {"stream": self._stream}

    def sst_link(self) -> Definition:
        """`name`; the receiver may do everything with the stream (KinesisStream, Links)."""
        return Definition({"name": self.name}, [Permission(["kinesis:*"], [self.arn])])

    def _read(self) -> None:
        self.arn: pulumi.Output[str] = self._stream.arn
        self.name: pulumi.Output[str] = self._stream.name
