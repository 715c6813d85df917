"""`sst.aws.Realtime`: publish and subscribe over MQTT, on AWS IoT."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import iot

from ..component import Component, Transform
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .subscriber import Subscriber, allow_invoke, child_name, target_of


class Realtime(Component):
    """A realtime server: clients connect by MQTT over WebSocket, an authorizer says what they may do.

    ```python
    server = sst.aws.Realtime("Server", authorizer="functions/authorizer.handler")
    server.subscribe("functions/chat.handler", filter=f"{sst.app.name}/{sst.app.stage}/chat/room1")
    ```

    A receiver of the link reads `Resource.Server.endpoint` and `.authorizer`, and may publish below `app/stage/`.
    """

    token = "sst:aws:Realtime"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("authorizer",)

    def __init__(
        self,
        name: str,
        *,
        authorizer: Subscriber,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._count = 0
        self._handler = target_of(self, f"{name}AuthorizerHandler", authorizer, trigger="realtime authorizer")
        physical = physical_name(f"{name}Authorizer", limit=128)
        self._authorizer: iot.Authorizer | None = None
        self.authorizer: pulumi.Output[str] = pulumi.Output.from_input(physical)
        if self._context.local:
            self._context.say_once(f"{self._label}: the embedded cloud has no IoT authorizers; clients connect freely.")
        else:
            args: dict[str, Any] = {
                "name": physical,
                "authorizer_function_arn": self._handler.arn,
                "signing_disabled": True,
            }
            self._authorizer = self._make(iot.Authorizer, f"{name}Authorizer", args, transform="authorizer")
            allow_invoke(self, name, self._handler, "iot.amazonaws.com", self._authorizer.arn)
            self.authorizer = self._authorizer.name
        # Asked for once the authorizer's function exists: a preview has no cloud to ask.
        self.endpoint: pulumi.Output[str] = iot.get_endpoint_output(endpoint_type="iot:Data-ATS").endpoint_address

    def subscribe(
        self,
        subscriber: Subscriber,
        *,
        filter: pulumi.Input[str],
        transform: Mapping[str, Transform] | None = None,
    ) -> RealtimeLambdaSubscriber:
        """Call a function with messages on the topics that match *filter*, an MQTT topic filter."""
        self._count += 1
        name = child_name(self._name, "Subscriber" if self._count == 1 else f"Subscriber{self._count}")
        return RealtimeLambdaSubscriber(
            name,
            subscriber=subscriber,
            filter=filter,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
            _trigger=f"realtime {filter}" if isinstance(filter, str) else "realtime",
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `auth_handler` and `authorizer` (None on the embedded cloud)."""
        return {"auth_handler": self._handler.function, "authorizer": self._authorizer}

    def sst_link(self) -> Definition:
        """`endpoint` and `authorizer`; the receiver may publish below `app/stage/` (Realtime, Links)."""
        cloud, context = self._context.cloud, self._context
        topics = f"arn:aws:iot:{cloud.region}:{cloud.account}:topic/{context.app.name}/{context.stage}/*"
        return Definition(
            {"endpoint": self.endpoint, "authorizer": self.authorizer}, [Permission(["iot:Publish"], [topics])]
        )


class RealtimeLambdaSubscriber(Component):
    """Messages on topics that reach a function. Made by `Realtime.subscribe`."""

    token = "sst:aws:RealtimeLambdaSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("topic_rule",)
    made_by = "subscribe"

    def __init__(
        self,
        name: str,
        *,
        subscriber: Subscriber,
        filter: pulumi.Input[str],
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _trigger: str = "realtime",
    ) -> None:
        super().__init__(f"{name}Rule", opts, transform)
        if isinstance(filter, str) and ("'" in filter or not filter):
            raise ConfigError(f"{self._label}: filter must be an MQTT topic filter, got {filter!r}.")
        self._target = target_of(self, name, subscriber, trigger=_trigger)
        self._rule = self._make(
            iot.TopicRule,
            f"{name}Rule",
            {
                # IoT allows letters, digits and underscores only.
                "name": re.sub("-", "_", physical_name(f"{name}Rule", limit=128)),
                "sql": pulumi.Output.concat("SELECT * FROM '", filter, "'"),
                "sql_version": "2016-03-23",
                "enabled": True,
                "lambdas": [{"function_arn": self._target.arn}],
            },
            transform="topic_rule",
            opts=pulumi.ResourceOptions(depends_on=list(self._target.ready)),
        )
        self._permission = allow_invoke(self, name, self._target, "iot.amazonaws.com", self._rule.arn)

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function`, `rule` and `permission`."""
        return {"function": self._target.function, "rule": self._rule, "permission": self._permission}
