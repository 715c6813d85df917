"""The records of a table or data stream that reach a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import lambda_

from ..component import Component, Transform
from ..permission import Permission
from .patterns import Dialect
from .subscriber import Subscriber, filter_criteria, target_of


class StreamSubscriber(Component):
    """A table's or data stream's records that reach a function. Made by `subscribe` of the two."""

    token = "sst:aws:StreamLambdaSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("event_source_mapping",)
    made_by = "subscribe"

    def __init__(
        self,
        name: str,
        *,
        stream_arn: pulumi.Input[str],
        subscriber: Subscriber,
        filters: Sequence[Mapping[str, Any]],
        records: Dialect,
        read: list[str],
        trigger: str,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(f"{name}Mapping", opts, transform)
        criteria = filter_criteria(self._label, filters, records)
        self._target = target_of(self, name, subscriber, trigger=trigger, permissions=[Permission(read, [stream_arn])])
        self._mapping = self._make(
            lambda_.EventSourceMapping,
            f"{name}Mapping",
            {
                "event_source_arn": stream_arn,
                "function_name": self._target.arn,
                "starting_position": "LATEST",
                "filter_criteria": criteria,
            },
            transform="event_source_mapping",
            opts=pulumi.ResourceOptions(depends_on=list(self._target.ready)),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function` and `event_source_mapping`."""
        return {"function": self._target.function, "event_source_mapping": self._mapping}
