"""`sst.aws.SnsTopic`: a topic that notifies functions and queues."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi_aws import sns

from ..calls import OnBoth
from ..component import Component, Transform, flag
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from .patterns import SNS, check, leaf_sizes, text
from .queue import Queue
from .senders import allow_send
from .subscriber import Subscriber, allow_invoke, check_existing_queue, child_name, is_fifo, target_of

KEYS_LIMIT = 5
"""Values of a message that a filter policy may ask about (SNS, filter policy constraints)."""
COMBINATIONS_LIMIT = 150
"""The product of the lengths of a filter policy's lists (the same)."""


class SnsTopic(Component):
    """An SNS topic.

    ```python
    topic = sst.aws.SnsTopic("Orders")
    topic.subscribe("Mail", "functions/mail.handler", filter={"price_usd": [{"numeric": [">=", 100]}]})
    topic.subscribe_queue("Archive", queue)
    ```

    A receiver of the link reads `Resource.Orders.arn` and may do `sns:*` on the topic.
    """

    token = "sst:aws:SnsTopic"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("topic",)

    def __init__(
        self,
        name: str,
        *,
        fifo: bool = False,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        self._fifo = bool(flag(f"{self._label}: fifo", fifo))
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Topic", limit=256, suffix=".fifo" if fifo else ""),
            "fifo_topic": fifo or None,
        }
        self._topic = self._make(sns.Topic, f"{name}Topic", args, transform="topic")
        self._read()

    @classmethod
    def get(cls, name: str, topic_arn: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> SnsTopic:
        """A topic that exists already, by its ARN. Nothing is created."""
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        self._fifo = isinstance(topic_arn, str) and topic_arn.endswith(".fifo")
        self._topic = sns.Topic.get(f"{name}Topic", topic_arn, opts=pulumi.ResourceOptions(parent=self))
        self._read()
        return self

    def _subscribe(
        self,
        name: str,
        subscriber: Subscriber,
        *,
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> SnsTopicLambdaSubscriber:
        """Notify a function: a handler, the arguments of a `Function`, a `Function` or an ARN."""
        if self._fifo:
            raise ConfigError(
                f"{self._label}: a FIFO topic notifies queues only: AWS refuses a function.",
                hint="Subscribe a queue to the topic, and the function to the queue.",
            )
        return SnsTopicLambdaSubscriber(
            child_name(self._name, "Subscriber", name),
            topic_arn=self.arn,
            subscriber=subscriber,
            filter=filter,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
            _trigger=f"topic {self._name}",
        )

    def _subscribe_queue(
        self,
        name: str,
        queue: Queue | pulumi.Input[str],
        *,
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> SnsTopicQueueSubscriber:
        """Notify a queue: a `Queue`, or the ARN of one."""
        if not self._fifo and is_fifo(queue):
            raise ConfigError(
                f"{self._label}.subscribe_queue: a standard topic does not notify a FIFO queue: AWS refuses it.",
                hint="Make both of them FIFO, or neither.",
            )
        return SnsTopicQueueSubscriber(
            child_name(self._name, "Subscriber", name),
            topic_arn=self.arn,
            queue=queue,
            filter=filter,
            transform=transform,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @staticmethod
    def _subscribe_static(
        name: str,
        topic_arn: pulumi.Input[str],
        subscriber: Subscriber,
        *,
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> SnsTopicLambdaSubscriber:
        """Notify a function of a topic that is not of this app (SnsTopic, static `subscribe`)."""
        return SnsTopicLambdaSubscriber(
            name, topic_arn=topic_arn, subscriber=subscriber, filter=filter, transform=transform
        )

    @staticmethod
    def _subscribe_queue_static(
        name: str,
        topic_arn: pulumi.Input[str],
        queue: Queue | pulumi.Input[str],
        *,
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
    ) -> SnsTopicQueueSubscriber:
        """Notify a queue of a topic that is not of this app (SnsTopic, static `subscribeQueue`)."""
        return SnsTopicQueueSubscriber(name, topic_arn=topic_arn, queue=queue, filter=filter, transform=transform)

    subscribe = OnBoth(_subscribe, _subscribe_static)
    """`topic.subscribe(name, subscriber, …)`; `SnsTopic.subscribe(name, topic_arn, subscriber, …)` of another app."""
    subscribe_queue = OnBoth(_subscribe_queue, _subscribe_queue_static)
    """`topic.subscribe_queue(name, queue, …)`; `SnsTopic.subscribe_queue(name, topic_arn, queue, …)`."""

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `topic`."""
        return {"topic": self._topic}

    def sst_link(self) -> Definition:
        """`arn`; the receiver may do everything with the topic (SnsTopic, Links)."""
        return Definition({"arn": self.arn}, [Permission(["sns:*"], [self.arn])])

    def _read(self) -> None:
        self.arn: pulumi.Output[str] = self._topic.arn
        self.name: pulumi.Output[str] = self._topic.name


class SnsTopicLambdaSubscriber(Component):
    """A topic that calls a function. Made by `SnsTopic.subscribe`."""

    token = "sst:aws:SnsTopicLambdaSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("subscription",)
    made_by = "subscribe"

    def __init__(
        self,
        name: str,
        *,
        topic_arn: pulumi.Input[str],
        subscriber: Subscriber,
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _trigger: str = "topic",
    ) -> None:
        super().__init__(f"{name}Subscription", opts, transform)
        policy_text = filter_policy(self._label, filter, transform)
        self._target = target_of(self, name, subscriber, trigger=_trigger)
        self._permission = allow_invoke(self, name, self._target, "sns.amazonaws.com", topic_arn)
        self._subscription = self._make(
            sns.TopicSubscription,
            f"{name}Subscription",
            {
                "topic": topic_arn,
                "protocol": "lambda",
                "endpoint": self._target.arn,
                "filter_policy": policy_text,
            },
            transform="subscription",
            opts=pulumi.ResourceOptions(depends_on=[self._permission]),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `permission`, `subscription` and `function`."""
        return {
            "permission": self._permission,
            "subscription": self._subscription,
            "function": self._target.function,
        }


class SnsTopicQueueSubscriber(Component):
    """A topic that feeds a queue. Made by `SnsTopic.subscribe_queue`."""

    token = "sst:aws:SnsTopicQueueSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("subscription",)
    made_by = "subscribe_queue"

    def __init__(
        self,
        name: str,
        *,
        topic_arn: pulumi.Input[str],
        queue: Queue | pulumi.Input[str],
        filter: Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        policy_text = filter_policy(self._label, filter, transform)
        queue_arn = check_existing_queue(f"{self._label}: queue", queue)
        self._policy = allow_send(self, queue, "sns.amazonaws.com", topic_arn)
        self._subscription = self._make(
            sns.TopicSubscription,
            f"{name}Subscription",
            {"topic": topic_arn, "protocol": "sqs", "endpoint": queue_arn, "filter_policy": policy_text},
            transform="subscription",
            opts=pulumi.ResourceOptions(depends_on=[self._policy]),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `policy` and `subscription`."""
        return {"policy": self._policy, "subscription": self._subscription}


def filter_policy(where: str, value: Any, transform: Mapping[str, Transform] | None) -> pulumi.Input[str] | None:
    """`filter=` as the JSON that SNS takes (SNS developer guide, filter policy constraints)."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{where}: filter must map attributes to lists of conditions, got {value!r}.",
            hint='For example {"kind": ["big"], "price": [{"numeric": [">=", 100]}]}.',
        )
    check(f"{where}: filter", value, SNS)
    subscription = (transform or {}).get("subscription")
    of_body = callable(subscription) or (subscription or {}).get("filter_policy_scope") == "MessageBody"
    for key, item in value.items():
        if isinstance(item, Mapping) and not of_body:
            raise ConfigError(
                f"{where}: filter.{key} is a dictionary, and attributes of a message have no fields.",
                hint='For those of the message: transform={"subscription": {"filter_policy_scope": "MessageBody"}}.',
            )
    sizes = list(leaf_sizes(value))
    if len(sizes) > KEYS_LIMIT:
        raise ConfigError(f"{where}: filter asks about {len(sizes)} values; SNS takes at most {KEYS_LIMIT}.")
    if math.prod(sizes) > COMBINATIONS_LIMIT:
        raise ConfigError(
            f"{where}: filter has {math.prod(sizes)} combinations of values; SNS takes at most {COMBINATIONS_LIMIT}."
        )
    return text(f"{where}: filter", value, SNS)
