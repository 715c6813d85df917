"""`sst.aws.Queue`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sst
from sst.infra.errors import ConfigError

from tests.support.program import declare


def test_defaults_are_those_of_the_documentation() -> None:
    """No delay, thirty seconds of visibility, a standard queue; batches of ten without a window."""

    def run() -> None:
        sst.aws.Queue("Jobs").subscribe("a.b")

    declared = declare(run)
    queue, mapping = declared.inputs("JobsQueue"), declared.inputs("JobsSubscriberMapping")

    assert (queue["delaySeconds"], queue["visibilityTimeoutSeconds"], "fifoQueue" in queue) == (0, 30, False)
    assert (mapping["batchSize"], mapping["maximumBatchingWindowInSeconds"]) == (10, 0)
    assert "functionResponseTypes" not in mapping and "filterCriteria" not in mapping


def test_the_stub_may_run_as_long_as_the_queue_hides_its_messages() -> None:
    """AWS refuses a function that may run longer; the function's own timeout stays with the dev server."""

    def run() -> None:
        queue = sst.aws.Queue("Jobs", visibility_timeout="2 minutes")
        queue.subscribe({"handler": "a.b", "timeout": "1 minute"})

    declared = declare(run)

    assert declared.inputs("JobsSubscriberFunction")["timeout"] == 120
    assert declared.function("JobsSubscriber")["timeout"] == 60
    assert [seconds for _, seconds in declared.function("JobsSubscriber")["queues"]] == [120]


def test_a_subscriber_may_read_from_its_queue_alone() -> None:
    """The five actions that Lambda needs, on this queue."""
    policy = json.loads(
        declare(lambda: sst.aws.Queue("Jobs").subscribe("a.b") and None).inputs("JobsSubscriberPolicy")["policy"]
    )

    assert policy["Statement"][0] == {
        "Effect": "Allow",
        "Action": [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ],
        "Resource": ["arn:JobsQueue"],
    }


def test_settings_of_a_subscription() -> None:
    """Batches, filters and partial responses as Lambda takes them."""

    def run() -> None:
        sst.aws.Queue("Jobs").subscribe(
            "a.b", batch={"size": 100, "window": "5 seconds", "partial_responses": True}, filters=[{"body": {"a": [1]}}]
        )

    mapping = declare(run).inputs("JobsSubscriberMapping")

    assert (mapping["batchSize"], mapping["maximumBatchingWindowInSeconds"]) == (100, 5)
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["filterCriteria"] == {"filters": [{"pattern": '{"body": {"a": [1]}}'}]}


def test_dead_letter_queues() -> None:
    """An ARN, a queue, or both with a number of retries; three by default."""

    def run() -> None:
        dead = sst.aws.Queue("Dead")
        sst.aws.Queue("A", dlq=dead.arn)
        sst.aws.Queue("B", dlq={"queue": dead, "retry": 5})

    declared = declare(run)

    assert [json.loads(declared.inputs(name)["redrivePolicy"]) for name in ("AQueue", "BQueue")] == [
        {"deadLetterTargetArn": "arn:DeadQueue", "maxReceiveCount": 3},
        {"deadLetterTargetArn": "arn:DeadQueue", "maxReceiveCount": 5},
    ]


def test_senders_share_one_policy() -> None:
    """A queue has one policy: two topics that feed it are two statements."""

    def run() -> None:
        queue = sst.aws.Queue("All")
        for name in ("One", "Two"):
            sst.aws.SnsTopic(name).subscribe_queue("All", queue)

    statements = json.loads(declare(run).inputs("AllPolicy")["policy"])["Statement"]

    assert [s["Condition"]["ArnEquals"]["aws:SourceArn"] for s in statements] == ["arn:OneTopic", "arn:TwoTopic"]


def test_a_program_that_fails_does_not_wait_for_what_it_did_not_declare() -> None:
    """The queue's policy is summed up at the end, also when the end is an error."""

    def run() -> None:
        sst.aws.SnsTopic("News").subscribe_queue("All", sst.aws.Queue("All"))
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        declare(run)


