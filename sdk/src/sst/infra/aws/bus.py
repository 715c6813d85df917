"""`sst.aws.Bus`: an EventBridge bus and what its events reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import cloudwatch

from ..component import Component, Transform, fields
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .patterns import EVENTBRIDGE, check, text
from .queue import Queue
from .senders import allow_send
from .subscriber import Subscriber, allow_invoke, check_existing_queue, child_name, target_of


class Bus(Component):
    """An EventBridge bus.

    ```python
    bus = sst.aws.Bus("Orders")
    bus.subscribe("Mail", "functions/mail.handler", pattern={"source": ["shop"], "detail_type": ["Ordered"]})
    bus.subscribe_queue("Archive", queue)
    ```

    A receiver of the link reads `Resource.Orders.name` and `.arn`, and may do `events:*` on the bus.
    """

    token = "sst:aws:Bus"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("bus",)

    def __init__(
        self,
        name: str,
        *,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        args: dict[str, Any] = {"name": physical_name(f"{name}Bus", limit=256)}
        self._bus = self._make(cloudwatch.EventBus, f"{name}Bus", args, transform="bus")
        self._read()

    @classmethod
    def get(cls, name: str, bus_name: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Bus:
        """A bus that exists already, by its name. Nothing is created."""
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        self._bus = cloudwatch.EventBus.get(f"{name}Bus", bus_name, opts=pulumi.ResourceOptions(parent=self))
        self._read()
        return self

    def subscribe(
        self,
        name: str,
        subscriber: Subscriber,
        *,
        pattern: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> BusSubscriber:
        """Call a function with the events that match *pattern*: `source`, `detail_type` and `detail`.

        Without a pattern every event of this account reaches it.
        """
        return self._subscriber(name, pattern, transform, subscriber=subscriber)

    def subscribe_queue(
        self,
        name: str,
        queue: Queue | pulumi.Input[str],
        *,
        pattern: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> BusSubscriber:
        """Send the events that match *pattern* to a queue: a `Queue`, or the ARN of one."""
        return self._subscriber(name, pattern, transform, queue=queue)

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `bus`."""
        return {"bus": self._bus}

    def sst_link(self) -> Definition:
        """`name` and `arn`; the receiver may do everything with the bus (Bus, Links)."""
        return Definition({"name": self.name, "arn": self.arn}, [Permission(["events:*"], [self.arn])])

    def _subscriber(self, name: str, pattern: Any, transform: Any, **what: Any) -> BusSubscriber:
        return BusSubscriber(
            child_name(self._name, "Subscriber", name),
            bus_name=self.name,
            pattern=pattern,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
            _trigger=f"bus {self._name}",
            **what,
        )

    def _read(self) -> None:
        self.arn: pulumi.Output[str] = self._bus.arn
        self.name: pulumi.Output[str] = self._bus.name


class BusSubscriber(Component):
    """Events of a bus that reach a function or a queue. Made by `Bus.subscribe` and `Bus.subscribe_queue`."""

    token = "sst:aws:BusSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("rule", "target")
    made_by = "subscribe"

    def __init__(
        self,
        name: str,
        *,
        bus_name: pulumi.Input[str],
        subscriber: Subscriber | None = None,
        queue: Queue | pulumi.Input[str] | None = None,
        pattern: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _trigger: str = "bus",
    ) -> None:
        super().__init__(f"{name}Rule", opts, transform)
        self._label += "_queue" if subscriber is None else ""
        wanted = fields(f"{self._label}: pattern", pattern or {}, ("source", "detail_type", "detail"))
        for key, value in wanted.items():
            if isinstance(value, Mapping) != (key == "detail"):
                what = "a dictionary" if key == "detail" else "a list"
                raise ConfigError(f"{self._label}: pattern.{key} must be {what}, got {value!r}.")
        check(f"{self._label}: pattern", wanted, EVENTBRIDGE)
        event_pattern: dict[str, Any] = {key.replace("_", "-"): value for key, value in wanted.items()}
        # A pattern must not be empty; events of this account are all that a bus of the app gets.
        event_pattern = event_pattern or {"account": [self._context.cloud.account]}
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Rule"),
            "event_bus_name": bus_name,
            "event_pattern": text(f"{self._label}: pattern", event_pattern, EVENTBRIDGE),
        }
        self._rule = self._make(cloudwatch.EventRule, f"{name}Rule", args, transform="rule")
        self._function = None
        ready: list[pulumi.Resource]
        if subscriber is not None:
            target = target_of(self, name, subscriber, trigger=_trigger)
            self._function = target.function
            arn, ready = target.arn, [allow_invoke(self, name, target, "events.amazonaws.com", self._rule.arn)]
        else:
            arn = check_existing_queue(f"{self._label}: queue", queue)
            ready = [allow_send(self, queue, "events.amazonaws.com", self._rule.arn)]
        self._target = self._make(
            cloudwatch.EventTarget,
            f"{name}Target",
            {"rule": self._rule.name, "event_bus_name": bus_name, "arn": arn, "target_id": "subscriber"},
            transform="target",
            opts=pulumi.ResourceOptions(depends_on=ready),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `rule`, `target` and `function`."""
        return {"rule": self._rule, "target": self._target, "function": self._function}
