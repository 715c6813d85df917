"""`sst.aws.Queue`: an SQS queue and the function that works it off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi_aws import lambda_, sqs

from ..calls import OnBoth
from ..component import Component, Transform, checked, component_of, fields, flag, number
from ..errors import ConfigError
from ..linkable import Definition
from ..naming import physical_name
from ..permission import Permission
from ..units import seconds
from .function import Function
from .patterns import SQS
from .subscriber import Subscriber, arn_of, child_name, filter_criteria, target_of

RECEIVE = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
]
"""What a function needs to be fed from a queue (Lambda developer guide, Amazon SQS)."""
DEFAULT = "20 seconds"
"""How long a function may run that says nothing of it (Function, `timeout`)."""


class Queue(Component):
    """An SQS queue.

    ```python
    dead = sst.aws.Queue("Dead")
    jobs = sst.aws.Queue("Jobs", dlq=dead.arn, visibility_timeout="1 minute")
    jobs.subscribe("functions/jobs.handler", batch={"size": 5, "partial_responses": True})
    ```

    A receiver of the link reads `Resource.Jobs.url` and may do `sqs:*` on the queue.
    """

    token = "sst:aws:Queue"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("queue",)
    _subscribed: bool
    _fifo: bool
    _visibility: pulumi.Input[int] | None
    """Seconds; None for a queue that is not of this app."""

    def __init__(
        self,
        name: str,
        *,
        fifo: bool | Mapping[str, Any] = False,
        delay: pulumi.Input[str] = "0 seconds",
        visibility_timeout: pulumi.Input[str] = "30 seconds",
        dlq: pulumi.Input[str] | Queue | Mapping[str, Any] | None = None,
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts, transform)
        where = self._label
        fifo_settings = (
            {} if isinstance(fifo, bool) else fields(f"{where}: fifo", fifo, ("content_based_deduplication",))
        )
        if "content_based_deduplication" in fifo_settings:
            flag(f"{where}: fifo.content_based_deduplication", fifo_settings["content_based_deduplication"])
        is_fifo = self._fifo = fifo is not False
        self._visibility = checked(
            visibility_timeout, lambda value: seconds(f"{where}: visibility_timeout", value, most=43200)
        )
        args: dict[str, Any] = {
            "name": physical_name(f"{name}Queue", limit=80, suffix=".fifo" if is_fifo else ""),
            "fifo_queue": is_fifo or None,
            "content_based_deduplication": fifo_settings.get("content_based_deduplication"),
            "delay_seconds": checked(delay, lambda value: seconds(f"{where}: delay", value, most=900)),
            "visibility_timeout_seconds": self._visibility,
            "redrive_policy": _redrive(where, dlq, is_fifo),
        }
        self._queue = self._make(sqs.Queue, f"{name}Queue", args, transform="queue")
        self._read()

    @classmethod
    def get(cls, name: str, queue_url: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Queue:
        """A queue that exists already, by its URL. Nothing is created."""
        self = cls.__new__(cls)
        Component.__init__(self, name, opts)
        self._visibility = None
        self._fifo = isinstance(queue_url, str) and queue_url.endswith(".fifo")
        self._queue = sqs.Queue.get(f"{name}Queue", queue_url, opts=pulumi.ResourceOptions(parent=self))
        self._read()
        return self

    def _subscribe(
        self,
        subscriber: Subscriber,
        *,
        batch: Mapping[str, Any] | None = None,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> QueueLambdaSubscriber:
        """Have a function work off this queue; a queue takes one.

        *batch* may hold `size`, `window` and `partial_responses`; *filters* are patterns of which one must match.
        The function may be a handler, the arguments of a `Function`, a `Function` or an ARN.
        """
        if self._subscribed:
            raise ConfigError(
                f"{self._label} has a subscriber already: its messages go to one function only.",
                hint="Use an SnsTopic or a Bus to reach several functions.",
            )
        self._subscribed = True
        _check_timeout(self._label, component_of(subscriber), self._visibility)
        if self._fifo:
            _check_fifo_batch(self._label, batch)
        return QueueLambdaSubscriber(
            f"{self._name}Subscriber",
            queue_arn=self.arn,
            subscriber=subscriber,
            batch=batch,
            filters=filters,
            transform=transform,
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts),
            _trigger=f"queue {self._name}",
            _visibility=self._visibility,
        )

    @staticmethod
    def _subscribe_static(
        queue_arn: pulumi.Input[str],
        subscriber: Subscriber,
        *,
        name: str | None = None,
        batch: Mapping[str, Any] | None = None,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> QueueLambdaSubscriber:
        """Have a function work off a queue that is not of this app (Queue, static `subscribe`).

        The subscriber is named after the queue, or *name*.
        """
        if not isinstance(queue_arn, pulumi.Output) and not (
            isinstance(queue_arn, str) and queue_arn.startswith("arn:")
        ):
            raise ConfigError(f"Queue.subscribe: queue_arn must be the ARN of a queue, got {queue_arn!r}.")
        if name is None and isinstance(queue_arn, pulumi.Output):
            raise ConfigError(
                "Queue.subscribe: the subscriber of an ARN that is not known yet needs a name.",
                hint='Give it one: Queue.subscribe(arn, subscriber, name="Jobs").',
            )
        return QueueLambdaSubscriber(
            name or child_name("", str(queue_arn).rpartition(":")[2], "Subscriber"),
            queue_arn=queue_arn,
            subscriber=subscriber,
            batch=batch,
            filters=filters,
            transform=transform,
            opts=opts,
        )

    subscribe = OnBoth(_subscribe, _subscribe_static)
    """`queue.subscribe(subscriber, …)`, and `Queue.subscribe(queue_arn, subscriber, …)` for one of another app."""

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `queue`."""
        return {"queue": self._queue}

    def sst_link(self) -> Definition:
        """`url`; the receiver may do everything with the queue (Queue, Links)."""
        return Definition({"url": self.url}, [Permission(["sqs:*"], [self.arn])])

    def _read(self) -> None:
        self._subscribed = False
        self.arn: pulumi.Output[str] = self._queue.arn
        self.url: pulumi.Output[str] = self._queue.url