def test_an_existing_queue() -> None:
    """`Queue.get` by URL, `Queue.subscribe` by ARN: nothing of the queue is created."""

    def run() -> None:
        sst.aws.Queue.get("Other", "https://sqs/1/other")
        sst.aws.Queue.subscribe("arn:aws:sqs:us-east-1:1:work", "a.b", batch={"size": 2})

    declared = declare(run)

    assert [e.id for e in declared.entries if e.type == "aws:sqs/queue:Queue"] == ["https://sqs/1/other"]
    mapping = declared.inputs("WorkSubscriberMapping")
    assert (mapping["eventSourceArn"], mapping["batchSize"]) == ("arn:aws:sqs:us-east-1:1:work", 2)


def subscribe(**args: Any) -> Callable[[], Any]:
    return lambda: sst.aws.Queue("Jobs").subscribe("a.b", **args) and None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: sst.aws.Queue("Jobs", delay="1 hour"), "delay must be between 0 and 900 seconds"),
        (lambda: sst.aws.Queue("Jobs", visibility_timeout="13 hours"), "visibility_timeout must be between"),
        (lambda: sst.aws.Queue("Jobs", dlq="Dead"), "dlq must be the ARN of a queue, got 'Dead'"),
        (lambda: sst.aws.Queue("Jobs", dlq={"retry": 3}), "dlq needs the field 'queue'"),
        (lambda: sst.aws.Queue("Jobs", fifo={"dedup": True}), "fifo has no field 'dedup'"),
        (subscribe(batch={"size": 0}), "batch.size must be a number, between 1 and 10000, got 0"),
        (subscribe(batch={"partial_responses": "yes"}), "batch.partial_responses must be True or False, got 'yes'"),
        (
            lambda: sst.aws.Queue("Jobs", fifo=True).subscribe("a.b", batch={"size": 11, "window": "1 second"}),
            "a FIFO queue gives batches of at most 10 messages",
        ),
        (
            lambda: sst.aws.Queue("Jobs", fifo=True, dlq=sst.aws.Queue("Dead").arn),
            "dlq must be a FIFO queue as this is, and it is a standard queue",
        ),
        (lambda: sst.aws.Queue("Jobs", dlq="arn:aws:sqs:us-east-1:1:d.fifo"), "dlq must be a standard queue"),
        (subscribe(batch={"size": 11}), "batch.window must be at least 1 second"),
        (subscribe(batch={"sice": 1}), "batch has no field 'sice'"),
        (subscribe(filters=[{}] * 6), "filters holds 6 filters; Lambda takes at most 5"),
        (subscribe(filters="x"), "filters must be a list of dictionaries"),
        (
            lambda: sst.aws.Queue("Jobs").subscribe({"handler": "a.b", "timeout": "1 minute"}),
            "the subscriber may run 60 seconds, but visibility_timeout is 30 seconds",
        ),
        (
            lambda: sst.aws.Queue("Jobs").subscribe(sst.aws.Function("F", handler="a.b", timeout="1 minute")),
            "the subscriber may run 60 seconds, but visibility_timeout is 30 seconds",
        ),
        (lambda: sst.aws.Queue("Jobs").subscribe(3), "the subscriber must be a handler"),
    ],
)
def test_wrong_arguments(run: Callable[[], Any], message: str) -> None:
    """One sentence with the component and the argument."""
    with pytest.raises(ConfigError, match=message) as caught:
        declare(lambda: run() and None)
    assert '"Jobs' in caught.value.message


def test_a_queue_of_another_app_may_hide_its_messages_for_longer() -> None:
    """Nothing is refused for a timeout that cannot be compared; the stub may run as long as the function."""

    def run() -> None:
        args = {"handler": "a.b", "timeout": "3 minutes"}
        sst.aws.Queue.get("Other", "https://sqs.us-east-1.amazonaws.com/1/other").subscribe(args)
        sst.aws.Queue.subscribe("arn:aws:sqs:us-east-1:1:other", args, name="Work")

    declared = declare(run)

    assert declared.inputs("OtherSubscriberFunction")["timeout"] == 180
    assert declared.inputs("WorkFunction")["timeout"] == 180


def test_a_queue_has_one_subscriber() -> None:
    """The second is refused, with what to use instead."""

    def run() -> None:
        queue = sst.aws.Queue("Jobs")
        queue.subscribe("a.b")
        queue.subscribe("c.d")

    with pytest.raises(ConfigError, match="has a subscriber already"):
        declare(run)
