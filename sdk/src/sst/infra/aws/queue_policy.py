"""Who else may send to a queue: topics, buckets and buses. A queue has one policy, which names them all."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_aws import sqs

from ..component import Component, component_of
from . import policy
from .subscriber import arn_of


def allow_send(owner: Component, queue: Any, service: str, source: pulumi.Input[str]) -> sqs.QueuePolicy:
    """Let *service* send to *queue* (a `Queue` or an ARN) on behalf of *source*; the policy of the queue.

    A queue that is not of this app gets a policy too, as in SST (SnsTopicQueueSubscriber, `policy`): what it had
    before is replaced.
    """
    queue = component_of(queue)
    arn, policies = arn_of(queue), owner._context.queue_policies
    known = policies.get(queue)
    if known is None:
        senders: list[dict[str, Any]] = []
        # Who else sends is known only when the whole program has run.
        document = owner._context.when_declared(lambda: policy.document(senders))
        if isinstance(queue, Component):
            made = queue._make(sqs.QueuePolicy, f"{queue._name}Policy", {"queue_url": queue.url, "policy": document})  # type: ignore[attr-defined]
        else:
            url = pulumi.Output.from_input(arn).apply(lambda value: _url(owner, value))
            made = owner._make(sqs.QueuePolicy, f"{owner._name}Policy", {"queue_url": url, "policy": document})
        known = policies[queue] = (made, senders)
    made, senders = known
    senders.append(
        {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Principal": {"Service": service},
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
    )
    return made


def _url(owner: Component, arn: str) -> str:
    """The URL of the queue *arn* (SQS, queue and message identifiers)."""
    region, account, name = arn.split(":")[3:6]
    host = owner._context.cloud.endpoint or f"https://sqs.{region}.amazonaws.com"
    return f"{host}/{account}/{name}"
