"""Who else may send to a queue or a topic: topics, buckets and buses. Each has one policy, which names them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi_aws import sns, sqs

from ..component import Component, component_of
from . import policy
from .subscriber import arn_of


def allow_send(
    owner: Component, queue: Any, service: str, source: pulumi.Input[str], *, name: str = ""
) -> pulumi.Resource:
    """Let *service* send to *queue* (a `Queue` or an ARN) on behalf of *source*; the policy of the queue.

    A queue that is not of this app gets a policy too, as in SST (SnsTopicQueueSubscriber, `policy`): what it had
    before is replaced. It is called *name*, by default as its owner.
    """

    def make(maker: Component, name: str, arn: Any, document: Any) -> pulumi.Resource:
        known = getattr(maker, "url", None) if maker is not owner else None  # an `Output`, of a `Queue`
        url = known or pulumi.Output.from_input(arn).apply(lambda value: _url(owner, value))
        return maker._make(sqs.QueuePolicy, name, {"queue_url": url, "policy": document})

    return _allow(owner, queue, name, make, "sqs:SendMessage", service, source)


def allow_publish(
    owner: Component, topic: Any, service: str, source: pulumi.Input[str], *, name: str = ""
) -> pulumi.Resource:
    """Let *service* publish to *topic* (an `SnsTopic` or an ARN) on behalf of *source*, likewise."""

    def make(maker: Component, name: str, arn: Any, document: Any) -> pulumi.Resource:
        return maker._make(sns.TopicPolicy, name, {"arn": arn, "policy": document})

    return _allow(owner, topic, name, make, "sns:Publish", service, source)


def _allow(
    owner: Component,
    target: Any,
    name: str,
    make: Callable[[Component, str, Any, Any], pulumi.Resource],
    action: str,
    service: str,
    source: pulumi.Input[str],
) -> pulumi.Resource:
    target = component_of(target)
    arn, policies = arn_of(target), owner._context.policies
    known = policies.get(target)
    if known is None:
        statements: list[dict[str, Any]] = []
        # Who else sends is known only when the whole program has run.
        document = owner._context.when_declared(lambda: policy.document(statements))
        maker = target if isinstance(target, Component) else owner
        label = target._name if maker is target else name or owner._name
        known = policies[target] = (make(maker, f"{label}Policy", arn, document), statements)
    made, statements = known
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    statements.append(
        {
            "Effect": "Allow",
            "Action": action,
            "Resource": arn,
            "Principal": {"Service": service},
            "Condition": condition,
        }
    )
    return made


def _url(owner: Component, arn: str) -> str:
    """The URL of the queue *arn* (SQS, queue and message identifiers)."""
    region, account, name = arn.split(":")[3:6]
    host = owner._context.cloud.endpoint or f"https://sqs.{region}.amazonaws.com"
    return f"{host}/{account}/{name}"