class QueueLambdaSubscriber(Component):
    """A queue that feeds a function. Made by `Queue.subscribe`."""

    token = "sst:aws:QueueLambdaSubscriber"  # noqa: S105 a Pulumi type
    transforms: ClassVar[tuple[str, ...]] = ("event_source_mapping",)
    made_by = "subscribe"

    def __init__(
        self,
        name: str,
        *,
        queue_arn: pulumi.Input[str],
        subscriber: Subscriber,
        batch: Mapping[str, Any] | None = None,
        filters: Sequence[Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        _trigger: str = "queue",
        _visibility: pulumi.Input[int] | None = None,
    ) -> None:
        super().__init__(f"{name}Mapping", opts, transform)
        where = self._label
        given = fields(f"{where}: batch", {} if batch is None else batch, ("size", "window", "partial_responses"))
        size = number(f"{where}: batch.size", given.get("size", 10), least=1, most=10_000)
        flag(f"{where}: batch.partial_responses", given.get("partial_responses", False))
        window = seconds(f"{where}: batch.window", given.get("window", "0 seconds"), most=300)
        if size > 10 and window < 1:
            raise ConfigError(f"{where}: batch.window must be at least 1 second when batch.size is above 10.")
        criteria = filter_criteria(where, filters, SQS)
        # AWS refuses a function that may run longer than its queue hides a message. How long a queue that is not of
        # this app does is unknown, but the function's own timeout is one it has to allow.
        longest = _own_timeout(where, component_of(subscriber)) if _visibility is None else _visibility
        stub_timeout = checked(longest, lambda value: max(1, min(900, int(value))))
        self._target = target_of(
            self,
            name,
            subscriber,
            trigger=_trigger,
            permissions=[Permission(RECEIVE, [queue_arn])],
            stub_timeout=stub_timeout,
        )
        if self._target.function is not None and _visibility is not None:
            self._target.function._record["queues"].append([queue_arn, _visibility])
        self._mapping = self._make(
            lambda_.EventSourceMapping,
            f"{name}Mapping",
            {
                "event_source_arn": queue_arn,
                "function_name": self._target.arn,
                "batch_size": size,
                "maximum_batching_window_in_seconds": window,
                "filter_criteria": criteria,
                "function_response_types": ["ReportBatchItemFailures"] if given.get("partial_responses") else None,
            },
            transform="event_source_mapping",
            opts=pulumi.ResourceOptions(depends_on=list(self._target.ready)),
        )

    @property
    def nodes(self) -> dict[str, Any]:
        """The underlying resources: `function` and `event_source_mapping`."""
        return {"function": self._target.function, "event_source_mapping": self._mapping}


def _redrive(where: str, dlq: Any, fifo: bool) -> Any:
    if dlq is None:
        return None
    given = fields(f"{where}: dlq", dlq, ("queue", "retry"), required=("queue",)) if isinstance(dlq, Mapping) else {}
    queue = component_of(given.get("queue", dlq))
    arn = arn_of(queue)
    retry = number(f"{where}: dlq.retry", given.get("retry", 3), least=1, most=1000)
    other = queue._fifo if isinstance(queue, Queue) else isinstance(arn, str) and arn.endswith(".fifo")
    if (isinstance(queue, Queue) or isinstance(arn, str)) and other != fifo:
        kind = ("a FIFO queue", "a standard queue")
        raise ConfigError(f"{where}: dlq must be {kind[not fifo]} as this is, and it is {kind[fifo]}: AWS refuses it.")
    if not isinstance(arn, (str, pulumi.Output)) or (isinstance(arn, str) and not arn.startswith("arn:")):
        raise ConfigError(f"{where}: dlq must be the ARN of a queue, got {dlq!r}.", hint="Write dlq=dead.arn.")
    return pulumi.Output.from_input(arn).apply(
        lambda value: json.dumps({"deadLetterTargetArn": value, "maxReceiveCount": retry})
    )


def _own_timeout(where: str, subscriber: Any) -> pulumi.Input[int]:
    """Seconds the function that *subscriber* stands for may run; for an ARN, what is the default for all others."""
    if isinstance(subscriber, Function):
        own: pulumi.Input[int] = subscriber._record["timeout"]
        return own
    wanted = subscriber.get("timeout", DEFAULT) if isinstance(subscriber, Mapping) else DEFAULT
    limit: pulumi.Input[int] = checked(wanted, lambda value: seconds(f"{where}: timeout of the subscriber", value))
    return limit


def _check_timeout(where: str, subscriber: Any, visibility: Any) -> None:
    """The function must be done before its messages show up again (SQS, visibility timeout)."""
    wanted = _own_timeout(where, subscriber)
    if isinstance(wanted, int) and isinstance(visibility, int) and not _is_arn(subscriber) and wanted > visibility:
        raise ConfigError(
            f"{where}: the subscriber may run {wanted} seconds, but visibility_timeout is {visibility} seconds.",
            hint="Raise visibility_timeout to at least the timeout of the function: AWS refuses less.",
        )


def _check_fifo_batch(where: str, batch: Any) -> None:
    """What Lambda takes of a FIFO queue (Lambda developer guide, Amazon SQS)."""
    given = batch if isinstance(batch, Mapping) else {}
    if given.get("window", "0 seconds") != "0 seconds" or (isinstance(given.get("size"), int) and given["size"] > 10):
        raise ConfigError(f"{where}: a FIFO queue gives batches of at most 10 messages, without a window.")


def _is_arn(subscriber: Any) -> bool:
    return isinstance(subscriber, pulumi.Output) or (isinstance(subscriber, str) and subscriber.startswith("arn:"))
